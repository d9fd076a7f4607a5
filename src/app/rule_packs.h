#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rule/rule_set.h"

namespace plimsoll::app {

/// Where an administrator puts own rules and waivers; read after the shipped packs, so that they can override.
inline constexpr const char* kRulesFolder = "/etc/plimsoll/rules.d";

/// Loads the shipped packs, posture and runtime, then every *.yaml of `folder` in the order of names, then `files`. An
/// error is a file that cannot be read; what is wrong inside stands in the set's diagnostics. Both packs are always
/// loaded, since the folder's files may change either.
[[nodiscard]] Result<rule::RuleSet> load_posture_rules(const std::string& folder,
                                                       const std::vector<std::string>& files);

/// Loads just these files.
[[nodiscard]] Result<rule::RuleSet> load_rule_files(const std::vector<std::string>& files);

/// The shipped life-cycle data (product, cycle, dates).
[[nodiscard]] std::string_view life_cycle_data();

}  // namespace plimsoll::app
