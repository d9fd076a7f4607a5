#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "sink/alert_feed.h"

namespace plimsoll::sink {

/// Most alerts to be kept or taken at a time, and most bytes of them, about.
struct AlertBounds {
    std::size_t alerts = 0;
    std::size_t bytes = 0;
};

/// The newest alerts, so that a sink that keeps up needs no ledger. Bounded: the oldest go first. Any thread.
class RecentAlerts {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Every alert with a number from `from` on will be put.
    RecentAlerts(RecordNumber from, AlertBounds most) : covered_from_(from), most_(most) {}

    /// Numbers ascend.
    void put(std::span<const SharedAlert> alerts);

    /// Nobody asks for those below any more.
    void forget(RecordNumber below);

    /// Alerts that the ledger could not take. Who is slow misses the oldest.
    void put_unrecorded(std::span<const SharedAlert> alerts);

    struct Unrecorded {
        std::vector<SharedAlert> alerts;
        std::uint64_t next = 0;    ///< where to go on
        std::uint64_t missed = 0;  ///< that came later than where it went on, and were let go
    };
    [[nodiscard]] Unrecorded unrecorded(std::uint64_t from) const;

    struct Answer {
        bool covered = false;             ///< else older alerts were let go, and the ledger must be asked
        std::vector<SharedAlert> alerts;  ///< the first ones from there on
    };
    [[nodiscard]] Answer from(RecordNumber first, AlertBounds most) const;

    /// How many are kept from there on.
    [[nodiscard]] std::size_t count_from(RecordNumber first) const;
    [[nodiscard]] bool covers(RecordNumber first) const;
    [[nodiscard]] RecordNumber newest() const;  ///< number of the last one put, or of where it began

    /// Waits until there is one from there on, of the recorded or of the others, the time comes, or a stop is asked
    /// for.
    void wait(RecordNumber first, std::uint64_t unrecorded, std::optional<Time> until,
              const std::stop_token& stop) const;

private:
    struct Kept {
        SharedAlert alert;  ///< shared with sinks' threads
        std::size_t bytes = 0;
    };
    using Alerts = std::deque<Kept>;
    [[nodiscard]] Alerts::const_iterator find(RecordNumber first) const;
    void let_go(Alerts& gone);  ///< the oldest

    mutable std::mutex mutex_;
    mutable std::condition_variable_any came_;
    Alerts alerts_;
    std::size_t bytes_ = 0;  ///< of these
    RecordNumber covered_from_;
    RecordNumber newest_ = covered_from_;
    std::deque<SharedAlert> unrecorded_;
    std::uint64_t unrecorded_end_ = 0;  ///< how many there were in all
    AlertBounds most_;
};

}  // namespace plimsoll::sink
