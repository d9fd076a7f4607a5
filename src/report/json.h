#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// The whole audit as JSON, described by docs/reference/audit-report.schema.json: ASCII only, stable key order, one
/// finding a line.
[[nodiscard]] std::string render_json(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
