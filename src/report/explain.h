#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// Explains the checks of a report that was made for a few checks with all evidence: what each judges, why, what to do,
/// and for every object the outcome with the facts that led to it and where they were read.
[[nodiscard]] std::string explain(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
