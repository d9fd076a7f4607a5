#include "audit/rules/apply.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "audit/rules/apply_state.h"
#include "audit/rules/rule_text.h"
#include "base/time.h"
#include "host/folder.h"
#include "host/system_error.h"
#include "host/user_file.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;

/// Equal for rules that order the same under the same keys.
std::string identity(const AuditRule& rule) {
    return fmt::format("{}\n{}", rule_identity(rule, false), fmt::join(rule.keys, "\x01"));
}

std::string real_path(const host::Root& root, std::string_view path) {
    return (root.path == "/" ? "" : root.path) + std::string(path);
}

Result<host::AuditStatus> changeable(KernelAudit& kernel) {
    TRY(auto status, kernel.status());
    if (status.enabled == 2)
        return Error{"the kernel's audit rules are locked until the next boot (enabled 2): nothing was changed"};
    return status;
}

/// Steps that were done, so that they can be undone in reverse.
class Steps {
public:
    explicit Steps(KernelAudit& kernel) : kernel_(kernel) {}

    Result<void> remove(const AuditRule& rule) {
        const auto done = kernel_.remove(rule);
        if (!done) return done.error().during(fmt::format("removing '{}'", listed_text(rule)));
        if (*done == host::AuditChange::done) removed_.push_back(rule);
        return {};
    }
    Result<void> add(const AuditRule& rule) {
        const auto done = kernel_.add(rule);
        if (!done) return done.error().during(fmt::format("loading '{}'", listed_text(rule)));
        if (*done == host::AuditChange::done) added_.push_back(rule);
        return {};
    }
    Result<void> enable(std::uint32_t before) {
        TRY_VOID(kernel_.enable(1));
        enabled_before_ = before;
        return {};
    }

    /// The first error with what became of the steps before it.
    Error rolled_back(const Error& error) {
        std::string failed;
        const auto note = [&](const AuditRule& rule, const auto& done) {
            if (!done) failed += fmt::format("; '{}': {}", listed_text(rule), done.error().message);
        };
        for (const AuditRule& rule : added_) note(rule, kernel_.remove(rule));
        for (const AuditRule& rule : removed_) note(rule, kernel_.add(rule));
        if (enabled_before_) {
            const auto off = kernel_.enable(*enabled_before_);
            if (!off) failed += "; " + off.error().message;
        }
        return {error.message +
                (failed.empty() ? "; all rules are as they were before" : "; could not be put back" + failed)};
    }

private:
    KernelAudit& kernel_;
    std::vector<AuditRule> added_, removed_;
    std::optional<std::uint32_t> enabled_before_;
};

std::vector<std::string> tell(const ApplyPlan& plan, bool dry_run) {
    std::vector<std::string> out;
    for (const AuditRule& rule : plan.remove)
        out.push_back((dry_run ? "would remove  " : "removed  ") + listed_text(rule));
    for (const AuditRule& rule : plan.add) out.push_back((dry_run ? "would load  " : "loaded  ") + listed_text(rule));
    out.push_back(fmt::format("{} rules were loaded already, {} {}, {} {}", plan.keep.size(), plan.add.size(),
                              dry_run ? "would be loaded" : "loaded", plan.remove.size(),
                              dry_run ? "would be removed" : "removed"));
    return out;
}

/// Writes the file of rules when its content differs.
Result<void> persist(const GeneratedRules& rules, const ApplyOptions& options, ApplyReport& report) {
    if (options.persist == Persist::no) return {};
    const std::string path = real_path(options.root, kRulesFile);
    const std::string folder(kRulesFile.substr(0, kRulesFile.rfind('/')));
    TRY(const auto there, host::file_facts(options.root, folder));
    if (!there && options.persist == Persist::if_possible) {
        report.lines.push_back(fmt::format(
            "{} does not exist (no auditd here): the rules last until the next boot; run this again then", folder));
        return {};
    }
    const std::string text = rules_file(rules, false);
    TRY(const auto before, host::read_if_exists(options.root, kRulesFile, std::size_t{8} << 20U));
    if (before && *before == text) {
        report.lines.push_back(fmt::format("{} is up to date", kRulesFile));
        return {};
    }
    report.changed = true;
    report.lines.push_back(fmt::format("{} {}", options.dry_run ? "would write" : "wrote", kRulesFile));
    if (options.dry_run) return {};
    TRY_VOID(host::make_folder(real_path(options.root, folder), 0750));
    TRY_VOID(host::write_user_file(path, text));
    return {};
}

/// Remembers how auditing was before the first apply of this boot, and which rules are loaded now.
Result<void> remember(const host::Root& root, const ApplyPlan& plan, const host::AuditStatus& before,
                      std::uint64_t serial) {
    TRY(auto known, read_apply_state(root));
    if (!known) {
        TRY(auto boot, boot_id(root));
        known = ApplyState{.boot = std::move(boot), .enabled_before = before.enabled};
        if (before.enabled == 0) {
            known->enabled_at = now() / kSecond;
            known->from_first = serial <= kFirstSerials;
        }
    }
    known->rules.clear();
    for (const auto* rules : {&plan.keep, &plan.add}) {
        for (const AuditRule& rule : *rules) {
            if (auto text = file_text(rule)) known->rules.push_back(std::move(*text));
        }
    }
    return write_apply_state(root, *known);
}

Result<void> load(const ApplyPlan& plan, const host::AuditStatus& status, const host::Root& root, KernelAudit& kernel) {
    Steps steps(kernel);
    for (const AuditRule& rule : plan.remove) {
        if (const auto done = steps.remove(rule); !done) return steps.rolled_back(done.error());
    }
    for (const AuditRule& rule : plan.add) {
        if (const auto done = steps.add(rule); !done) return steps.rolled_back(done.error());
    }
    if (status.enabled == 0) {
        if (const auto done = steps.enable(status.enabled); !done) return steps.rolled_back(done.error());
    }
    const auto serial = kernel.serial();  // unknown: then nothing is concluded from it
    if (const auto done = remember(root, plan, status, serial.value_or(~std::uint64_t{0})); !done)
        return steps.rolled_back(done.error());
    return {};
}

}  // namespace

ApplyPlan plan_rules(const std::vector<AuditRule>& wanted, const std::vector<AuditRule>& loaded) {
    std::vector<AuditRule> ours;
    std::ranges::copy_if(loaded, std::back_inserter(ours), is_ours);
    // What is loaded in the right order from the start on stays; behind the first difference all is loaded anew, for
    // the order decides which key a record gets.
    std::size_t equal = 0;
    while (equal < ours.size() && equal < wanted.size() && identity(ours[equal]) == identity(wanted[equal])) ++equal;
    const auto at = static_cast<std::ptrdiff_t>(equal);
    return {.keep = {ours.begin(), ours.begin() + at},
            .remove = {ours.begin() + at, ours.end()},
            .add = {wanted.begin() + at, wanted.end()}};
}

Result<ApplyReport> apply_rules(const GeneratedRules& rules, const ApplyOptions& options, KernelAudit& kernel) {
    TRY(const auto status, changeable(kernel));
    TRY(const auto loaded, kernel.rules());
    std::vector<AuditRule> wanted;
    for (const GeneratedRule& rule : rules.rules) wanted.push_back(rule.rule);
    const ApplyPlan plan = plan_rules(wanted, loaded.rules);

    ApplyReport report{.lines = tell(plan, options.dry_run),
                       .changed = !plan.add.empty() || !plan.remove.empty() || status.enabled == 0};
    if (status.enabled == 0)
        report.lines.emplace_back(options.dry_run ? "would switch auditing on" : "switched auditing on");
    if (status.daemon_pid == 0)
        report.lines.emplace_back("no audit daemon runs: start auditd or plimsoll agent, or nobody keeps the records");
    if (!options.dry_run) TRY_VOID(load(plan, status, options.root, kernel));
    if (const auto done = persist(rules, options, report); !done)
        return done.error().during("the rules are loaded, but not kept for the next boot");
    return report;
}

Result<ApplyReport> undo_rules(const ApplyOptions& options, KernelAudit& kernel) {
    TRY(const auto status, changeable(kernel));
    TRY(const auto loaded, kernel.rules());
    ApplyReport report;
    const ApplyPlan plan = plan_rules({}, loaded.rules);
    report.lines = tell(plan, options.dry_run);
    report.changed = !plan.remove.empty();
    if (!options.dry_run) {
        Steps steps(kernel);
        for (const AuditRule& rule : plan.remove) {
            if (const auto done = steps.remove(rule); !done) return steps.rolled_back(done.error());
        }
    }
    TRY(const auto file, host::file_facts(options.root, kRulesFile));
    if (file) {
        report.changed = true;
        report.lines.push_back(fmt::format("{} {}", options.dry_run ? "would delete" : "deleted", kRulesFile));
        const std::string path = real_path(options.root, kRulesFile);
        if (!options.dry_run && ::unlink(path.c_str()) != 0) return host::system_error("deleting", path);
    }
    TRY(const auto state, read_apply_state(options.root));
    const bool others = loaded.rules.size() > plan.remove.size() || status.daemon_pid != 0;
    if (state && state->enabled_before == 0 && status.enabled == 1) {
        if (others) {
            report.lines.emplace_back("auditing stays on: an audit daemon or other rules use it");
        } else {
            report.changed = true;
            report.lines.emplace_back(options.dry_run ? "would switch auditing off" : "switched auditing off");
            if (!options.dry_run) TRY_VOID(kernel.enable(0));
        }
    }
    if (!options.dry_run) TRY_VOID(remove_apply_state(options.root));
    return report;
}

}  // namespace plimsoll::audit
