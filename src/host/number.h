#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace plimsoll::host {

/// The whole text as a number of type T, or nothing: no sign for unsigned types, no blanks, no overflow, no rest.
template <typename T>
[[nodiscard]] std::optional<T> number(std::string_view text, int base = 10) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace plimsoll::host
