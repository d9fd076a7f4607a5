#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/endpoint.h"
#include "posture/engine_host.h"
#include "posture/gather.h"

namespace plimsoll::posture {

/// What adds up over all engines of the host.
struct EngineTotals {
    bool answered = false;
    bool files_gathered = false;
    std::string reason = "no container engine was found";  ///< why nothing answered
    std::string data_root;
    std::int64_t containers = 0, running = 0, images = 0, dangling = 0, unused_images = 0, unused_volumes = 0,
                 unused_networks = 0;

    std::set<int> judged_processes;  ///< daemons that were audited through their API
    std::string containers_lost, images_lost, volumes_lost,
        networks_lost;  ///< why a count is unknown; empty when it is known

    /// Sets the host's totals, or says why they are unknown.
    void write(model::Facts& host, const host::Root& root) const;
};

/// Asks one engine for everything and adds its facts. An engine that does not answer is a problem of the inventory.
void audit_engine(const host::Endpoint& endpoint, const GatherOptions& options, const LifeCycles& cycles,
                  const EngineHost& engines, Inventory& inventory, EngineTotals& totals);

/// The engines' programs on this host: of the running daemons, and the usual ones that exist.
[[nodiscard]] std::vector<std::string> engine_binaries(const EngineHost& engines, const host::Root& root);

}  // namespace plimsoll::posture
