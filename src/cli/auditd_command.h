#pragma once

#include <CLI/CLI.hpp>

namespace plimsoll::cli {

/// `plimsoll auditd rules|apply|check|search|summary|import`: everything about Linux audit.
void add_auditd(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
