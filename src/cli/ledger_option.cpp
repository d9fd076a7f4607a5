#include "cli/ledger_option.h"

#include <CLI/CLI.hpp>

#include "app/config.h"

namespace plimsoll::cli {

std::string default_ledger() {
    // A broken file is told by the agent and by `plimsoll config check`; reading old records does not depend on it.
    const auto config = app::read_config({});
    return config ? config->agent.ledger.path : ledger::WriterOptions{}.path;
}

CLI::Option* add_ledger_option(CLI::App& command, std::string& folder) {
    command.parse_complete_callback([&folder] {
        if (folder.empty()) folder = default_ledger();
    });
    return command.add_option("--ledger", folder, "Folder of the ledger (default: ledger.path of plimsoll.yaml)")
        ->type_name("DIR");
}

}  // namespace plimsoll::cli
