#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace plimsoll::ledger {

/// Puts a file with this content in the place of what is there, whole or not at all, also across a crash.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content, unsigned mode = 0644);

/// The path from the root on: files of the ledger are opened by whole paths.
[[nodiscard]] std::string absolute_path(const std::string& path);

/// Renames and syncs the folder.
[[nodiscard]] Result<void> rename_synced(const std::string& from, const std::string& to);

}  // namespace plimsoll::ledger
