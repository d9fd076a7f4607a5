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

/// So many bytes in a row, the first one lowest.
template <typename Word>
constexpr std::uint64_t word(const char* at) {
    if (std::endian::native == std::endian::little && !std::is_constant_evaluated()) return load<Word>(at);
    std::uint64_t bytes = 0;
    for (unsigned i = 0; i < sizeof(Word); ++i)
        bytes |= static_cast<std::uint64_t>(static_cast<unsigned char>(at[i])) << 8U * i;
    return bytes;
}

/// A name as numbers: of up to 16 bytes, all of it.
struct Key {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t size = 0;

    constexpr Key() = default;
    constexpr explicit Key(std::string_view name) : size(static_cast<std::uint32_t>(name.size())) {
        if (name.size() >= 8) {
            first = word<std::uint64_t>(name.data());
            last = word<std::uint64_t>(name.data() + name.size() - 8);
        } else if (name.size() >= 4) {
            first = word<std::uint32_t>(name.data());
            last = word<std::uint32_t>(name.data() + name.size() - 4);
        } else {
            for (const char each : name) first = first << 8U | static_cast<unsigned char>(each);
        }
    }

    [[nodiscard]] constexpr std::size_t hash() const {
        const std::uint64_t mixed = (first ^ std::rotl(last, 29) ^ size) * 0x9e3779b97f4a7c15ULL;
        return static_cast<std::size_t>((mixed ^ mixed >> 32U) * 0xbf58476d1ce4e5b9ULL >> (64U - kPlaceBits));
    }
    friend bool operator==(const Key&, const Key&) = default;
};

struct Place {
    Key key;
    std::uint32_t type = kEventTypes.size();  ///< that: the place is empty
};

/// The names by hash, each at the next place that was empty.
constexpr auto kPlaceOf = [] {
    std::array<Place, kPlaces> places{};
    for (std::uint32_t i = 0; i < kEventTypes.size(); ++i) {
        const Key key(kEventTypes[i]);
        auto at = key.hash();
        while (places[at].type != kEventTypes.size()) at = (at + 1) % kPlaces;
        places[at] = {key, i};
    }
    return places;
}();
static_assert(kEventTypes.size() * 3 < kPlaces);

}  // namespace

std::size_t find_event_type(std::string_view name) {
    const Key key(name);
    for (auto at = key.hash(); kPlaceOf[at].type != kEventTypes.size(); at = (at + 1) % kPlaces) {
        const Place& place = kPlaceOf[at];
        if (place.key == key && (key.size <= 16 || kEventTypes[place.type] == name)) return place.type;
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
