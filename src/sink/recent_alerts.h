#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "sink/alert_feed.h"

namespace plimsoll::sink {

/// The newest alerts, so that a sink that keeps up needs no ledger. Bounded: the oldest go first. Any thread.
class RecentAlerts {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Every alert with a number from `from` on will be put.
    RecentAlerts(RecordNumber from, std::size_t most) : covered_from_(from), most_(most) {}

    void put(RecordNumber number, const model::Event& alert);

    struct Answer {
        bool covered = false;                        ///< else older alerts were let go, and the ledger must be asked
        std::shared_ptr<const NumberedAlert> alert;  ///< the first one from there on; shared with other sinks' threads
    };
    [[nodiscard]] Answer first_from(RecordNumber first) const;

    /// How many are kept from there on.
    [[nodiscard]] std::size_t count_from(RecordNumber first) const;
    [[nodiscard]] bool covers(RecordNumber first) const;

    /// Waits until there is one from there on, the time comes, or a stop is asked for.
    void wait(RecordNumber first, std::optional<Time> until, const std::stop_token& stop) const;

private:
    using Alerts = std::deque<std::shared_ptr<const NumberedAlert>>;
    [[nodiscard]] Alerts::const_iterator find(RecordNumber first) const;

    mutable std::mutex mutex_;
    mutable std::condition_variable_any came_;
    Alerts alerts_;
    RecordNumber covered_from_;
    std::size_t most_;
};

}  // namespace plimsoll::sink
