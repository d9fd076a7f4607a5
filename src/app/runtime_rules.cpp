#include "app/runtime_rules.h"

#include "app/rule_packs.h"

namespace plimsoll::app {

Result<rule::RuleSet> load_runtime_rules(const std::string& folder, const std::vector<std::string>& files) {
    TRY(rule::RuleSet set, load_posture_rules(folder, files));
    for (const rule::Diagnostic& diagnostic : set.diagnostics) {
        if (diagnostic.level == rule::Diagnostic::Level::error) return Error{rule::to_text(diagnostic, set)};
    }
    set.checks.clear();
    set.paths.clear();
    set.waivers.clear();
    return set;
}

}  // namespace plimsoll::app
