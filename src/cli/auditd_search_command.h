#pragma once

#include <CLI/App.hpp>

namespace plimsoll::cli {

/// `auditd search`: events of Linux audit logs, by ausearch's options or a condition.
void add_auditd_search(CLI::App& auditd, int& exit);

}  // namespace plimsoll::cli
