#pragma once

#include <string>

#include "audit/log/scan.h"

namespace plimsoll::cli {

/// What a search read, and what was wrong with it, in one line.
[[nodiscard]] std::string account_text(const audit::ScanReport& report);

/// The same as one JSON object, with a line end; docs/auditd.md names its members.
[[nodiscard]] std::string account_json(const audit::ScanReport& report);

/// Writes the object into a file, or to standard error for "-". False, and said so, when that failed.
[[nodiscard]] bool deliver_account(const std::string& path, const std::string& json);

}  // namespace plimsoll::cli
