#pragma once

#include "cli/command.h"

namespace plimsoll::cli {

void add_report(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
