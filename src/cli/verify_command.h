#pragma once

#include "cli/command.h"

namespace plimsoll::cli {

/// `plimsoll verify`: checks a ledger, or a proof file without one.
void add_verify(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
