#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// The audit for a terminal: the load line, attack paths, objects worst first, then what stayed unknown.
[[nodiscard]] std::string render_text(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
