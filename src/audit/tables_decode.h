#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::audit {

/// Value of a hexadecimal digit of either case; 255 for another character.
[[nodiscard]] std::uint8_t hex_digit(char c);

/// Appends the bytes of hexadecimal of upper case and even length, and says so; else appends nothing.
bool append_hex_decoded(std::string& out, std::string_view text);

/// The same into `room`, which has half as many bytes as the text; what is there when it says false is of no meaning.
bool decode_hex(char* room, std::string_view text);

}  // namespace plimsoll::audit
