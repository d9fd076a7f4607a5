#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "enrich/enricher.h"

namespace plimsoll::enrich {

/// recent.host and recent.container: how often an engine's action was seen of late; ends (die, destroy) with exit code
/// 0 and others are counted apart. Counts by the events' own times; events told late (replayed, reconciled) count where
/// they belong. Memory is bounded: kMostKeys actions or containers, the ones quiet for longest are forgotten first.
class Recent final : public Enricher {
public:
    static constexpr std::size_t kMostKeys = 4096;

    void enrich(model::Event& event) override;

private:
    /// Counts in slots of a sixtieth of the span; a count is exact to one slot.
    class Window {
    public:
        std::uint64_t add(Nanoseconds time, Nanoseconds span);
        [[nodiscard]] std::int64_t newest() const { return newest_; }

    private:
        static constexpr std::int64_t kSlots = 60;
        std::array<std::uint32_t, kSlots> counts_{};
        std::int64_t newest_ = -1;  ///< number of the slot that the newest event fell into
    };
    using Windows = std::unordered_map<std::string, Window>;

    static std::uint64_t count(Windows& windows, std::string key, Nanoseconds time, Nanoseconds span);

    Windows host_;
    Windows containers_;
};

}  // namespace plimsoll::enrich
