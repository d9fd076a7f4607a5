#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <sstream>
#include <string>

#include "base/text.h"
#include "base/version.h"
#include "cli/agent_command.h"
#include "cli/alerts_command.h"
#include "cli/audit_command.h"
#include "cli/auditd_command.h"
#include "cli/command.h"
#include "cli/config_command.h"
#include "cli/fields_command.h"
#include "cli/man_command.h"
#include "cli/output.h"
#include "cli/prove_command.h"
#include "cli/prune_command.h"
#include "cli/record_command.h"
#include "cli/report_command.h"
#include "cli/rules_command.h"
#include "cli/run.h"
#include "cli/search_command.h"
#include "cli/status_command.h"
#include "cli/timeline_command.h"
#include "cli/top_command.h"
#include "cli/verify_command.h"
#include "cli/watch_command.h"
#include "cli/who_command.h"
#include "cli/witness_command.h"

namespace plimsoll::cli {

std::span<const Command> commands() {
    static constexpr std::array kCommands = {
        Command{"audit", add_audit},     Command{"agent", add_agent},       Command{"search", add_search},
        Command{"watch", add_watch},     Command{"timeline", add_timeline}, Command{"who", add_who},
        Command{"report", add_report},   Command{"top", add_top},           Command{"alerts", add_alerts},
        Command{"status", add_status},   Command{"verify", add_verify},     Command{"prove", add_prove},
        Command{"witness", add_witness}, Command{"auditd", add_auditd},     Command{"record", add_record},
        Command{"rules", add_rules},     Command{"config", add_config},     Command{"prune", add_prune},
        Command{"fields", add_fields},   Command{"man", add_man},
    };
    return kCommands;
}

namespace {

/// An empty value is never meant: it is a variable of a script that was not set. Taken for an option that was not
/// given, it would quietly widen what was asked for.
void refuse_empty_values(CLI::App& command) {
    const CLI::Validator not_empty(
        [](std::string& value) { return value.empty() ? std::string("the value is empty") : std::string(); }, "");
    for (CLI::Option* option : command.get_options([](const CLI::Option*) { return true; })) {
        if (option->nonpositional() && option->get_items_expected_max() > 0) option->check(not_empty);
    }
    for (CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) refuse_empty_values(*sub);
}

}  // namespace

void declare(CLI::App& root, int& exit) {
    root.description("Audits container hosts: what is unsafe, what happened, and the proof of it.");
    root.set_version_flag("--version", std::string("plimsoll ") + kVersion, "Print the version and exit");
    root.require_subcommand(1);
    for (const Command& command : commands()) command.add(root, exit);
    // Behind the commands: each begins with its parent's footer, and these exit codes are not those of every command.
    root.footer(
        "Exit codes of every command: 0 done, or clean; 1 something was found, 2 wrong usage or a broken file, 3 could "
        "not find out; `plimsoll COMMAND --help` says more.\nExample: sudo plimsoll audit --fail-on critical");
    refuse_empty_values(root);
}

int run(int argc, char** argv) {
    CLI::App root("", "plimsoll");
    int exit = kClean;
    declare(root, exit);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& fault) {
        if (fault.get_exit_code() == 0) {  // --help, --version
            std::ostringstream out;
            root.exit(fault, out, out);
            return finish(out.str(), kClean);
        }
        std::fprintf(stderr, "plimsoll: %s\nTry 'plimsoll --help'.\n", printable(fault.what()).c_str());
        return kUsage;
    }
    return exit;
}

}  // namespace plimsoll::cli
