#include "cli/auditd_rules_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include <memory>
#include <string>
#include <vector>

#include "audit/rules/apply.h"
#include "audit/rules/check_report.h"
#include "audit/rules/lint.h"
#include "audit/rules/prove.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

namespace plimsoll::cli {

namespace {

struct RuleArguments {
    std::vector<std::string> engines;
    audit::Profile profile = audit::Profile::cis;
    std::string format = "augenrules";
    std::string output;
    bool dry_run = false;
    bool undo = false;
    bool persist = false;
    bool no_persist = false;
    bool json = false;
    std::string prove;
    std::string log;
};

audit::GeneratedRules generate(const RuleArguments& arguments) {
    const host::Root root;
    const audit::EngineTraces traces = audit::find_engine_traces(root);
    for (const std::string& problem : traces.problems) complain(problem);
    const auto engines = arguments.engines.empty() ? audit::engines_here(root, traces) : arguments.engines;
    return audit::generate_rules(audit::find_targets(root, engines, traces), arguments.profile);
}

void add_choice(CLI::App& command, RuleArguments& arguments) {
    command.add_option("--engine", arguments.engines, "docker, containerd, podman (default: those that this host has)")
        ->delimiter(',')
        ->check(CLI::IsMember({"docker", "containerd", "podman"}));
    const std::map<std::string, audit::Profile> profiles{
        {"watch", audit::Profile::watch}, {"cis", audit::Profile::cis}, {"full", audit::Profile::full}};
    command
        .add_option("--profile", arguments.profile,
                    "watch: sockets, clients, settings; cis: every item of section 1.1 as well; full: system calls of "
                    "escapes and "
                    "commands of people as well (default: cis)")
        ->transform(CLI::CheckedTransformer(profiles).description("watch|cis|full"));
}

int show_rules(const RuleArguments& arguments) {
    const audit::GeneratedRules rules = generate(arguments);
    const std::string text = audit::rules_file(rules, arguments.format == "auditctl");
    if (!deliver(arguments.output, text)) return kUsage;
    if (!rules.rules.empty()) return kClean;
    complain("no container engine was found on this host");
    return kUnknown;
}

int apply(const RuleArguments& arguments) {
    const audit::ApplyOptions options{.root = {},
                                      .persist = arguments.no_persist ? audit::Persist::no
                                                 : arguments.persist  ? audit::Persist::yes
                                                                      : audit::Persist::if_possible,
                                      .dry_run = arguments.dry_run};
    audit::KernelAudit kernel;
    audit::GeneratedRules rules;
    if (!arguments.undo) {
        rules = generate(arguments);
        if (rules.rules.empty()) {
            complain("no container engine was found on this host: nothing was changed");
            return kUnknown;
        }
    }
    const auto report =
        arguments.undo ? audit::undo_rules(options, kernel) : audit::apply_rules(rules, options, kernel);
    if (!report) {
        complain(report.error().message);
        return kUnknown;
    }
    std::string out;
    for (const std::string& line : report->lines) out += printable(line) + "\n";
    for (const std::string& reason : rules.left_out) out += "left out  " + printable(reason) + "\n";
    return finish(out, kClean);
}

bool fails(const audit::RuleFinding& finding) { return finding.severity != model::Severity::info; }

/// What a proof means for the exit code.
int judged(const audit::ProofReport& report) {
    int code = report.unknown.empty() ? kClean : kUnknown;
    for (const audit::ProcessProof& proof : report.processes) {
        if (!proof.reason.empty()) code = kUnknown;
    }
    const auto silent = [](const audit::RuleProof& proof) {
        return proof.outcome == audit::RuleProof::Outcome::nothing ||
               proof.outcome == audit::RuleProof::Outcome::other_key;
    };
    return std::ranges::any_of(report.rules, silent) ? kFindings : code;
}

int check_loaded(const RuleArguments& arguments) {
    std::optional<audit::ProofReport> proof;
    if (!arguments.prove.empty()) {
        audit::KernelAudit kernel;
        auto proven = audit::prove_rules({}, arguments.prove == "all", kernel);
        if (!proven) {
            complain(proven.error().message);
            return kUnknown;
        }
        proof = std::move(*proven);
        if (proof->rules.empty())
            complain(arguments.prove == "all" ? "no rule is loaded: nothing to prove"
                                              : "no rule of ours is loaded: plimsoll auditd apply, or --prove=all");
    }
    audit::LintInput input =
        audit::gather_lint_input({}, arguments.log.empty() ? audit::kAuditLog : std::string_view(arguments.log));
    if (proof) {
        for (const audit::ProcessProof& one : proof->processes) {
            if (one.reason.empty()) input.proven.emplace(one.process.pid, one.audited);
        }
    }
    const audit::LintReport report = audit::lint(input);
    const bool bad = std::ranges::any_of(report.findings, fails);
    int code = report.kernel_unread ? kUnknown : bad ? kFindings : report.unknown.empty() ? kClean : kUnknown;
    if (proof && code != kFindings)
        code = std::max(code, judged(*proof), [](int a, int b) {
            return (a == kFindings ? 4 : a) < (b == kFindings ? 4 : b);  // a finding outweighs what is unknown
        });
    if (arguments.json) return finish(audit::check_json(report, proof ? &*proof : nullptr), code);
    return finish((proof ? audit::proof_text(*proof) + "\n" : "") + audit::lint_text(report), code);
}

CLI::App& add(CLI::App& auditd, const char* name, const char* description, const char* example,
              const std::shared_ptr<RuleArguments>& arguments, int (*run)(const RuleArguments&), int& exit) {
    CLI::App& command = *auditd.add_subcommand(name, description);
    command.footer(std::string("Example: ") + example);
    command.callback([arguments, run, &exit] { exit = run(*arguments); });
    return command;
}

}  // namespace

void add_auditd_rules(CLI::App& auditd, int& exit) {
    const auto for_rules = std::make_shared<RuleArguments>();
    CLI::App& rules = add(auditd, "rules", "Write audit rules for this host's engines, each with what it catches",
                          "plimsoll auditd rules --profile full -o /tmp/docker.rules", for_rules, show_rules, exit);
    add_choice(rules, *for_rules);
    rules
        .add_option("--format", for_rules->format,
                    "augenrules: a file for /etc/audit/rules.d; auditctl: lines for a shell (default: augenrules)")
        ->check(CLI::IsMember({"augenrules", "auditctl"}));
    rules.add_option("-o,--output", for_rules->output, "Write to this file instead of standard output");

    const auto for_apply = std::make_shared<RuleArguments>();
    CLI::App& applied =
        add(auditd, "apply",
            "Load these rules into the kernel and keep them for the next boot; those of others stay as they are",
            "plimsoll auditd apply --dry-run", for_apply, apply, exit);
    add_choice(applied, *for_apply);
    applied.add_flag("--dry-run", for_apply->dry_run, "Only tell what would be changed");
    applied.add_flag("--undo", for_apply->undo,
                     "Take exactly these rules away again, and switch auditing off if apply had switched it on");
    CLI::Option* persist = applied.add_flag(
        "--persist", for_apply->persist,
        "Write /etc/audit/rules.d/plimsoll.rules even where no auditd is installed (default: where that folder is)");
    applied.add_flag("--no-persist", for_apply->no_persist, "Do not touch /etc/audit")->excludes(persist);

    const auto for_check = std::make_shared<RuleArguments>();
    CLI::App& checked = add(
        auditd, "check", "Find what is wrong with the audit rules that are loaded, and with the files they come from",
        "plimsoll auditd check --prove", for_check, check_loaded, exit);
    checked.add_flag("--json", for_check->json, "Answer in JSON");
    checked.add_option(
        "--log", for_check->log,
        "Audit log of this host that tells which rules were removed (default: /var/log/audit/audit.log)");
    checked
        .add_flag("--prove{ours}", for_check->prove,
                  "Act harmlessly for each rule (ours, or =all) and show the record that came of it; auditing that is "
                  "off is on meanwhile")
        ->check(CLI::IsMember({"ours", "all"}));
}

}  // namespace plimsoll::cli
