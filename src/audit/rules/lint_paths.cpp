#include <fmt/format.h>

#include <algorithm>

#include "audit/rules/generate.h"
#include "audit/rules/lint.h"
#include "audit/rules/targets.h"

namespace plimsoll::audit {

namespace {

using model::Severity;

bool is_engine_socket(const LintInput& input, std::string_view path) {
    return std::ranges::any_of(input.traces.sockets, [&](const auto& found) { return found.path == path; });
}

/// Whether a line of a file writes this rule with -F path=, which says that no tree is meant.
bool written_as_path(const LintInput& input, const host::AuditRule& rule) {
    if (is_ours(rule)) return true;
    if (!input.files) return false;
    for (const RuleFile& file : *input.files) {
        for (const RuleLine& line : file.lines) {
            if (line.kind == RuleLine::Kind::rule && !line.watch && line.rule.path == rule.path &&
                !line.rule.is_directory)
                return true;
        }
    }
    return false;
}

void lint_watched_path(const LintInput& input, const host::AuditRule& rule, const FileIdentity& file,
                       LintReport& report) {
    const std::string text = listed_text(rule);
    const auto add = [&](RuleFinding finding) {
        finding.subject = text;
        report.findings.push_back(std::move(finding));
    };
    if (!file.exists && !file.parent_exists) {
        add({.id = "parent-missing",
             .severity = Severity::medium,
             .what = fmt::format("the folder of {} does not exist", *rule.path),
             .why = "The kernel took the rule when the folder was there; it will not see the folder made again.",
             .remedy = "Make the folder and load the rule again, or delete the rule."});
    } else if (!file.exists) {
        if (rule.is_directory)
            add({.id = "path-missing",
                 .severity = Severity::medium,
                 .what = fmt::format("{} does not exist", *rule.path),
                 .why = "A rule for a tree does not begin to match when the folder is made again.",
                 .remedy = "Make the folder and load the rule again."});
        else if (!is_ours(rule))
            add({.id = "path-missing",
                 .severity = Severity::info,
                 .what = fmt::format("{} does not exist", *rule.path),
                 .why = "The rule matches nothing now; it begins to when the file appears.",
                 .remedy = "Delete the rule if the file will never be there."});
    }
    if (file.link && rule.all_syscalls && !is_ours(rule))
        add({.id = "symbolic-link",
             .severity = Severity::medium,
             .what = fmt::format("{} is a symbolic link, which rules do not follow", *rule.path),
             .why = "Only a replacement of the link is recorded; opening, executing or changing the file behind it is "
                    "not.",
             .remedy = "Watch the file that it leads to (plimsoll auditd rules does)."});
    if (!rule.is_directory && file.type == host::FileType::directory && !written_as_path(input, rule))
        add({.id = "directory-as-path",
             .severity = Severity::medium,
             .what = fmt::format("{} is a folder, but the rule watches its name only", *rule.path),
             .why = "auditctl -w made a rule for one path because the folder was not there when it was loaded. Only "
                    "what is made or deleted directly "
                    "in the folder is recorded; auditctl -l prints the same line as for a whole tree.",
             .remedy = "Load the rule again now that the folder exists; keep it as -F dir= in the file."});
    if (file.type == host::FileType::socket && !rule.permissions.empty())
        add({.id = "socket-watch",
             .severity = is_engine_socket(input, file.path) ? Severity::high : Severity::medium,
             .what = fmt::format("connects to {} are not recorded by this rule", *rule.path),
             .why = "connect(2) belongs to none of the kinds of access that -p and perm= name; only changes of the "
                    "socket file are recorded.",
             .remedy = fmt::format("-a always,exit -F path={} -k KEY, without -p, -S and arch", *rule.path)});
}

/// The data roots of engines that this tree holds.
void lint_data_root(const LintInput& input, const host::AuditRule& rule, const FileIdentity& file, LintReport& report) {
    if (!rule.is_directory) return;
    std::vector<std::string> roots{"/var/lib/docker", "/var/lib/containerd", "/var/lib/containers"};
    for (const auto& found : input.traces.data_roots) roots.push_back(found.path);
    for (const std::string& root : roots) {
        const bool inside = root == file.path || (root.size() > file.path.size() && root.starts_with(file.path) &&
                                                  (file.path == "/" || root[file.path.size()] == '/'));
        if (!inside || !identify(input.root, root).exists) continue;
        report.findings.push_back(
            {.id = "data-root-tree",
             .severity = Severity::medium,
             .subject = listed_text(rule),
             .what = fmt::format("the whole tree of {} is watched", root),
             .why = "Containers started after the rule was loaded are not recorded (their file systems are new "
                    "mounts), those started before and all "
                    "volumes are, write by write: thousands of records a second, five times the work's time.",
             .remedy = fmt::format("-a always,exit -F path={} -F perm=wa -k KEY watches the folder itself.", root)});
        return;
    }
}

}  // namespace

void lint_paths(const LintInput& input, const RuleSet& set, LintReport& report) {
    for (std::size_t i = 0; i < set.rules().size(); ++i) {
        const host::AuditRule& rule = set.rules()[i];
        const FileIdentity* file = set.file_of(i);
        if (file == nullptr || rule.path_negated) continue;
        if (rule.action == "always") lint_watched_path(input, rule, *file, report);
        lint_data_root(input, rule, *file, report);
    }
}

void lint_sockets(const LintInput& input, const RuleSet& set, LintReport& report) {
    for (const Target& target : find_targets(input.root, input.engines, input.traces)) {
        if (target.kind != Target::Kind::socket || !target.exists) continue;
        const RuleSet::Verdict verdict = set.verdict(identify(input.root, target.path), Access::connect);
        if (verdict.recorded) continue;
        report.findings.push_back(
            {.id = "socket-unrecorded",
             .severity = verdict.in_part.empty() ? Severity::high : Severity::medium,
             .subject = target.path,
             .what = fmt::format("connects to {} are not all recorded: {}", target.path, verdict.why_not),
             .why = "Whoever can connect commands the engine as root; without the record nothing tells who it was.",
             .remedy =
                 fmt::format("-a always,exit -F path={} -k {} (plimsoll auditd apply)", target.path, target.key)});
    }
}

}  // namespace plimsoll::audit
