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

    struct Answer {
        bool covered = false;             ///< else older alerts were let go, and the ledger must be asked
        std::vector<SharedAlert> alerts;  ///< the first ones from there on
    };
    [[nodiscard]] Answer from(RecordNumber first, AlertBounds most) const;

    /// How many are kept from there on.
    [[nodiscard]] std::size_t count_from(RecordNumber first) const;
    [[nodiscard]] bool covers(RecordNumber first) const;

    /// Waits until there is one from there on, the time comes, or a stop is asked for.
    void wait(RecordNumber first, std::optional<Time> until, const std::stop_token& stop) const;

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
    AlertBounds most_;
};

}  // namespace plimsoll::sink
