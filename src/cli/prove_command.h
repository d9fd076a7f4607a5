#pragma once

#include "cli/command.h"

namespace plimsoll::cli {

/// `plimsoll prove`: writes a file that shows one record to anybody.
void add_prove(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
