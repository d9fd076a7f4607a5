#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// One page that needs nothing but itself: no script, no request, readable in print, in the dark and on a phone.
[[nodiscard]] std::string render_html(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
