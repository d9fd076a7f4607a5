#pragma once

#include "cli/command.h"

namespace plimsoll::cli {

/// `plimsoll witness`: keeps and cosigns the checkpoints of other hosts' ledgers.
void add_witness(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
