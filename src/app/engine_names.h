#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/known_containers.h"
#include "base/result.h"
#include "source/engine/engine_source.h"

namespace plimsoll::app {

/// What engines say of their containers, for those who record nothing else of them. Listens on threads of its own until
/// it is destroyed; an engine that does not answer says nothing.
class EngineNames {
public:
    /// Of the engines at these addresses; empty: those that the command line's tools would find. The error says which
    /// address is none.
    [[nodiscard]] static Result<std::unique_ptr<EngineNames>> listen(std::span<const std::string> engines);
    ~EngineNames();
    EngineNames(const EngineNames&) = delete;
    EngineNames& operator=(const EngineNames&) = delete;

    /// Null when nothing was said of that container yet.
    [[nodiscard]] std::shared_ptr<const sensor::Container> find(std::string_view id) const {
        return containers_->find(id);
    }
    /// Grows whenever an answer may have become another one.
    [[nodiscard]] std::uint64_t generation() const { return containers_->generation(); }

private:
    class Nowhere;

    EngineNames() = default;

    std::unique_ptr<Nowhere> nowhere_;
    std::vector<std::unique_ptr<source::EngineSource>> sources_;
    std::unique_ptr<KnownContainers> containers_;  // borrows the sources' inventories
    std::vector<std::jthread> threads_;
};

}  // namespace plimsoll::app
