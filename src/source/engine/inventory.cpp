#include "source/engine/inventory.h"

namespace plimsoll::source {

Inventory::Container Inventory::find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    if (const auto found = containers_.find(id); found != containers_.end()) return found->second;
    const auto gone = departed_.find(id);
    return gone == departed_.end() ? nullptr : gone->second;
}

Inventory::Container Inventory::find_early(std::string_view id) const {
    if (auto known = find(id)) return known;
    const std::lock_guard lock(mutex_);
    const auto found = announced_.find(id);
    return found == announced_.end() ? nullptr : found->second;
}

void Inventory::announce(const Container& container) {
    const std::lock_guard lock(mutex_);
    if (!announced_.emplace(container->id, container).second) return;
    announcements_.push_back(container->id);
    if (announcements_.size() > kMostAnnounced) {
        announced_.erase(announcements_.front());
        announcements_.erase(announcements_.begin());
    }
    ++version_;
}

std::vector<Inventory::Container> Inventory::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Container> out;
    out.reserve(containers_.size());
    for (const auto& [id, container] : containers_) out.push_back(container);
    return out;
}

std::size_t Inventory::size() const {
    const std::lock_guard lock(mutex_);
    return containers_.size();
}

std::string Inventory::doubt() const {
    const std::lock_guard lock(mutex_);
    return doubt_;
}

void Inventory::set_doubt(std::string_view reason) {
    const std::lock_guard lock(mutex_);
    if (doubt_ != reason) doubt_ = reason;
}

bool Inventory::put(const Container& container) {
    const std::lock_guard lock(mutex_);
    if (containers_.size() >= kMostContainers && !containers_.contains(container->id)) return false;
    containers_.insert_or_assign(container->id, container);
    ++version_;
    return true;
}

void Inventory::depart(const Container& container) {
    if (departures_.size() >= kMostDeparted) {
        departed_.erase(departures_.front());
        departures_.erase(departures_.begin());
    }
    if (departed_.insert_or_assign(container->id, container).second) departures_.push_back(container->id);
}

void Inventory::remove(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto found = containers_.find(id);
    if (found == containers_.end()) return;
    depart(found->second);
    containers_.erase(found);
    ++version_;
}

void Inventory::replace(std::vector<Container> containers) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, Container, std::less<>> fresh;
    for (Container& container : containers) {
        if (fresh.size() < kMostContainers) fresh.insert_or_assign(container->id, std::move(container));
    }
    for (const auto& [id, container] : containers_) {
        if (!fresh.contains(id)) depart(container);
    }
    containers_ = std::move(fresh);
    ++version_;
}

}  // namespace plimsoll::source
