#pragma once

#include <CLI/CLI.hpp>

namespace plimsoll::cli {

/// `plimsoll auditd import FILE…`: old audit logs into the ledger.
void add_auditd_import(CLI::App& auditd, int& exit);

}  // namespace plimsoll::cli
