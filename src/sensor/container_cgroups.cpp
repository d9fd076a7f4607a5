#include "sensor/container_cgroups.h"

#include <algorithm>

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kMostCgroups = 1U << 18U;
constexpr std::size_t kIdSize = 64;

}  // namespace

ContainerCgroups::Held& ContainerCgroups::of(const std::string& id) {
    auto& place = held_[id];
    if (place == nullptr) {
        place = std::make_unique<Held>();
        place->id = id;
    }
    (void)current(*place);
    return *place;
}

/// What the engine tells of it by now, else a place-holder.
const std::shared_ptr<const Container>& ContainerCgroups::current(Held& held) {
    if (held.now != nullptr && held.told == told_) return held.now;
    held.told = told_;
    if (auto found = containers_.find(held.id)) {
        held.now = std::move(found);
    } else if (held.now == nullptr) {
        auto made = std::make_shared<Container>();
        made->id = held.id;
        made->unnamed = "no engine has told of it yet";
        held.now = std::move(made);
    }
    return held.now;
}

void ContainerCgroups::notice_news() {
    const std::uint64_t now = containers_.generation();
    if (now == generation_) return;
    generation_ = now;
    ++told_;
}

void ContainerCgroups::put(std::uint64_t cgroup, Held& held) {
    if (cgroups_.size() < kMostCgroups && cgroups_.try_emplace(cgroup, &held).second) ++held.cgroups;
}

void ContainerCgroups::found(std::uint64_t cgroup, std::string_view id) {
    if (!id.empty() && id.size() <= kIdSize) put(cgroup, of(std::string(id)));
}

/// Whether a cgroup of the container is known in the same hierarchy already.
bool ContainerCgroups::has_another(std::uint64_t cgroup, const Held& held) const {
    return std::ranges::any_of(cgroups_, [&](const auto& each) {
        return each.second == &held && each.first != cgroup && each.first >> WIRE_HIERARCHY == cgroup >> WIRE_HIERARCHY;
    });
}

void ContainerCgroups::drop_cgroups(Held& held) {
    std::erase_if(cgroups_, [&](const auto& each) { return each.second == &held; });
    held.cgroups = 0;
}

void ContainerCgroups::made(const RawEvent& event) {
    const std::uint64_t cgroup = event.head->cgroup;
    const std::uint64_t above = event.arguments == nullptr ? cgroup : event.arguments->value[0];
    if (const auto known = cgroups_.find(above); above != cgroup && known != cgroups_.end())
        return put(cgroup, *known->second);
    const std::string_view id = event.string(WIRE_CONTAINER);
    if (id.size() > kIdSize || id.empty() || id.front() == '\0') return;
    const bool by_root = event.head->euid == 0;
    const bool fresh = !held_.contains(std::string(id));
    Held& held = of(std::string(id));
    if (fresh) held.by_root = by_root;
    if (!fresh && !by_root && has_another(cgroup, held)) return;  // an ordinary user's, named like somebody's container
    if (!fresh && by_root && !held.by_root) drop_cgroups(held);
    held.by_root = held.by_root || by_root;
    put(cgroup, held);
}

void ContainerCgroups::gone(std::uint64_t cgroup) {
    const auto place = cgroups_.find(cgroup);
    if (place == cgroups_.end()) return;
    Held* const held = place->second;
    cgroups_.erase(place);
    if (--held->cgroups > 0) return;
    const std::string id = held->id;
    held_.erase(id);
}

ContainerCgroups::Held* ContainerCgroups::find(std::uint64_t cgroup) const {
    const auto known = cgroups_.find(cgroup);
    return known == cgroups_.end() ? nullptr : known->second;
}

void ContainerCgroups::enter(Process& process, Held& held) {
    process.container = current(held);
    process.told = told_;
    process.in_container = true;
    const Process* const parent = process.parent.get();
    const ProcessKey above = parent == nullptr ? ProcessKey{} : parent->key;
    if (held.first.pid == 0) {
        held.first = process.key;
        held.first_parent = above;
        held.first_is_init = process.task.ns_pid == 1;
    }
    // A runtime makes the siblings of its first process with CLONE_PARENT, process 1 among them.
    const bool sibling = !held.first_is_init && above.pid != 0 && above == held.first_parent;
    if (process.task.ns_pid == 1 || held.first == process.key || sibling) {
        process.exec_session = false;
        return;
    }
    const bool inherits = parent != nullptr && parent->container != nullptr && parent->container->id == held.id;
    process.exec_session = !inherits || parent->exec_session;
}

void ContainerCgroups::refresh(Process& process) {
    process.told = told_;
    const auto known = held_.find(process.container->id);
    if (known != held_.end()) process.container = current(*known->second);
}

std::vector<std::pair<std::uint64_t, std::string>> ContainerCgroups::all() const {
    std::vector<std::pair<std::uint64_t, std::string>> out;
    for (const auto& [cgroup, held] : cgroups_) out.emplace_back(cgroup, held->id);
    std::ranges::sort(out);
    return out;
}

}  // namespace plimsoll::sensor
