#include "cli/agent_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/agent.h"
#include "cli/output.h"

namespace plimsoll::cli {

void add_agent(CLI::App& root, int& exit) {
    CLI::App& command = *root.add_subcommand("agent", "Record what containers do on this host, until stopped");
    auto options = std::make_shared<app::AgentOptions>();
    command.add_option("--config", options->config_file,
                       "Configuration file (default: /etc/plimsoll/plimsoll.yaml if it exists)");
    command.add_option("--ledger", options->ledger, "Folder of the ledger (default: /var/lib/plimsoll/ledger)");
    command.add_option("--host", options->engines,
                       "Address of an engine, instead of those of the file; may be repeated");
    command.footer(
        "SIGHUP reads the configuration and the rules again; a broken file is refused and the old one kept. SIGTERM "
        "stops "
        "in order.\nExit codes: 0 stopped, 2 the configuration or a rule is wrong, 3 could not start or had to give "
        "up.\n"
        "Example: sudo plimsoll agent --ledger /var/lib/plimsoll/ledger");
    command.callback([options, &exit] {
        switch (app::run_agent(*options)) {
            case app::AgentEnd::stopped: exit = kClean; break;
            case app::AgentEnd::bad_configuration: exit = kUsage; break;
            case app::AgentEnd::failed: exit = kUnknown; break;
        }
    });
}

}  // namespace plimsoll::cli
