#include "cli/rules_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/kernel_recording.h"
#include "app/rule_packs.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/record_output.h"
#include "rule/kernel_filter.h"
#include "rule/rule_examples.h"

namespace plimsoll::cli {

namespace {

struct RulesArguments {
    std::vector<std::string> files;
    bool strict = false;
    std::string replay;  ///< a recording, of `test`
    bool host = false;
    bool json = false;
    bool kernel = false;     ///< of `list`: what the kernel sends because of the rules
    bool recording = false;  ///< of `list`: the default recording policy
};

/// The files given, or the shipped packs and the administrator's own when none is.
Result<rule::RuleSet> load(const RulesArguments& arguments) {
    return arguments.files.empty() ? app::load_posture_rules(app::kRulesFolder, {})
                                   : app::load_rule_files(arguments.files);
}

/// Prints what is wrong; true when an error is among it, or with --strict a warning.
bool tell(const rule::RuleSet& rules, bool strict) {
    bool bad = false;
    for (const rule::Diagnostic& diagnostic : rules.diagnostics) {
        std::fprintf(stderr, "%s\n", printable(rule::to_text(diagnostic, rules)).c_str());
        bad = bad || strict || diagnostic.level == rule::Diagnostic::Level::error;
    }
    return bad;
}

std::string counts(const rule::RuleSet& rules) {
    return fmt::format("{} rules, {} checks, {} attack paths, {} waivers\n", rules.rules.size(), rules.checks.size(),
                       rules.paths.size(), rules.waivers.size());
}

int check_rules(const RulesArguments& arguments, rule::RuleSet rules) {
    if (tell(rules, arguments.strict)) return kUsage;
    return finish(counts(rules), kClean);
}

int list_rules(const RulesArguments& arguments, rule::RuleSet rules) {
    if (tell(rules, arguments.strict)) return kUsage;
    std::string out;
    if (arguments.recording) {
        for (const std::string_view condition : app::default_recording()) out += fmt::format("- {}\n", condition);
        return finish(out, kClean);
    }
    if (arguments.kernel) {
        std::vector<const rule::Rule*> judged;
        for (const rule::Rule& rule : rules.rules) {
            if (rule.enabled && rule.source == "syscall") judged.push_back(&rule);
        }
        return finish(rule::explain_kernel_filter(judged, false), kClean);
    }
    for (const rule::Rule& rule : rules.rules) {
        out += fmt::format("{:<14} {:<10} {}{}\n", rule::to_text(rule.priority), rule.source, printable(rule.name),
                           rule.enabled ? "" : " (disabled)");
    }
    for (const rule::CheckItem& check : rules.checks) {
        out += fmt::format("{:<9} {:<10} {:<44} {}{}{}\n", model::to_text(check.text.severity),
                           model::to_text(check.text.subject), check.text.id, printable(check.text.title),
                           check.condition ? "" : " (manual)", check.enabled ? "" : " (disabled)");
    }
    for (const rule::PathItem& path : rules.paths) {
        out += fmt::format("{:<9} path       {:<44} {}{}\n", model::to_text(path.severity), path.id,
                           printable(path.title), path.enabled ? "" : " (disabled)");
    }
    return finish(out + counts(rules), kClean);
}

/// Plays a recording back and prints each alert that the rules would have raised.
int replay(const RulesArguments& arguments, rule::RuleSet rules) {
    auto judged = app::KernelRules::make(std::move(rules), {}, arguments.host);
    if (!judged) {
        complain(judged.error().message);
        return kUsage;
    }
    bool written = true;
    const auto count = app::replay_kernel(
        arguments.replay, **judged, arguments.host,
        [&](const model::Event& event, std::span<const rule::AlertMatch> matches) {
            for (const rule::AlertMatch& match : matches) {
                const std::string time = exact_time(event.time());
                const std::string line = arguments.json
                                             ? nlohmann::json{{"time", time},
                                                              {"rule", match.rule->name},
                                                              {"priority", rule::to_text(match.rule->priority)},
                                                              {"output", match.output},
                                                              {"container", event.text("container.name")},
                                                              {"event", event.number("evt.num")}}
                                                       .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                                                   "\n"
                                             : fmt::format("{} {}: {}\n", time, rule::to_text(match.rule->priority),
                                                           printable(match.output));
                written = written && print(line);
            }
        });
    if (!count) {
        complain(count.error().message);
        return kUnknown;
    }
    complain(fmt::format("{} events, {} malformed, {} alerts", count->events, count->malformed, count->matches));
    return !written ? kUnknown : count->matches == 0 ? kClean : kFindings;
}

int test_rules(const RulesArguments& arguments, rule::RuleSet rules) {
    if (tell(rules, arguments.strict)) return kUsage;
    if (!arguments.replay.empty()) return replay(arguments, std::move(rules));
    const rule::ExampleReport report = rule::test_examples(rules);
    std::string out;
    for (const rule::ExampleFailure& failure : report.failures) {
        out += fmt::format("{}: {}: {}\n", printable(rule::to_text(failure.at, rules)), printable(failure.context),
                           printable(failure.message));
    }
    out += fmt::format("{} examples, {} failed\n", report.checked, report.failures.size());
    return finish(out, report.failures.empty() ? kClean : kFindings);
}

void add(CLI::App& parent, const char* name, const char* description, const char* exits, const char* example,
         int (*run)(const RulesArguments&, rule::RuleSet), int& exit) {
    CLI::App& command = *parent.add_subcommand(name, description);
    auto arguments = std::make_shared<RulesArguments>();
    if (run == list_rules) {
        command.add_flag("--kernel", arguments->kernel,
                         "What the kernel sends to the sensor because of the rules, and why");
        command.add_flag("--recording", arguments->recording,
                         "What the sensor records though no rule holds, by default");
    }
    if (run == test_rules) {
        command
            .add_option("--replay", arguments->replay,
                        "Judge a recording of `plimsoll record` instead, and print each alert")
            ->type_name("RECORDING");
        command.add_flag("--host", arguments->host, "With --replay: processes outside containers too");
        command.add_flag("--json", arguments->json, "With --replay: one JSON object for each alert");
    }
    command.add_option("FILE", arguments->files,
                       "Rule files, in load order; none: the shipped packs and /etc/plimsoll/rules.d");
    command.footer(fmt::format("Exit codes: {}.\nExample: {}", exits, example));
    command.add_flag("--strict", arguments->strict, "Warnings count as errors");
    command.callback([arguments, run, &exit] {
        auto rules = load(*arguments);
        if (!rules) {
            complain(rules.error().message);
            exit = kUsage;
            return;
        }
        exit = run(*arguments, std::move(*rules));
    });
}

}  // namespace

void add_rules(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("rules", "Check, list and test rule files: Falco's and Plimsoll's own");
    command.require_subcommand(1);
    add(command, "check", "Report every error with file, line, column and what was expected",
        "0 in order, 2 errors, or a file that cannot be read", "plimsoll rules check /etc/falco/falco_rules.yaml",
        check_rules, exit);
    add(command, "list", "List rules, checks and attack paths", "0 listed, 2 errors, or a file that cannot be read",
        "plimsoll rules list", list_rules, exit);
    add(command, "test", "Run the examples inside the files",
        "0 all hold (with --replay: no alert), 1 examples that fail (with --replay: alerts), 2 errors, or a file that "
        "cannot be read, 3 the recording cannot be read",
        "plimsoll rules test --strict mine.yaml", test_rules, exit);
    command.footer(
        "Exit codes: 0 in order, 1 examples that fail, 2 errors, or a file that cannot be read.\n"
        "Example: plimsoll rules check /etc/falco/falco_rules.yaml");
}

}  // namespace plimsoll::cli
