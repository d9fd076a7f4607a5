#pragma once

#include <CLI/App.hpp>

namespace plimsoll::cli {

void add_record(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
