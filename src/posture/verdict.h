#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/facts.h"
#include "model/finding.h"
#include "rule/program.h"
#include "rule/rule_set.h"

namespace plimsoll::posture {

/// A check of the rule set with its conditions' numbers in the program.
struct CompiledCheck {
    const rule::CheckItem* item = nullptr;
    std::uint32_t index = 0;  ///< in AuditReport::checks
    std::optional<rule::ConditionId> applies;
    std::optional<rule::ConditionId> condition;
};

/// What one check says about one record.
struct Verdict {
    model::Outcome outcome = model::Outcome::pass;
    std::string message;  ///< when it failed
    std::string reason;   ///< when unknown or not applicable
    std::vector<model::Evidence> evidence;
};

/// Judges the record that `evaluator` was started with. Facts are kept as evidence for what failed or is unknown, and
/// with `all_evidence` for everything.
[[nodiscard]] Verdict judge_record(const CompiledCheck& check, const model::Facts& record, const rule::Program& program,
                                   rule::Evaluator& evaluator, bool all_evidence);

}  // namespace plimsoll::posture
