#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// Failed checks and attack paths as one run of SARIF 2.1.0 (OASIS, sarif-v2.1.0-os).
[[nodiscard]] std::string render_sarif(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
