#pragma once

#include <string>
#include <string_view>

namespace plimsoll::cli {

/// Writes to standard output; false when the reader went away or the disk is full.
bool print(std::string_view text);

/// Writes to standard output, or complains; `exit` when all was written, else the code for it.
[[nodiscard]] int finish(std::string_view text, int exit);

/// Writes one line to standard error, made safe for a terminal.
void complain(std::string_view message);

/// Writes to the file, or to standard output when `path` is empty or `-`; complains and returns false when it cannot.
bool deliver(const std::string& path, std::string_view content);

}  // namespace plimsoll::cli
