#pragma once

#include <CLI/CLI.hpp>

namespace plimsoll::cli {

/// `plimsoll auditd rules`, `apply` and `check`.
void add_auditd_rules(CLI::App& auditd, int& exit);

}  // namespace plimsoll::cli
