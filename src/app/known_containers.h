#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sensor/containers.h"
#include "source/engine/inventory.h"

namespace plimsoll::app {

/// What the engines' sources know of containers, and where no engine does, containerd's tasks; in the form that the
/// sensor reads. Any thread.
class KnownContainers final : public sensor::Containers {
public:
    /// Borrows the inventories, which must outlive it.
    explicit KnownContainers(std::vector<const source::Inventory*> inventories)
        : inventories_(std::move(inventories)) {}

    [[nodiscard]] std::shared_ptr<const sensor::Container> find(std::string_view id) const override;
    [[nodiscard]] std::uint64_t generation() const override;

private:
    struct Made {
        source::Inventory::Container from;  ///< shared with the inventory: what `made` was made of
        std::shared_ptr<const sensor::Container> made;
    };

    [[nodiscard]] std::shared_ptr<const sensor::Container> of_containerd(std::string_view id) const;

    std::vector<const source::Inventory*> inventories_;
    mutable std::mutex mutex_;
    mutable std::unordered_map<std::string, Made> made_;  ///< by id; dropped when it grows past what engines hold
    mutable std::unordered_map<std::string, std::shared_ptr<const sensor::Container>> tasks_;  ///< containerd's, by id
};

}  // namespace plimsoll::app
