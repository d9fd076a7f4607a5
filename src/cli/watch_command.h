#pragma once

#include <CLI/App.hpp>

namespace plimsoll::cli {

void add_watch(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
