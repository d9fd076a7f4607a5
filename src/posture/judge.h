#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/finding.h"
#include "posture/inventory.h"
#include "rule/rule_set.h"

namespace plimsoll::posture {

/// What failed in an earlier audit: keys of finding_key.
struct Baseline {
    std::set<std::string> failed;
};

struct JudgeOptions {
    Nanoseconds now = 0;
    std::vector<std::string> only;          ///< patterns over check id, tags and references; empty judges all
    std::string only_container;             ///< name or id; of containers only this one is judged
    std::vector<std::string> only_objects;  ///< kinds of objects to report; empty reports all
    bool all_evidence = false;              ///< keep the facts of passed checks too
    std::optional<Baseline> baseline;
};

/// "check object-kind object-name", what makes a finding the same from one audit to the next.
[[nodiscard]] std::string finding_key(std::string_view check, std::string_view kind, std::string_view object);

/// Judges an inventory by the checks, attack paths and waivers of a rule set. Pure: no I/O. An error names a check that
/// does not compile.
[[nodiscard]] Result<model::AuditReport> judge(const Inventory& inventory, const rule::RuleSet& rules,
                                               const JudgeOptions& options);

}  // namespace plimsoll::posture
