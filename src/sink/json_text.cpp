#include "sink/json_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/load.h"
#include "base/text.h"

namespace plimsoll::sink {

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHigh = 0x8080808080808080U;

/// Whether one of eight bytes may not stand in a JSON string as it is, or is no ASCII. May err towards yes.
bool is_special(std::uint64_t eight) {
    const auto zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
    const std::uint64_t control = (eight - kOnes * 0x20U) & ~eight;
    return ((eight | control | zero(eight ^ (kOnes * '"')) | zero(eight ^ (kOnes * '\\'))) & kHigh) != 0;
}

bool is_plain(std::string_view text) {
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        if (is_special(load(text.data() + at))) return false;
    }
    std::uint64_t rest = kOnes * ' ';
    std::memcpy(&rest, text.data() + at, text.size() - at);
    return !is_special(rest);
}

void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (byte >= 0x20) {
                    out += c;
                } else {
                    out += "\\u00";
                    out += kDigits[byte >> 4U];
                    out += kDigits[byte & 0xfU];
                }
        }
    }
}

template <typename Number>
void append_whole(std::string& out, Number number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), end.ptr);
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    if (is_plain(text))
        out += text;
    else
        append_escaped(out, valid_utf8(text));
    out += '"';
}

void append_json_value(std::string& out, const model::Value& value) {
    std::visit(
        [&](const auto& held) {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::string_view>)
                append_json_text(out, held);
            else if constexpr (std::is_same_v<Held, bool>)
                out += held ? "true" : "false";
            else if constexpr (std::is_integral_v<Held>)
                append_whole(out, held);
            else if constexpr (std::is_floating_point_v<Held>)
                out += nlohmann::json(held).dump();
            else
                append_json_text(out, model::to_text(value));
        },
        value);
}

}  // namespace plimsoll::sink
