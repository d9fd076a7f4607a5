#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/text/buffer.h"

namespace plimsoll::audit {

/// What becomes of bytes that are dangerous where text is read: ausearch's four ways (--escape).
enum class Escape : std::uint8_t {
    raw,          ///< nothing; only for programs that read on
    tty,          ///< control characters become \NNN (octal)
    shell,        ///< and each of " ' ` $ \ gets a backslash
    shell_quote,  ///< and whatever has a meaning to a shell
};

/// "raw", "tty", "shell", "shell_quote".
[[nodiscard]] std::optional<Escape> escape_mode(std::string_view name);

/// Appends the text, made safe. Bytes that are no UTF-8, C1 controls and
/// characters that hide or reorder text are escaped too; other UTF-8 stays.
void append_escaped(std::string& out, std::string_view text, Escape mode);
void put_escaped(Buffer& out, std::string_view text, Escape mode);

/// Whether every byte is printable ASCII.
[[nodiscard]] bool is_plain(std::string_view text);

/// Bytes of the UTF-8 character at the begin of `text`, which is not empty, and its code; 0 when it is none. Surrogates
/// and overlong forms are none.
[[nodiscard]] std::size_t utf8_character(std::string_view text, std::uint32_t& code);

}  // namespace plimsoll::audit
