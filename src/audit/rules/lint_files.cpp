#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "audit/rules/generate.h"
#include "audit/rules/lint.h"
#include "base/text.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;
using model::Severity;

/// The loaded rules by what they order, so that a line of a file is found at once.
class LoadedRules {
public:
    explicit LoadedRules(const std::vector<AuditRule>& rules) {
        for (const AuditRule& rule : rules) {
            exact_.emplace(rule_identity(rule, false), &rule);
            as_watch_.emplace(rule_identity(rule, true), &rule);
        }
    }
    [[nodiscard]] const AuditRule* find(const RuleLine& line) const {
        const auto& table = line.watch ? as_watch_ : exact_;
        const auto found = table.find(rule_identity(line.rule, line.watch));
        return found == table.end() ? nullptr : found->second;
    }

private:
    std::map<std::string, const AuditRule*> exact_, as_watch_;
};

/// Why the kernel refused a line, as far as this host shows it now; empty when nothing speaks against it.
std::string refusal(const LintInput& input, const AuditRule& rule) {
    if (rule.path) {
        const FileIdentity file = identify(input.root, *rule.path);
        if (!file.parent_exists) return fmt::format("the folder of {} does not exist", *rule.path);
        if (rule.is_directory && !file.exists) return fmt::format("{} does not exist", *rule.path);
    }
    if (rule.executable) {
        const FileIdentity file = identify(input.root, *rule.executable);
        if (!file.exists) return fmt::format("the program {} does not exist", *rule.executable);
    }
    return {};
}

class FileLint {
public:
    FileLint(const LintInput& input, LintReport& report) : input_(input), report_(report) {
        if (input.loaded) loaded_.emplace(*input.loaded);
    }

    void line(const RuleFile& file, const RuleLine& line) {
        const std::string subject = fmt::format("{}:{}: {}", file.path, line.number, line.text);
        switch (line.kind) {
            case RuleLine::Kind::broken: return broken(subject, line);
            case RuleLine::Kind::control: tolerant_ = tolerant_ || line.option == "-c" || line.option == "-i"; return;
            case RuleLine::Kind::rule: return rule(subject, line);
            default: return;
        }
    }

    /// Loaded rules that stand in no file.
    void rest() {
        if (!input_.loaded) return;
        std::size_t count = 0;
        std::string first;
        for (const AuditRule& rule : *input_.loaded) {
            if (written_.contains(&rule) || (is_ours(rule) && is_late(rule))) continue;
            if (count++ == 0) first = listed_text(rule);
        }
        if (count != 0)
            report_.findings.push_back(
                {.id = "not-persistent",
                 .severity = Severity::low,
                 .subject = first,
                 .what = fmt::format("{} loaded rule{} in no file of /etc/audit/rules.d", count,
                                     count == 1 ? " stands" : "s stand"),
                 .why = "They are gone after the next start.",
                 .remedy = "plimsoll auditd apply --persist for ours; write the others into a file."});
    }

private:
    void broken(const std::string& subject, const RuleLine& line) {
        report_.findings.push_back({.id = "line-broken",
                                    .severity = Severity::medium,
                                    .subject = subject,
                                    .what = "auditctl does not take this line: " + line.problem,
                                    .why = stops(),
                                    .remedy = "Mend or delete the line."});
    }

    /// What a refused line means for those behind it.
    [[nodiscard]] std::string stops() const {
        return tolerant_ ? "The line is skipped."
                         : "Loading stops here: no later line of any file is loaded, unless -c or -i stands before.";
    }

    void rule(const std::string& subject, const RuleLine& line) {
        if (!line.surprise.empty())
            report_.findings.push_back({.id = "line-misread",
                                        .severity = Severity::medium,
                                        .subject = subject,
                                        .what = line.surprise,
                                        .why = "auditctl takes the line without a word.",
                                        .remedy = "Write the number."});
        if (loaded_) {
            if (const AuditRule* found = loaded_->find(line)) {
                written_.insert(found);
                return;
            }
        }
        const std::string why = refusal(input_, line.rule);
        if (!why.empty())
            report_.findings.push_back(
                {.id = "line-refused",
                 .severity = Severity::medium,
                 .subject = subject,
                 .what = "the kernel refuses this rule: " + why,
                 .why = stops(),
                 .remedy =
                     "Delete the line, or make the folder first; -c at the top of the files lets the others through."});
        else if (loaded_)
            report_.findings.push_back(
                {.id = "not-loaded",
                 .severity = Severity::medium,
                 .subject = subject,
                 .what = "the rule is not loaded",
                 .why = "It was added after the last load, a line before it was refused, the kernel removed it "
                        "with its folder, or somebody deleted it.",
                 .remedy = "augenrules --load, or plimsoll auditd apply for ours."});
    }

    const LintInput& input_;
    LintReport& report_;
    std::optional<LoadedRules> loaded_;
    std::set<const AuditRule*> written_;
    bool tolerant_ = false;
};

}  // namespace

void lint_files(const LintInput& input, LintReport& report) {
    if (!input.files) return;
    FileLint work(input, report);
    for (const RuleFile& file : *input.files) {
        for (const RuleLine& line : file.lines) work.line(file, line);
    }
    work.rest();
}

}  // namespace plimsoll::audit
