#pragma once

#include <string>

#include "base/result.h"
#include "host/fd.h"

namespace plimsoll::ledger {

/// Takes the lock of a ledger's folder for as long as the descriptor lives. Held by another process, also across a
/// fork: an error that names its pid.
[[nodiscard]] Result<host::Fd> lock_ledger(const std::string& directory);

}  // namespace plimsoll::ledger
