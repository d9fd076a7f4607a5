#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace plimsoll::audit {

/// The last fields of records and what they meant. A process does many things, and all of its records end alike: its
/// ids, its terminal, its program, the key of the rule. Bounded; a newer ending takes the place of one that falls on
/// it.
class ToldBefore {
public:
    static constexpr std::size_t kMostBytes = 1024;  ///< of one ending

    struct Ending {
        std::uint32_t type = 0;  ///< 0: none
        std::string raw;
        std::string enriched;
        std::string text;  ///< what it means
    };

    /// The place of that ending: what stands there may be another one.
    [[nodiscard]] Ending& at(std::uint32_t type, std::string_view raw, std::string_view enriched) {
        return endings_[hash(type, raw, enriched) % endings_.size()];
    }

    [[nodiscard]] static bool is_it(const Ending& ending, std::uint32_t type, std::string_view raw,
                                    std::string_view enriched) {
        return ending.type == type && ending.raw == raw && ending.enriched == enriched;
    }

    [[nodiscard]] static bool fits(std::string_view raw, std::string_view enriched) {
        return raw.size() >= kLeastBytes && raw.size() <= kMostBytes && enriched.size() <= kMostBytes;
    }

private:
    static constexpr std::size_t kLeastBytes = 16;

    static std::uint64_t word(const char* at) {
        std::uint64_t value = 0;
        std::memcpy(&value, at, sizeof value);
        return value;
    }

    /// Of words from all over the ending: it needs to tell programs apart, not to withstand anybody.
    static std::size_t hash(std::uint32_t type, std::string_view raw, std::string_view enriched) {
        constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;
        std::uint64_t mixed = (raw.size() << 16U) + (enriched.size() << 4U) + type;
        const std::size_t step = raw.size() > 64 ? raw.size() / 8 : 8;
        for (std::size_t i = 0; i + 8 <= raw.size(); i += step) mixed = (mixed ^ word(raw.data() + i)) * kMix;
        mixed = (mixed ^ word(raw.data() + raw.size() - 8)) * kMix;
        return mixed >> 40U;
    }

    std::array<Ending, 1024> endings_;
};

}  // namespace plimsoll::audit
