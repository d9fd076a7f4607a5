#include "enrich/recent.h"

#include <algorithm>
#include <numeric>

namespace plimsoll::enrich {

namespace {

constexpr Nanoseconds kHostSpan = 60 * kSecond;
constexpr Nanoseconds kContainerSpan = 600 * kSecond;

/// A container's end, or its removal at once after that, with exit code 0: counted apart from those that tell of
/// trouble.
bool ended_well(const model::Event& event, std::string_view action) {
    if (action != "die" && action != "destroy") return false;
    return event.text("docker.attributes", "exitCode") == "0" ||
           event.text("docker.attributes", "containerExitCode") == "0";
}

}  // namespace

std::uint64_t Recent::Window::add(Nanoseconds time, Nanoseconds span) {
    const std::int64_t slot = time / (span / kSlots);
    if (newest_ < 0) newest_ = slot;
    if (slot > newest_) {
        const std::int64_t passed = std::min(slot - newest_, kSlots);
        for (std::int64_t i = 0; i < passed; ++i) counts_[static_cast<std::size_t>((slot - i) % kSlots)] = 0;
        newest_ = slot;
    }
    if (slot <= newest_ - kSlots) return 1;  // told so late that its own minute is forgotten
    ++counts_[static_cast<std::size_t>(slot % kSlots)];
    if (slot == newest_) return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
    std::uint64_t sum = 0;
    for (std::int64_t i = newest_ - kSlots + 1; i <= slot; ++i) sum += counts_[static_cast<std::size_t>(i % kSlots)];
    return sum;
}

std::uint64_t Recent::count(Windows& windows, std::string key, Nanoseconds time, Nanoseconds span) {
    if (windows.size() >= kMostKeys && !windows.contains(key)) {
        auto oldest = windows.begin();
        for (auto at = windows.begin(); at != windows.end(); ++at) {
            if (at->second.newest() < oldest->second.newest()) oldest = at;
        }
        windows.erase(oldest);
    }
    return windows[std::move(key)].add(time, span);
}

void Recent::enrich(model::Event& event) {
    const std::string_view action = event.text("docker.action");
    if (action.empty() || event.text("record.kind") != "event" || event.time() < 0) return;
    std::string key(event.text("docker.type"));
    key.append(" ").append(action);
    if (ended_well(event, action)) key.append(" well");
    event.set_unsigned("recent.host", count(host_, key, event.time(), kHostSpan));
    std::string_view name = event.text("container.name");
    if (name.empty()) name = event.text("container.full_id");
    if (name.empty()) return;
    key.append(" ").append(name);
    event.set_unsigned("recent.container", count(containers_, std::move(key), event.time(), kContainerSpan));
}

}  // namespace plimsoll::enrich
