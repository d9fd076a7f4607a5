#pragma once

#include <CLI/CLI.hpp>

namespace plimsoll::cli {

/// `plimsoll auditd summary`: aureport's reports.
void add_auditd_summary(CLI::App& auditd, int& exit);

}  // namespace plimsoll::cli
