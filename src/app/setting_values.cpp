#include "app/setting_values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"

namespace plimsoll::app {

namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

/// A whole number and one of the units; nothing when it is neither or too large.
template <std::size_t N>
std::optional<std::uint64_t> number_with_unit(std::string_view text, const std::array<Unit, N>& units) {
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc()) return std::nullopt;
    const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    for (const auto& [name, factor] : units) {
        if (name != unit) continue;
        if (number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
        return number * factor;
    }
    return std::nullopt;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    static constexpr std::array<Unit, 5> kUnits = {
        {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    if (const auto value = number_with_unit(text, kUnits))
        return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
    return Error{"expected a duration, for example 100ms, 90s, 15m, 12h or 30d"};
}

Result<std::uint64_t> parse_size(std::string_view text) {
    static constexpr std::array<Unit, 9> kUnits = {{{"", 1},
                                                    {"KiB", 1ULL << 10U},
                                                    {"MiB", 1ULL << 20U},
                                                    {"GiB", 1ULL << 30U},
                                                    {"TiB", 1ULL << 40U},
                                                    {"kB", 1'000},
                                                    {"MB", 1'000'000},
                                                    {"GB", 1'000'000'000},
                                                    {"TB", 1'000'000'000'000}}};
    if (const auto value = number_with_unit(text, kUnits)) return *value;
    return Error{"expected a size in bytes, for example 64MiB or 8GiB"};
}

Result<bool> parse_truth(std::string_view text) {
    if (text == "true" || text == "yes" || text == "on") return true;
    if (text == "false" || text == "no" || text == "off") return false;
    return Error{"expected true or false"};
}

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc() || end != text.data() + text.size() || number < least || number > most)
        return Error{fmt::format("expected a number from {} to {}", least, most)};
    return number;
}

Result<std::string> text_of(const rule::YamlNode& value) {
    if (!value.is_scalar()) return Error{"expected a text"};
    return value.text;
}

Result<std::vector<std::string>> texts_of(const rule::YamlNode& value) {
    if (value.is_scalar()) return std::vector<std::string>{value.text};
    if (!value.is_sequence()) return Error{"expected a list of texts"};
    std::vector<std::string> all;
    for (const rule::YamlNode& item : value.items) {
        TRY(std::string text, text_of(item));
        all.push_back(std::move(text));
    }
    return all;
}

}  // namespace plimsoll::app
