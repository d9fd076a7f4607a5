#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/config.h"
#include "source/container_directory.h"
#include "source/engine/inventory.h"
#include "source/source.h"

namespace plimsoll::app {

/// The agent's sources, each on a thread of its own while they run.
class AgentSources {
public:
    /// Makes every source that the configuration asks for; what an engine was recorded up to is read from the ledger.
    static Result<std::unique_ptr<AgentSources>> make(const AgentConfig& config);
    ~AgentSources();  ///< stops and waits
    AgentSources(const AgentSources&) = delete;
    AgentSources& operator=(const AgentSources&) = delete;

    void start(source::Outlet& outlet);
    void stop();
    [[nodiscard]] std::vector<source::SourceStatus> status() const;

private:
    AgentSources() = default;

    std::vector<std::shared_ptr<source::Inventory>> inventories_;  ///< shared with the engines' sources
    std::unique_ptr<source::ContainerDirectory> directory_;        ///< borrowed by sources
    std::vector<std::unique_ptr<source::Source>> sources_;
    std::vector<std::jthread> threads_;
};

}  // namespace plimsoll::app
