#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// JUnit XML: a suite for each object, a case for each check; unknown is an error, waived and not applicable are
/// skipped.
[[nodiscard]] std::string render_junit(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
