#pragma once

#include <string_view>

#include "base/result.h"
#include "posture/judge.h"

namespace plimsoll::app {

/// Reads what failed from the JSON report of an earlier audit (docs/reference/audit-report.schema.json).
[[nodiscard]] Result<posture::Baseline> read_baseline(std::string_view json);

}  // namespace plimsoll::app
