#include "app/kernel_cgroups.h"

namespace plimsoll::app {

std::optional<model::Event> cgroup_record(const sensor::RawEvent& raw, std::string_view container,
                                          const sensor::ProcessTable& table, const sensor::Containers& containers,
                                          const sensor::Surroundings& surroundings) {
    if (container.empty() || raw.arguments == nullptr) return std::nullopt;
    const std::uint64_t above = raw.arguments->value[0];
    if (above != raw.head->cgroup && !table.container_of(above).empty()) return std::nullopt;
    const bool made = raw.head->kind == WIRE_CGROUP_MADE;
    model::Event out(static_cast<Nanoseconds>(raw.head->time) + surroundings.boot_offset);
    out.set("record.kind", "event");
    out.set("evt.source", "syscall");
    out.set("evt.type", made ? "cgroup_made" : "cgroup_removed");
    out.set("evt.hostname", surroundings.hostname);
    out.set("container.id", container.substr(0, 12));
    out.set("container.full_id", container);
    if (const auto known = containers.find(container)) {
        if (!known->name.empty()) out.set("container.name", known->name);
        if (!known->image.empty()) out.set("container.image", known->image);
        if (!known->engine.empty()) out.set("container.type", known->engine);
    }
    out.set("fs.path.name", raw.string(WIRE_PATH));
    out.set("record.summary", made ? "its cgroup was made" : "its cgroup was removed");
    return out;
}

}  // namespace plimsoll::app
