#include "rule/event_types.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

namespace plimsoll::rule {

static_assert(std::ranges::is_sorted(kEventTypes));

namespace {

constexpr std::size_t kPlaces = 2048;

/// Of its length, its first and its last bytes.
constexpr std::size_t hash(std::string_view name) {
    std::uint64_t first = name.size();
    std::uint64_t last = 0;
    const std::size_t some = std::min<std::size_t>(name.size(), 4);
    for (std::size_t i = 0; i < some; ++i) {
        first = first << 8U | static_cast<unsigned char>(name[i]);
        last = last << 8U | static_cast<unsigned char>(name[name.size() - 1 - i]);
    }
    std::uint64_t mixed = (first << 24U ^ last) * 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 29U) * 0xbf58476d1ce4e5b9ULL;
    return static_cast<std::size_t>(mixed >> 40U) % kPlaces;
}

/// Numbers of the names by hash, plus one; the next place where one is taken.
constexpr auto kPlaceOf = [] {
    std::array<std::uint16_t, kPlaces> places{};
    for (std::size_t i = 0; i < kEventTypes.size(); ++i) {
        auto at = hash(kEventTypes[i]);
        while (places[at] != 0) at = (at + 1) % kPlaces;
        places[at] = static_cast<std::uint16_t>(i + 1);
    }
    return places;
}();
static_assert(kEventTypes.size() * 3 < kPlaces);

}  // namespace

std::size_t find_event_type(std::string_view name) {
    for (auto at = hash(name); kPlaceOf[at] != 0; at = (at + 1) % kPlaces) {
        const std::size_t type = kPlaceOf[at] - 1U;
        if (kEventTypes[type] == name) return type;
    }
    return kEventTypes.size();
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
