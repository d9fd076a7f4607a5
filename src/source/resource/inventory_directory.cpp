#include "source/resource/inventory_directory.h"

namespace plimsoll::source {

Result<std::vector<ContainerEntry>> InventoryDirectory::running() const {
    std::vector<ContainerEntry> out;
    for (const Inventory* inventory : inventories_) {
        for (const Inventory::Container& each : inventory->all()) {
            if (!each->running) continue;
            ContainerEntry entry{each->id, each->name, each->image, 0, {}, {}};
            for (const auto& [name, value] : each->labels) entry.labels.emplace_back(name, value);
            out.push_back(std::move(entry));
        }
    }
    return out;
}

}  // namespace plimsoll::source
