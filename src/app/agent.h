#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::app {

/// What `plimsoll agent` was asked for; what is given wins over the configuration file.
struct AgentOptions {
    std::string config_file;
    std::string ledger;
    std::vector<std::string> engines;
};

enum class AgentEnd : std::uint8_t { stopped, bad_configuration, failed };

/// The recorder daemon, from start to SIGTERM or SIGINT. Says on standard error why it could not start.
[[nodiscard]] AgentEnd run_agent(const AgentOptions& options);

}  // namespace plimsoll::app
