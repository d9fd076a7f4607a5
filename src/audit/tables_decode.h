#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::audit {

inline constexpr auto kHexDigits = [] {
    std::array<std::uint8_t, 256> digits{};
    digits.fill(255);
    for (unsigned i = 0; i < 10; ++i) digits[static_cast<unsigned char>('0') + i] = static_cast<std::uint8_t>(i);
    for (unsigned i = 0; i < 6; ++i) {
        digits[static_cast<unsigned char>('A') + i] = static_cast<std::uint8_t>(10 + i);
        digits[static_cast<unsigned char>('a') + i] = static_cast<std::uint8_t>(10 + i);
    }
    return digits;
}();

/// Value of a hexadecimal digit of either case; 255 for another character.
[[nodiscard]] constexpr std::uint8_t hex_digit(char c) { return kHexDigits[static_cast<unsigned char>(c)]; }

/// Appends the bytes of hexadecimal of upper case and even length, and says so; else appends nothing.
bool append_hex_decoded(std::string& out, std::string_view text);

/// The same into `room`, which has half as many bytes as the text; what is there when it says false is of no meaning.
bool decode_hex(char* room, std::string_view text);

}  // namespace plimsoll::audit
