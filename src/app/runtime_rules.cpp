#include "app/runtime_rules.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "app/rule_packs.h"

namespace plimsoll::app {

namespace {

constexpr std::string_view kKernelSource = "syscall";

}  // namespace

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

rule::RuleSet take_kernel_rules(rule::RuleSet& set) {
    const auto others =
        std::ranges::stable_partition(set.rules, [](const rule::Rule& rule) { return rule.source != kKernelSource; });
    rule::RuleSet kernel;
    kernel.files = set.files;
    kernel.rules.assign(std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
    set.rules.erase(others.begin(), others.end());
    return kernel;
}

}  // namespace plimsoll::app
