#pragma once

#include <utility>
#include <vector>

#include "source/container_directory.h"
#include "source/engine/inventory.h"

namespace plimsoll::source {

/// The running containers that engines' sources know of. The inventories must outlive this. Any thread.
class InventoryDirectory final : public ContainerDirectory {
public:
    explicit InventoryDirectory(std::vector<const Inventory*> inventories) : inventories_(std::move(inventories)) {}

    /// Never an error: what an engine said last stands until it says something else; who ended has no cgroup.
    [[nodiscard]] Result<std::vector<ContainerEntry>> running() const override;
    [[nodiscard]] std::optional<ContainerEntry> find(std::string_view id) const override;
    [[nodiscard]] std::string doubt() const override;

private:
    std::vector<const Inventory*> inventories_;
};

}  // namespace plimsoll::source
