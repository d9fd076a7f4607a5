#include "source/resource/inventory_directory.h"

namespace plimsoll::source {

namespace {

ContainerEntry entry_of(const ContainerRecord& container) {
    ContainerEntry entry{container.id, container.name, container.image, 0, {}, {}};
    for (const auto& [name, value] : container.labels) entry.labels.emplace_back(name, value);
    return entry;
}

}  // namespace

Result<std::vector<ContainerEntry>> InventoryDirectory::running() const {
    std::vector<ContainerEntry> out;
    for (const Inventory* inventory : inventories_) {
        for (const Inventory::Container& each : inventory->all()) {
            if (each->running) out.push_back(entry_of(*each));
        }
    }
    return out;
}

std::optional<ContainerEntry> InventoryDirectory::find(std::string_view id) const {
    for (const Inventory* inventory : inventories_) {
        if (const auto container = inventory->find(id)) return entry_of(*container);
    }
    return std::nullopt;
}

std::string InventoryDirectory::doubt() const {
    for (const Inventory* inventory : inventories_) {
        // Before the first question there is nothing to doubt: the answer takes less time than a round of samples.
        if (std::string reason = inventory->doubt(); !reason.empty() && reason != Inventory::kNotAsked) return reason;
    }
    return {};
}

}  // namespace plimsoll::source
