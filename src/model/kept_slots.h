#pragma once

#include <cstddef>
#include <vector>

#include "model/event.h"

namespace plimsoll::model {

/// What was made of slots that events share (Event::Slot::same), for the next event that has them: the last ones, in so
/// many places. Of a slot that no other event is known to have nothing is kept. One thread.
template <typename Made>
class KeptSlots {
public:
    explicit KeptSlots(std::size_t places) : places_(places) {}

    /// Null when nothing is kept of it.
    [[nodiscard]] const Made* find(const Event::Slot& slot) const {
        const Place& place = places_[slot.same % places_.size()];
        return slot.same != 0 && place.same == slot.same ? &place.made : nullptr;
    }

    /// Where what is made of it is to be kept, in place of another's; null when no event is known to share it.
    [[nodiscard]] Made* place(const Event::Slot& slot) {
        if (slot.same == 0) return nullptr;
        Place& place = places_[slot.same % places_.size()];
        place.same = slot.same;
        return &place.made;
    }

private:
    struct Place {
        std::uint64_t same = 0;
        Made made;
    };
    std::vector<Place> places_;
};

}  // namespace plimsoll::model
