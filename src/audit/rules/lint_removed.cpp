#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "audit/rules/generate.h"
#include "audit/rules/lint.h"
#include "audit/rules/rule_text.h"
#include "base/time.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;
using model::Severity;
using Removed = LogEvidence::Removed;

std::string by_whom(const Removed& removed) {
    return fmt::format("{} by {}", to_rfc3339(removed.milliseconds * (kSecond / 1000)),
                       removed.loginuid ? fmt::format("login uid {}", *removed.loginuid) : "somebody without a login");
}

bool has_key(const AuditRule& rule, std::string_view key) {
    return fmt::format("{}", fmt::join(rule.keys, "\x01")) == key;
}

/// The newest record of the removal of a rule with these keys, or for this path.
const Removed* record_of(const LintInput& input, const AuditRule& rule) {
    const auto& all = input.log.removed;
    const auto found = std::ranges::find_if(all.rbegin(), all.rend(), [&](const Removed& removed) {
        return removed.path.empty() ? has_key(rule, removed.key) : rule.path == removed.path;
    });
    return found == all.rend() ? nullptr : &*found;
}

/// Rules that `apply` loaded in this boot and that are loaded no longer.
void lint_applied(const LintInput& input, std::set<const Removed*>& told, LintReport& report) {
    std::set<std::string> loaded;
    for (const AuditRule& rule : *input.loaded) loaded.insert(rule_identity(rule, true));
    for (const RuleLine& line : input.applied) {
        if (line.kind != RuleLine::Kind::rule || loaded.contains(rule_identity(line.rule, true))) continue;
        const Removed* record = record_of(input, line.rule);
        if (record != nullptr) told.insert(record);
        report.findings.push_back(
            {.id = "rule-removed",
             .severity = Severity::medium,
             .subject = listed_text(line.rule),
             .what = "a rule that `plimsoll auditd apply` loaded was removed",
             .why = record == nullptr ? "No record in the audit log says who did it; when its folder goes away, the "
                                        "kernel removes a rule itself."
                    : record->path.empty()
                        ? fmt::format("It was deleted {}.", by_whom(*record))
                        : "The kernel removed it with its folder; making that again does not bring the rule back.",
             .remedy = "plimsoll auditd apply"});
    }
}

bool in_a_file(const LintInput& input, std::string_view key) {
    return input.files && std::ranges::any_of(*input.files, [&](const RuleFile& file) {
               return std::ranges::any_of(file.lines, [&](const RuleLine& line) {
                   return line.kind == RuleLine::Kind::rule && has_key(line.rule, key);
               });
           });
}

}  // namespace

void lint_removed(const LintInput& input, LintReport& report) {
    std::set<const Removed*> told;
    std::set<std::string> keys;
    lint_applied(input, told, report);
    for (const Removed& removed : input.log.removed) {
        const bool by_kernel = !removed.path.empty();
        const bool loaded = std::ranges::any_of(*input.loaded, [&](const AuditRule& rule) {
            return by_kernel ? rule.path == removed.path : has_key(rule, removed.key);
        });
        if (loaded || told.contains(&removed)) continue;
        if (by_kernel) {
            report.findings.push_back(
                {.id = "rule-removed",
                 .severity = Severity::medium,
                 .subject = removed.path,
                 .what = fmt::format("the kernel removed the rule for {} (key '{}')", removed.path, removed.key),
                 .why = "Its folder was deleted or renamed; making it again does not bring the rule back.",
                 .remedy = "Load the rules again."});
            continue;
        }
        // Ours are compared with what apply loaded; taken back by --undo, they are not missing.
        if (removed.key.starts_with(kKeyPrefix) || !keys.insert(removed.key).second) continue;
        const bool kept = in_a_file(input, removed.key);
        report.findings.push_back({.id = "rule-removed",
                                   .severity = kept ? Severity::medium : Severity::low,
                                   .subject = fmt::format("key {}", removed.key.empty() ? "(none)" : removed.key),
                                   .what = "a rule was deleted from the running kernel and not loaded again",
                                   .why = fmt::format("The audit log tells it: {}.{}", by_whom(removed),
                                                      kept ? " The files of rules have it still." : ""),
                                   .remedy = kept ? "augenrules --load" : "Load it again, unless that was meant."});
    }
}

}  // namespace plimsoll::audit
