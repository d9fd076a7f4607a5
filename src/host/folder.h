#pragma once

#include <string>

#include "base/result.h"

namespace plimsoll::host {

/// Sees that the folder exists, made with `mode` (octal permission bits) where it did not; those above it as well, with
/// the usual permissions. What exists is left as it is.
[[nodiscard]] Result<void> make_folder(const std::string& path, unsigned mode);

}  // namespace plimsoll::host
