#pragma once

#include <string>

#include "base/json.h"
#include "host/endpoint.h"
#include "host/file.h"
#include "posture/container_facts.h"
#include "posture/daemon_settings.h"
#include "posture/engine_host.h"
#include "posture/inventory.h"

namespace plimsoll::posture {

/// What is known about one engine before its containers are read.
struct DaemonReading {
    const Json& version;  ///< GET /version
    const Json& info;     ///< GET /info
    const host::Endpoint& endpoint;
    const EngineHost& engines;
    const EngineProcess* process = nullptr;    ///< null when it cannot be seen
    const DaemonSettings* settings = nullptr;  ///< null when they cannot be seen
    std::string reason;                        ///< why not
};

/// Sets daemon.* and fills in the defaults of `view`; adds the sockets on which its process listens.
void gather_daemon(const DaemonReading& in, const host::Root& root, Inventory& inventory, model::Facts& daemon,
                   EngineView& view);

/// Adds the sockets of one process, with who can reach them. `settings` are that process's own and tell whether its TCP
/// sockets speak TLS; null when they cannot be seen.
void gather_listeners(const EngineHost& engines, const EngineProcess& process, const DaemonSettings* settings,
                      const host::Root& root, Inventory& inventory, const model::Facts& owner);

}  // namespace plimsoll::posture
