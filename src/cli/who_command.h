#pragma once

#include "cli/command.h"

namespace plimsoll::cli {

void add_who(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
