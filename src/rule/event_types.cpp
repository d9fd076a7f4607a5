#include "rule/event_types.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "base/load.h"
#include "base/text.h"

namespace plimsoll::rule {

static_assert(std::ranges::is_sorted(kEventTypes));

namespace {

constexpr unsigned kPlaceBits = 11;
constexpr std::size_t kPlaces = std::size_t{1} << kPlaceBits;

/// Four bytes in a row, the first one lowest.
constexpr std::uint32_t four(const char* at) {
    if (std::endian::native == std::endian::little && !std::is_constant_evaluated())
        return static_cast<std::uint32_t>(load<std::uint32_t>(at));
    std::uint32_t bytes = 0;
    for (unsigned i = 0; i < 4; ++i) bytes |= static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])) << 8U * i;
    return bytes;
}

/// Of its length, its first and its last bytes: that is asked for each event.
constexpr std::size_t hash(std::string_view name) {
    const std::size_t size = name.size();
    std::uint64_t ends = 0;
    if (size >= 4) {
        ends = std::uint64_t{four(name.data())} << 32U | four(name.data() + size - 4);
    } else {
        for (const char each : name) ends = ends << 8U | static_cast<unsigned char>(each);
    }
    const std::uint64_t mixed = (ends ^ size << 24U) * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::size_t>((mixed ^ mixed >> 29U) * 0xbf58476d1ce4e5b9ULL >> (64U - kPlaceBits));
}

bool same(std::string_view one, std::string_view other) {
    const std::size_t size = one.size();
    if (size != other.size()) return false;
    if (size < 4 || size > 16) return one == other;
    if (size < 8) return four(one.data()) == four(other.data()) && four(&one[size - 4]) == four(&other[size - 4]);
    return load(one.data()) == load(other.data()) && load(&one[size - 8]) == load(&other[size - 8]);
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
        if (same(kEventTypes[type], name)) return type;
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
