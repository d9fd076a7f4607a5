#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/load.h"

namespace plimsoll::audit {

/// The last fields of records and what they meant. A process does many things, and all of its records end alike: its
/// ids, its terminal, its program, the key of the rule. Bounded: at most 8 MiB; of three endings that fall on one
/// place the two asked for last stay.
class ToldBefore {
public:
    /// Whether an ending of that size is worth remembering.
    [[nodiscard]] static bool fits(std::string_view raw, std::string_view enriched) {
        return raw.size() >= kLeastBytes && raw.size() <= kMostBytes && enriched.size() <= kMostBytes;
    }

    /// What that ending, which fits, meant; nothing (data() is null) when it was not told lately. Valid until the next
    /// call of `keep`.
    [[nodiscard]] std::string_view find(std::uint32_t type, std::string_view raw, std::string_view enriched) {
        const std::uint64_t hash = hash_of(type, raw, enriched);
        Place& place = places_[hash >> (64U - kPlaceBits)];
        for (std::uint8_t way = 0; way < place.endings.size(); ++way) {
            const Ending& ending = place.endings[way];
            if (ending.hash != hash || !is_it(ending, type, raw, enriched)) continue;
            place.newest = way;
            return {ending.bytes.get() + ending.raw + ending.enriched, ending.text};
        }
        return {};
    }

    /// Remembers it.
    void keep(std::uint32_t type, std::string_view raw, std::string_view enriched, std::string_view text) {
        const std::size_t size = raw.size() + enriched.size() + text.size();
        if (size > kMostKept) return;
        const std::uint64_t hash = hash_of(type, raw, enriched);
        Place& place = places_[hash >> (64U - kPlaceBits)];
        place.newest = place.newest == 0 ? 1 : 0;
        Ending& ending = place.endings[place.newest];
        if (ending.room < size) {
            ending.bytes = std::make_unique_for_overwrite<char[]>(size);
            ending.room = static_cast<std::uint32_t>(size);
        }
        ending.hash = hash;
        ending.type = type;
        ending.raw = static_cast<std::uint32_t>(raw.size());
        ending.enriched = static_cast<std::uint32_t>(enriched.size());
        ending.text = static_cast<std::uint32_t>(text.size());
        char* to = ending.bytes.get();
        for (const std::string_view part : {raw, enriched, text}) {
            if (!part.empty()) std::memcpy(to, part.data(), part.size());
            to += part.size();
        }
    }

private:
    static constexpr std::size_t kLeastBytes = 16;
    static constexpr std::size_t kMostBytes = 1024;  ///< of an ending, and of what auditd appended
    static constexpr std::size_t kMostKept = 4096;   ///< with what it means
    static constexpr unsigned kPlaceBits = 10;

    /// One allocation holds all of its text: as it was written, what auditd appended, what both mean.
    struct Ending {
        std::uint64_t hash = 0;
        std::uint32_t type = 0;  ///< 0: none
        std::uint32_t raw = 0;   ///< bytes
        std::uint32_t enriched = 0;
        std::uint32_t text = 0;
        std::uint32_t room = 0;
        std::unique_ptr<char[]> bytes;
    };
    struct Place {
        std::array<Ending, 2> endings;
        std::uint8_t newest = 0;
    };

    static bool is_it(const Ending& ending, std::uint32_t type, std::string_view raw, std::string_view enriched) {
        return ending.type == type && ending.raw == raw.size() && ending.enriched == enriched.size() &&
               std::memcmp(ending.bytes.get(), raw.data(), raw.size()) == 0 &&
               (enriched.empty() ||
                std::memcmp(ending.bytes.get() + ending.raw, enriched.data(), enriched.size()) == 0);
    }

    /// Of words from all over the ending: it needs to tell programs apart, not to withstand anybody.
    static std::uint64_t hash_of(std::uint32_t type, std::string_view raw, std::string_view enriched) {
        constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;
        std::uint64_t mixed = (raw.size() << 16U) + (enriched.size() << 4U) + type;
        const std::size_t step = raw.size() > 64 ? raw.size() / 8 : 8;
        for (std::size_t i = 0; i + 8 <= raw.size(); i += step) mixed = (mixed ^ load(raw.data() + i)) * kMix;
        mixed ^= mixed >> 32U;
        return (mixed ^ load(raw.data() + raw.size() - 8)) * kMix;
    }

    std::array<Place, std::size_t{1} << kPlaceBits> places_;
};

}  // namespace plimsoll::audit
