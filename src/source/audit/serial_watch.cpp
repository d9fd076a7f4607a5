#include "source/audit/serial_watch.h"

#include <algorithm>

namespace plimsoll::source {

void SerialWatch::restart() {
    next_ = 0;
    last_ = 0;
    missing_.clear();
}

void SerialWatch::give_up(std::map<std::uint64_t, Missing>::iterator range) {
    const auto& [first, missing] = *range;
    if (lost_.count == 0) lost_.from = missing.from;
    lost_.count += missing.end - first;
    lost_.from = std::min(lost_.from, missing.from);
    lost_.until = std::max(lost_.until, missing.until);
    missing_.erase(range);
}

void SerialWatch::saw(std::uint64_t serial, std::int64_t time) {
    if (serial + 1 == next_) return;  // a further record of the newest event
    if (next_ == 0 || serial == next_) {
        next_ = serial + 1;
        last_ = time;
        return;
    }
    if (serial > next_) {
        if (missing_.size() >= kMostRanges) give_up(missing_.begin());
        missing_.emplace(next_, Missing{.end = serial, .from = last_, .until = time});
        next_ = serial + 1;
        last_ = time;
        return;
    }
    if (next_ - serial > kBackToStart && missing_.empty()) {  // the numbers begin again
        next_ = serial + 1;
        last_ = time;
        return;
    }
    auto range = missing_.upper_bound(serial);
    if (range == missing_.begin()) return;
    --range;
    if (serial >= range->second.end) return;
    const Missing missing = range->second;
    const std::uint64_t first = range->first;
    missing_.erase(range);
    if (first < serial) missing_.emplace(first, Missing{.end = serial, .from = missing.from, .until = missing.until});
    if (serial + 1 < missing.end) missing_.emplace(serial + 1, missing);
}

SerialWatch::Gap SerialWatch::overdue(std::int64_t now, std::int64_t patience) {
    for (auto range = missing_.begin(); range != missing_.end();) {
        const auto next = std::next(range);
        if (now - range->second.until > patience) give_up(range);
        range = next;
    }
    Gap out = lost_;
    lost_ = {};
    return out;
}

}  // namespace plimsoll::source
