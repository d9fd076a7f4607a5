#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>

#include "audit/rules/generate.h"
#include "audit/rules/lint.h"
#include "audit/tables.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;
using model::Severity;

constexpr std::size_t kModerate = 10, kTold = 30,
                      kHigh = 50;  // rules walked on each call; docs/auditd.md has the measurements

std::string keys_text(const AuditRule& rule) {
    return rule.keys.empty() ? "without a key" : fmt::format("'{}'", fmt::join(rule.keys, ", "));
}

bool has_condition(const AuditRule& rule, std::uint32_t field, std::string_view value) {
    return std::ranges::any_of(rule.others, [&](const host::AuditField& f) {
        return f.number == field && f.comparison == "=" && (value.empty() || f.value == value);
    });
}

void lint_shadow(const RuleSet& set, std::size_t index, LintReport& report) {
    const AuditRule& rule = set.rules()[index];
    const auto by = set.shadowed_by(index);
    if (!by) return;
    const AuditRule& earlier = set.rules()[*by];
    const bool lost = earlier.action == "never" && rule.action != "never";
    if (!lost && earlier.keys == rule.keys && earlier.action == rule.action) {
        report.findings.push_back({.id = "redundant",
                                   .severity = Severity::info,
                                   .subject = listed_text(rule),
                                   .what = "an earlier rule already records all of this under the same key",
                                   .why = fmt::format("'{}' comes first.", listed_text(earlier)),
                                   .remedy = "Delete one of them."});
        return;
    }
    report.findings.push_back(
        {.id = lost ? "suppressed" : "shadowed",
         .severity = lost ? Severity::high : Severity::medium,
         .subject = listed_text(rule),
         .what = lost ? std::string("an earlier rule says never, so this one records nothing")
                      : fmt::format("no record ever carries the key of this rule: an earlier one writes {}",
                                    keys_text(earlier)),
         .why = fmt::format("The first rule that matches decides, and '{}' matches all that this one does.",
                            listed_text(earlier)),
         .remedy = "Put the more particular rule first."});
}

/// A rule for 64-bit calls without its like for 32-bit ones, which every 64-bit process may use.
void lint_architecture(const RuleSet& set, std::size_t index, LintReport& report) {
    const AuditRule& rule = set.rules()[index];
    if (rule.architecture != native_arch() || rule.filter != "exit" || !compat_arch() || rule.action != "always")
        return;
    const bool twin = std::ranges::any_of(set.rules(), [&](const AuditRule& other) {
        return other.filter == "exit" && other.path == rule.path &&
               (!other.architecture || other.architecture == compat_arch()) &&
               (other.keys == rule.keys || other.path.has_value() || other.all_syscalls);
    });
    if (twin) return;
    // The other architecture may not have any of these calls.
    const bool exists = rule.all_syscalls || std::ranges::any_of(rule.syscalls, [&](unsigned number) {
                            const std::string_view name = syscall_name(native_arch(), number);
                            return name == "connect" || (!name.empty() && syscall_number(*compat_arch(), name));
                        });
    if (!exists) return;
    report.findings.push_back(
        {.id = "b32-missing",
         .severity = Severity::medium,
         .subject = listed_text(rule),
         .what = "the same by 32-bit system calls is not recorded",
         .why =
             "Any 64-bit program may make 32-bit calls (int 0x80); they have another architecture and other numbers.",
         .remedy = "The same rule with -F arch=b32 (and socketcall beside connect)."});
}

void lint_traps(const RuleSet& set, std::size_t index, LintReport& report) {
    const AuditRule& rule = set.rules()[index];
    const auto add = [&](RuleFinding finding) {
        finding.subject = listed_text(rule);
        report.findings.push_back(std::move(finding));
    };
    if (has_condition(rule, AUDIT_SADDR_FAM, "0"))
        add({.id = "saddr-family-zero",
             .severity = Severity::medium,
             .what = "the rule matches no address at all",
             .why = "auditctl takes a name such as saddr_fam=local and hands the kernel 0.",
             .remedy = "saddr_fam=1 for unix, 2 for IPv4, 10 for IPv6"});
    if (rule.filter == "task" && rule.action == "never")
        add({.id = "never-task",
             .severity = Severity::high,
             .what = "processes started under this rule are never audited",
             .why = "It holds for their whole lives and survives execve; distributions ship it to switch auditing off.",
             .remedy = "Delete it (auditctl -d never,task) and restart what was started since."});
    if (has_condition(rule, AUDIT_INODE, "") && rule.filter == "exit")
        add({.id = "inode-rule",
             .severity = Severity::low,
             .what = "the rule names an inode number",
             .why = "When the file or socket is made again it has another inode, and the rule silently matches "
                    "nothing, or something else.",
             .remedy = "-F path="});
    if (rule.filter == "exclude") {
        for (const std::uint32_t type :
             {AUDIT_SYSCALL, AUDIT_PATH, AUDIT_SOCKADDR, AUDIT_EXECVE, AUDIT_CWD, AUDIT_CONFIG_CHANGE, AUDIT_URINGOP}) {
            if (has_condition(rule, AUDIT_MSGTYPE, std::to_string(type)))
                add({.id = "records-excluded",
                     .severity = type == AUDIT_CWD ? Severity::low : Severity::medium,
                     .what = fmt::format("records of type {} are thrown away", type_name(type)),
                     .why = "Events lose that part: who, which file, which socket, or that rules were changed.",
                     .remedy = "Delete the rule."});
        }
    }
    if (rule.keys.size() > 1)
        add({.id = "two-keys",
             .severity = Severity::info,
             .what = "the rule has several keys",
             .why = "They are written as one hexadecimal word with 0x01 between; a search for one of them as a whole "
                    "word finds nothing.",
             .remedy = "One key for each rule."});
}

void tell_cost(const RuleSet& set, LintReport& report) {
    report.walked = set.walked();
    report.cost = report.walked < kModerate ? "low" : report.walked < kHigh ? "moderate" : "high";
    if (report.walked >= kTold)
        report.findings.push_back(
            {.id = "cost",
             .severity = report.walked >= kHigh ? Severity::medium : Severity::low,
             .subject = fmt::format("{} rules walked", report.walked),
             .what = fmt::format("every system call of every process walks {} rules", report.walked),
             .why = "Rules for one path are found by inode and cost nothing; rules on system calls and trees are tried "
                    "one by one: "
                    "about 1.5 times the time of a short call with 30 of them, 5 to 7 times with 350.",
             .remedy = "Join rules with the same conditions into one with several -S; replace trees by paths."});
}

}  // namespace

void lint_set(const RuleSet& set, LintReport& report) {
    if (set.rules().empty())
        report.findings.push_back({.id = "no-rules",
                                   .severity = Severity::high,
                                   .subject = "rules",
                                   .what = "no audit rule is loaded",
                                   .why = "Nothing is recorded but logins and what programs tell of themselves.",
                                   .remedy = "plimsoll auditd apply"});
    for (std::size_t i = 0; i < set.rules().size(); ++i) {
        lint_shadow(set, i, report);
        lint_architecture(set, i, report);
        lint_traps(set, i, report);
    }
    tell_cost(set, report);
}

}  // namespace plimsoll::audit
