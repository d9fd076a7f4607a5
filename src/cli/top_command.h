#pragma once

#include <CLI/App.hpp>

namespace plimsoll::cli {

/// `plimsoll top`: what containers use, now or over a past range of time.
void add_top(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
