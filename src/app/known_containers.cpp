#include "app/known_containers.h"

#include <string_view>
#include <utility>

#include "base/time.h"
#include "host/containerd_task.h"

namespace plimsoll::app {

namespace {

/// The mount of that number.
sensor::ContainerMount mount_of(const model::Event& facts, const std::string& index) {
    const auto part = [&](model::FieldKey field) { return std::string(facts.text(field, index)); };
    return {.source = part("container.mount.source"),
            .destination = part("container.mount.dest"),
            .mode = part("container.mount.mode"),
            .writable = part("container.mount.rdwr") == "true",
            .propagation = part("container.mount.propagation")};
}

std::shared_ptr<const sensor::Container> make(const source::ContainerRecord& record) {
    auto out = std::make_shared<sensor::Container>();
    const model::Event& facts = record.facts;
    out->id = record.id;
    out->name = record.name;
    out->image = record.image;
    out->image_id = facts.text("container.image.id");
    out->image_digest = facts.text("container.image.digest");
    out->engine = facts.text("container.type");
    out->privileged = facts.is_true("container.privileged");
    out->known = !record.name.empty();
    out->created = record.created;
    out->started = record.started;
    out->ip = facts.text("container.ip");
    out->health_command = record.health_command;
    out->labels.assign(record.labels.begin(), record.labels.end());
    for (std::size_t n = 0;; ++n) {
        const std::string index = std::to_string(n);
        if (facts.text("container.mount", index).empty()) break;
        out->mounts.push_back(mount_of(facts, index));
    }
    const model::Reading name = facts.read(model::FieldKey("container.name").id(), {});
    if (name.state == model::Reading::State::unknown) out->unnamed = name.reason;
    return out;
}

std::shared_ptr<const sensor::Container> make(std::string_view id, host::ContainerdTask task) {
    auto out = std::make_shared<sensor::Container>();
    out->id = id;
    out->name = std::move(task.name);
    out->image = std::move(task.image);
    out->engine = "containerd";
    out->privileged = task.privileged;
    out->known = true;
    out->created = out->started = task.made * kSecond;
    out->labels.assign(task.labels.begin(), task.labels.end());
    for (host::ContainerdMount& mount : task.mounts) {
        out->mounts.push_back({.source = std::move(mount.source),
                               .destination = std::move(mount.destination),
                               .mode = std::move(mount.options),
                               .writable = mount.writable,
                               .propagation = std::move(mount.propagation)});
    }
    if (out->name.empty()) out->unnamed = "containerd's task bears no name";
    return out;
}

}  // namespace

std::shared_ptr<const sensor::Container> KnownContainers::of_containerd(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    if (const auto known = tasks_.find(std::string(id)); known != tasks_.end()) return known->second;
    auto task = host::find_containerd_task({}, id);
    if (!task) return nullptr;
    if (tasks_.size() >= source::Inventory::kMostContainers) tasks_.clear();
    return tasks_[std::string(id)] = make(id, std::move(*task));
}

std::shared_ptr<const sensor::Container> KnownContainers::find(std::string_view id) const {
    for (const source::Inventory* inventory : inventories_) {
        source::Inventory::Container record = inventory->find_early(id);
        if (!record) continue;
        const std::scoped_lock lock(mutex_);
        Made& made = made_[std::string(id)];
        if (made.from != record) made = {record, make(*record)};
        if (made_.size() > 2 * source::Inventory::kMostContainers) {
            auto kept = made.made;
            made_.clear();
            return kept;
        }
        return made.made;
    }
    return of_containerd(id);
}

std::uint64_t KnownContainers::generation() const {
    std::uint64_t sum = 0;
    for (const source::Inventory* inventory : inventories_) sum += inventory->version();
    return sum;
}

}  // namespace plimsoll::app
