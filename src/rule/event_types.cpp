#include "rule/event_types.h"

#include <algorithm>

#include "base/text.h"

namespace plimsoll::rule {

static_assert(std::ranges::is_sorted(kEventTypes));

std::size_t find_event_type(std::string_view name) {
    const auto found = std::ranges::lower_bound(kEventTypes, name);
    if (found == kEventTypes.end() || *found != name) return kEventTypes.size();
    return static_cast<std::size_t>(found - kEventTypes.begin());
}

bool is_event_type(std::string_view name) {
    if (find_event_type(name) < kEventTypes.size()) return true;
    return !name.empty() && name[0] >= 'A' && name[0] <= 'Z' && std::ranges::all_of(name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string_view nearest_event_type(std::string_view name) {
    std::size_t best = 4;
    std::string_view nearest;
    for (const auto candidate : kEventTypes) {
        const auto distance = edit_distance(name, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace plimsoll::rule
