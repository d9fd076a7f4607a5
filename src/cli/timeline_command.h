#pragma once

#include "cli/command.h"

namespace plimsoll::cli {

void add_timeline(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
