#include "cli/audit_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "app/audit.h"
#include "app/config.h"
#include "cli/output.h"
#include "host/terminal.h"
#include "report/explain.h"
#include "report/formats.h"

namespace plimsoll::cli {

namespace {

struct AuditArguments {
    app::AuditRequest request;
    std::string config_file;
    std::string fail_on;
    std::string format = "text";
    std::string output;
    std::string colour = "auto";
    bool json = false;
    bool verbose = false;
};

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const report::Format& format : report::formats()) names.emplace_back(format.name);
    return names;
}

report::Options report_options(const AuditArguments& arguments) {
    const host::Terminal terminal = host::standard_output();
    report::Options options;
    const bool to_terminal = terminal.is_terminal && (arguments.output.empty() || arguments.output == "-");
    options.colour = arguments.colour == "always" || (arguments.colour == "auto" && to_terminal && !terminal.no_colour);
    if (to_terminal && terminal.width > 0) options.width = terminal.width;
    options.verbose = arguments.verbose;
    return options;
}

int exit_code(const app::AuditOutcome& outcome, model::Severity fail_on) {
    if (outcome.nothing_judged) return kUnknown;
    const bool bad = std::ranges::any_of(outcome.report->findings, [&](const model::Finding& finding) {
        return model::counts(finding) && outcome.report->checks[finding.check].severity >= fail_on;
    });
    if (bad) return kFindings;
    return outcome.incomplete ? kUnknown : kClean;
}

int audit(AuditArguments& arguments) {
    if (arguments.json) arguments.format = "json";
    const auto config = app::read_config(arguments.config_file);
    if (!config) {
        complain(config.error().message);
        return kUsage;
    }
    app::apply(*config, arguments.request);
    const std::string severity = !arguments.fail_on.empty() ? arguments.fail_on : config->fail_on;
    const app::AuditOutcome outcome = app::run_audit(arguments.request);
    if (!outcome.report) {
        for (const std::string& message : outcome.failure.messages) complain(message);
        return kUsage;
    }
    const auto options = report_options(arguments);
    const auto format = report::find_format(arguments.format);
    const std::string text = arguments.request.explain.empty() || arguments.format != "text"
                                 ? format->render(*outcome.report, options)
                                 : report::explain(*outcome.report, options);
    if (!deliver(arguments.output, text)) return kUnknown;
    return exit_code(outcome, model::parse_severity(severity).value_or(model::Severity::high));
}

}  // namespace

void add_audit(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand(
        "audit", "Judge this host, its container engines, containers, images, networks and volumes");
    auto arguments = std::make_shared<AuditArguments>();
    app::AuditRequest& request = arguments->request;
    command
        .add_option("--host", request.hosts,
                    "Engine to ask, unix:///path or tcp://host:port; may be given again. Default: DOCKER_HOST, the "
                    "docker context, else every well-known socket")
        ->type_name("ADDRESS");
    command
        .add_option("--compose", request.compose_files,
                    "Judge a compose file before it runs, instead of an engine; may be given again")
        ->type_name("FILE");
    command.add_option("--container", request.container, "Judge only this container, by name or id")->type_name("NAME");
    command
        .add_option("--only", request.only,
                    "Judge only checks whose id, tag or reference matches, for example 'mount-*' or 'cis-1.8:5.*'; may "
                    "be given again")
        ->type_name("PATTERN");
    command
        .add_option("--fail-on", arguments->fail_on,
                    "Exit with 1 when a finding has this severity or a higher one (default: high)")
        ->check(CLI::IsMember({"info", "low", "medium", "high", "critical"}))
        ->type_name("SEVERITY");
    command.add_option("--format", arguments->format, "How to write the report")
        ->check(CLI::IsMember(format_names()))
        ->capture_default_str()
        ->type_name("FORMAT");
    command.add_flag("--json", arguments->json, "The same as --format json");
    command.add_option("--output", arguments->output, "Write the report to a file instead of standard output")
        ->type_name("FILE");
    command.add_option("--rules", request.rule_files, "Load more rules, or change shipped ones; may be given again")
        ->type_name("FILE");
    command
        .add_option("--waivers", request.waiver_files,
                    "Load waivers: findings that somebody decided to live with; may be given again")
        ->type_name("FILE");
    command
        .add_option("--allow-image", request.allowed_images,
                    "Repositories that images may come from, for example 'registry.example/team/*'; may be given again")
        ->type_name("PATTERN");
    command
        .add_option("--baseline", arguments->request.baseline_file,
                    "JSON report of an earlier audit: say what is new since then")
        ->type_name("FILE");
    command.add_option("--explain", request.explain, "Show one check, and the facts it used with their origin")
        ->type_name("CHECK");
    command.add_flag("--verbose", arguments->verbose, "Also what passed, does not apply or needs a person");
    command
        .add_option("--log-lines", request.log_lines, "Last lines of each container's log to judge; 0 reads no logs")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str()
        ->type_name("N");
    command.add_option("--timeout", request.timeout_seconds, "Seconds that one answer of an engine may take")
        ->check(CLI::Range(0.1, 600.0))
        ->capture_default_str()
        ->type_name("SECONDS");
    command.add_option("--colour,--color", arguments->colour, "auto, always or never; NO_COLOR is honoured")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->capture_default_str()
        ->type_name("WHEN");
    command
        .add_option("--config", arguments->config_file,
                    "Configuration file (default: /etc/plimsoll/plimsoll.yaml if it exists)")
        ->type_name("FILE");
    command.footer(
        "Exit codes: 0 clean, 1 findings at or above --fail-on, 2 wrong usage or a broken file, 3 could not find out.\n"
        "Example: plimsoll audit --only 'cis-1.8:*' --format sarif --output audit.sarif");
    command.callback([arguments, &exit] { exit = audit(*arguments); });
}

}  // namespace plimsoll::cli
