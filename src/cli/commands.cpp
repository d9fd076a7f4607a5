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
#include "cli/report_command.h"
#include "cli/rules_command.h"
#include "cli/run.h"
#include "cli/search_command.h"
#include "cli/status_command.h"
#include "cli/timeline_command.h"
#include "cli/top_command.h"
#include "cli/verify_command.h"
#include "cli/watch_command.h"
#include "cli/witness_command.h"

namespace plimsoll::cli {

std::span<const Command> commands() {
    static constexpr std::array kCommands = {
        Command{"audit", add_audit},   Command{"agent", add_agent},       Command{"search", add_search},
        Command{"watch", add_watch},   Command{"timeline", add_timeline}, Command{"report", add_report},
        Command{"top", add_top},       Command{"alerts", add_alerts},     Command{"status", add_status},
        Command{"verify", add_verify}, Command{"prove", add_prove},       Command{"witness", add_witness},
        Command{"auditd", add_auditd}, Command{"rules", add_rules},       Command{"config", add_config},
        Command{"prune", add_prune},   Command{"fields", add_fields},     Command{"man", add_man},
    };
    return kCommands;
}

void declare(CLI::App& root, int& exit) {
    root.description("Audits container hosts: what is unsafe, what happened, and the proof of it.");
    root.footer(
        "Exit codes: 0 clean, 1 findings at or above --fail-on, 2 wrong usage or a broken file, 3 could not find out.\n"
        "Example: sudo plimsoll audit --fail-on critical");
    root.set_version_flag("--version", std::string("plimsoll ") + kVersion, "Print the version and exit");
    root.require_subcommand(1);
    for (const Command& command : commands()) command.add(root, exit);
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
