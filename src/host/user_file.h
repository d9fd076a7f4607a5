#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plimsoll::host {

/// A file that the user named on the command line: relative to the working directory, `-` for standard input.
[[nodiscard]] Result<std::string> read_user_file(const std::string& path, std::size_t limit);

/// Puts `content` in the file's place in one step, so that nobody ever reads half of it and an interrupted run leaves
/// nothing.
[[nodiscard]] Result<bool> write_user_file(const std::string& path, std::string_view content);

/// The path seen from "/".
[[nodiscard]] std::string from_root(const std::string& path);

}  // namespace plimsoll::host
