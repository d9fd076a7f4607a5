#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/config.h"
#include "app/event_queue.h"
#include "app/kernel_feed.h"
#include "app/kernel_rules.h"
#include "app/known_containers.h"
#include "source/container_directory.h"
#include "source/engine/inventory.h"
#include "source/source.h"

namespace plimsoll::app {

/// The agent's sources, each on a thread of its own while they run.
class AgentSources {
public:
    /// Makes every source that the configuration asks for; what an engine was recorded up to is read from the ledger.
    /// The sensor hands what it judged to `queue`, which must outlive the sources.
    static Result<std::unique_ptr<AgentSources>> make(const AgentConfig& config, EventQueue& queue);
    ~AgentSources();  ///< stops and waits
    AgentSources(const AgentSources&) = delete;
    AgentSources& operator=(const AgentSources&) = delete;

    /// What the sensor judges by, from now on.
    void use_rules(std::shared_ptr<KernelRules> rules);

    void start(source::Outlet& outlet);
    void stop();
    [[nodiscard]] std::vector<source::SourceStatus> status() const;

private:
    AgentSources() = default;

    std::vector<std::shared_ptr<source::Inventory>> inventories_;  ///< shared with the engines' sources
    std::unique_ptr<source::ContainerDirectory> directory_;        ///< borrowed by sources
    std::unique_ptr<KnownContainers> containers_;                  ///< borrowed by the sensor
    std::vector<std::unique_ptr<source::Source>> sources_;
    KernelFeed* sensor_ = nullptr;  ///< one of `sources_`; null when there is none
    std::vector<std::jthread> threads_;
};

}  // namespace plimsoll::app
