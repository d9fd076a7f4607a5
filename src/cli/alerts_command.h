#pragma once

#include <CLI/App.hpp>

namespace plimsoll::cli {

/// `plimsoll alerts` and `plimsoll alerts ack`.
void add_alerts(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
