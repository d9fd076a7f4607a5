#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// RFC 4180 with a header line: one line for each finding and one for each of its items. What passed, does not apply or
/// needs a person is there when verbose.
[[nodiscard]] std::string render_csv(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
