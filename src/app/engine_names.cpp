#include "app/engine_names.h"

#include <utility>

#include "host/endpoint.h"

namespace plimsoll::app {

/// Takes the records of sources, and leaves them.
class EngineNames::Nowhere final : public source::Outlet {
public:
    bool put(model::Event /*event*/) override { return true; }
    bool offer(model::Event /*event*/) override { return true; }
};

Result<std::unique_ptr<EngineNames>> EngineNames::listen(std::span<const std::string> engines) {
    const std::vector<std::string> named(engines.begin(), engines.end());
    TRY(const auto endpoints, host::choose_endpoints(named, host::EndpointEnvironment::of_process()));
    std::unique_ptr<EngineNames> made(new EngineNames());
    made->nowhere_ = std::make_unique<Nowhere>();
    std::vector<const source::Inventory*> inventories;
    for (const host::Endpoint& endpoint : endpoints) {
        source::EngineOptions options{.endpoint = endpoint};
        options.inventory = std::make_shared<source::Inventory>();
        inventories.push_back(options.inventory.get());
        made->sources_.push_back(std::make_unique<source::EngineSource>(std::move(options)));
    }
    made->containers_ = std::make_unique<KnownContainers>(std::move(inventories));
    for (const auto& source : made->sources_) {
        made->threads_.emplace_back([engine = source.get(), nowhere = made->nowhere_.get()](
                                        const std::stop_token& stop) { engine->run(*nowhere, stop); });
    }
    return made;
}

EngineNames::~EngineNames() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
}

}  // namespace plimsoll::app
