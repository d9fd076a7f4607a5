#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::host {

/// The lines KEY=VALUE of an os-release or environment file in file order, shell quoting and escapes undone, nothing
/// expanded; other lines are skipped.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_shell_assignments(std::string_view text);

}  // namespace plimsoll::host
