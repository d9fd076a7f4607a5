#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/rules/coverage.h"
#include "host/file.h"
#include "model/facts.h"

namespace plimsoll::posture {

/// The audit rules that are loaded, or why they cannot be known.
struct LoadedAudit {
    std::optional<audit::RuleSet> rules;
    std::string problem;
};
[[nodiscard]] LoadedAudit loaded_audit(const host::Root& root);

/// Sets file.audited and file.audited.as: whether the loaded rules record what matters of a file with this role,
/// whoever does it: connects to a socket, starts and changes of a program, changes of anything else, in a folder of
/// settings of everything below it.
void set_audited(const LoadedAudit& loaded, const host::Root& root, const std::string& path, std::string_view role,
                 model::Facts& out);

}  // namespace plimsoll::posture
