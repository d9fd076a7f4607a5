#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rule/rule_set.h"

namespace plimsoll::app {

/// Loads what load_posture_rules loads and keeps the rules over events alone: what rule::AlertRules is made from. An
/// error is a file that cannot be read, or the first error inside one, with its place.
[[nodiscard]] Result<rule::RuleSet> load_runtime_rules(const std::string& folder,
                                                       const std::vector<std::string>& files);

/// Takes the rules over the kernel's events out of the set.
[[nodiscard]] rule::RuleSet take_kernel_rules(rule::RuleSet& set);

}  // namespace plimsoll::app
