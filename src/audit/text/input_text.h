#pragma once

#include <string_view>

#include "audit/text/buffer.h"

namespace plimsoll::audit {

/// What was typed at a terminal (TTY and USER_TTY records, hexadecimal), keys by their names: "ls -l",<ret>,<^C>.
/// Printable whatever was typed.
void put_input(Buffer& out, std::string_view hexadecimal);

}  // namespace plimsoll::audit
