#include "audit/rules/lint.h"

#include <algorithm>

#include "audit/rules/apply_state.h"
#include "audit/rules/targets.h"
#include "host/kernel.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr std::size_t kMostRules = 4096;  // shadows are looked for pair by pair

/// Seconds since 1970 at which the kernel started; nothing when /proc does not say.
std::optional<std::int64_t> boot_seconds(const host::Root& root) {
    const auto stat = host::read_if_exists(root, "/proc/stat");
    if (!stat || !*stat) return std::nullopt;
    const auto at = (*stat)->find("\nbtime ");
    if (at == std::string::npos) return std::nullopt;
    const std::string_view rest = std::string_view(**stat).substr(at + 7);
    return host::number<std::int64_t>(rest.substr(0, rest.find('\n')));
}

std::vector<RuleFile> read_rule_files(const host::Root& root, std::vector<std::string>& unknown) {
    std::vector<RuleFile> out;
    const auto accounts = host::read_accounts(root);
    const auto add = [&](const std::string& path) {
        const auto text = host::read_if_exists(root, path, std::size_t{8} << 20U);
        if (!text) unknown.push_back(text.error().message);
        if (text && *text) out.push_back({path, parse_rule_lines(**text, accounts ? &*accounts : nullptr)});
    };
    const auto entries = host::list_directory(root, "/etc/audit/rules.d");
    if (!entries) unknown.push_back(entries.error().message);
    if (entries && *entries) {
        for (const auto& entry : **entries) {
            if (entry.name.ends_with(".rules")) add("/etc/audit/rules.d/" + entry.name);
        }
    }
    if (out.empty()) add("/etc/audit/audit.rules");
    return out;
}

}  // namespace

LintInput gather_lint_input(const host::Root& root, std::string_view log) {
    LintInput in{.root = root};
    if (auto status = host::audit_status())
        in.status = *status;
    else
        in.unknown.push_back(status.error().message);
    if (auto rules = host::audit_rules()) {
        in.loaded = std::move(rules->rules);
        for (const std::string& why : rules->undecoded) in.unknown.push_back("a loaded rule could not be read: " + why);
    } else if (in.status) {
        in.unknown.push_back(rules.error().message);
    }
    in.files = read_rule_files(root, in.unknown);
    if (auto parameters = host::kernel_command_line(root))
        in.parameters = std::move(*parameters);
    else
        in.unknown.push_back(parameters.error().message);
    in.traces = find_engine_traces(root);
    in.engines = engines_here(root, in.traces);
    in.processes = find_watched_processes(root);
    const auto boot = boot_seconds(root);
    if (boot) {
        in.log = read_log_evidence(root, *boot, log);
    } else {
        in.unknown.emplace_back("when this host was booted: /proc/stat does not tell");
    }
    const auto state = read_apply_state(root);
    if (!state) in.unknown.push_back(state.error().message);
    if (state && *state) {
        if ((*state)->from_first) in.enabled_at = (*state)->enabled_at;
        for (const std::string& line : (*state)->rules) in.applied.push_back(parse_rule_line(line, nullptr));
    }
    return in;
}

LintReport lint(const LintInput& input) {
    LintReport report;
    report.unknown = input.unknown;
    report.unknown.insert(report.unknown.end(), input.traces.problems.begin(), input.traces.problems.end());
    report.kernel_unread = !input.status || !input.loaded;
    lint_kernel(input, report);
    if (input.loaded) {
        std::vector<host::AuditRule> rules = *input.loaded;
        if (rules.size() > kMostRules) {
            rules.resize(kMostRules);
            report.unknown.emplace_back("more rules are loaded than are looked at");
        }
        const RuleSet set(input.root, std::move(rules));
        report.rules = input.loaded->size();
        lint_sockets(input, set, report);
        lint_paths(input, set, report);
        lint_set(set, report);
        lint_removed(input, report);
    }
    lint_files(input, report);
    lint_processes(input, report);
    std::ranges::stable_sort(report.findings, std::ranges::greater{}, &RuleFinding::severity);
    return report;
}

}  // namespace plimsoll::audit
