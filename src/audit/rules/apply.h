#pragma once

#include <string>
#include <vector>

#include "audit/rules/generate.h"
#include "audit/rules/kernel_audit.h"
#include "host/file.h"

namespace plimsoll::audit {

inline constexpr std::string_view kRulesFile = "/etc/audit/rules.d/plimsoll.rules";

/// What has to change so that our rules are loaded, in their order. Rules of others are never in it.
struct ApplyPlan {
    std::vector<host::AuditRule> keep;
    std::vector<host::AuditRule> remove;  ///< ours, not wanted any more or in the wrong place
    std::vector<host::AuditRule> add;     ///< in order
};
[[nodiscard]] ApplyPlan plan_rules(const std::vector<host::AuditRule>& wanted,
                                   const std::vector<host::AuditRule>& loaded);

enum class Persist : std::uint8_t {
    if_possible,  ///< when the host has /etc/audit/rules.d
    yes,          ///< made when it is missing
    no,
};

struct ApplyOptions {
    host::Root root;
    Persist persist = Persist::if_possible;
    bool dry_run = false;
};

/// What was done, one line for each step; with an error nothing is changed, or the error says what could not be put
/// back.
struct ApplyReport {
    std::vector<std::string> lines;
    bool changed = false;
};

/// Loads the rules into the kernel, switches auditing on, and writes them for the next start. Idempotent. When the
/// kernel refuses one rule, all is put back as it was.
[[nodiscard]] Result<ApplyReport> apply_rules(const GeneratedRules& rules, const ApplyOptions& options,
                                              KernelAudit& kernel);

/// Takes exactly our rules away, from the kernel and from /etc/audit/rules.d, and switches auditing off again if apply
/// had switched it on and nobody else uses it.
[[nodiscard]] Result<ApplyReport> undo_rules(const ApplyOptions& options, KernelAudit& kernel);

}  // namespace plimsoll::audit
