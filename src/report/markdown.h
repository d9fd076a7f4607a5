#pragma once

#include <string>

#include "model/finding.h"
#include "report/options.h"

namespace plimsoll::report {

/// The audit in GitHub's Markdown, for a ticket or a wiki page; strings from outside mean themselves.
[[nodiscard]] std::string render_markdown(const model::AuditReport& report, const Options& options);

}  // namespace plimsoll::report
