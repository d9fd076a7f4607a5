#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "rule/condition.h"
#include "sink/delivery.h"
#include "sink/fold.h"
#include "sink/recent_alerts.h"

namespace plimsoll::sink {

/// Which alerts a sink gets, and how they are folded.
struct Route {
    std::string name;
    std::optional<rule::Condition> condition;
    rule::Priority least = rule::Priority::debug;
    std::chrono::nanoseconds fold_for{0};
    RateLimit rate;
};

/// What the workers of all sinks share; outlives them.
struct WorkerPlace {
    WorkerPlace(DeliveryParts with, DeliveryTimes at)
        : parts(std::move(with)),
          times(at),
          start(std::max(parts.feed.end(), parts.begin)),
          synced(parts.synced.value_or(start)),
          recent(start, {.alerts = times.ring, .bytes = times.ring_bytes}) {}

    DeliveryParts parts;
    DeliveryTimes times;
    RecordNumber start;                ///< where a new sink begins
    std::atomic<RecordNumber> synced;  ///< what is below is on disk
    RecentAlerts recent;
};

/// One sink's work: takes alerts in order, from memory or from the ledger, folds, sends, retries, keeps the cursor. The
/// cursor never passes an alert that was neither delivered, nor told in a summary, nor put aside, so a crash repeats
/// alerts and loses none. `run` has a thread of its own; `status` is for any.
class Worker {
public:
    Worker(Route route, std::unique_ptr<Sink> sink, const WorkerPlace& place);

    /// Works until `stop`; then tells what is held and waits, each tried once, until `abort`.
    void run(const std::stop_token& stop, const std::stop_token& abort);

    [[nodiscard]] SinkStatus status() const;

    /// It has looked at every record below, and asks for none of them again.
    [[nodiscard]] RecordNumber passed() const;

private:
    using Time = std::chrono::steady_clock::time_point;

    /// What is handed to the sink: an alert, or a summary of several.
    struct Message {
        RecordNumber number = 0;
        RecordNumber first = 0;  ///< of those that it stands for
        std::uint64_t stands_for = 1;
        const model::Event& alert;
    };

    void load_cursor(const std::stop_token& stop);
    void save_cursor(bool at_once);
    void note_saved(bool wait);
    [[nodiscard]] RecordNumber dealt_with() const;
    [[nodiscard]] RecordNumber cursor() const;
    std::vector<SharedAlert> next_alerts(const std::stop_token& stop);
    [[nodiscard]] bool wanted(const model::Event& alert);
    bool handle(std::span<const SharedAlert> alerts, const std::stop_token& stop, const std::stop_token& abort);
    bool send(std::span<const Message> messages, const std::stop_token& stop, const std::stop_token& abort);
    bool send(const Outgoing& out, const std::stop_token& stop, const std::stop_token& abort);
    bool send_due(bool flush, const std::stop_token& stop, const std::stop_token& abort);
    bool send_unrecorded(const std::stop_token& stop, const std::stop_token& abort);
    void put_aside(const Message& message, const std::string& reason);
    void pause(std::chrono::milliseconds time, const std::stop_token& stop);
    [[nodiscard]] std::chrono::milliseconds backoff(std::uint64_t attempts);
    void set_fault(const std::string& fault);
    void idle(const std::stop_token& stop);

    Route route_;
    std::unique_ptr<Sink> sink_;
    const DeliveryParts& parts_;
    const DeliveryTimes& times_;
    const RecentAlerts& recent_;
    const std::atomic<RecordNumber>& synced_;
    Folder folder_;
    Folder unrecorded_folder_;  ///< for alerts without a number, which no cursor waits for
    std::minstd_rand random_;

    const AlertBounds together_;  ///< taken at a time
    const bool folds_;            ///< else every alert goes out singly

    RecordNumber next_;              ///< first record not looked at
    std::deque<SharedAlert> batch_;  ///< read from the ledger
    RecordNumber batch_end_ = 0;
    RecordNumber newest_ = 0;              ///< alert there was when the ledger was read last
    std::optional<RecordNumber> sending_;  ///< lowest number that the messages being sent stand for
    std::uint64_t unrecorded_ = 0;         ///< how many alerts that are not in the ledger it has looked at
    bool loaded_ = false;
    std::optional<RecordNumber> saved_;
    Time saved_at_;
    std::future<Result<RecordNumber>> saving_;  ///< a cursor that is being kept

    mutable std::mutex mutex_;  ///< guards status_ and shown_next_
    SinkStatus status_;
    RecordNumber shown_next_ = 0;
    Nanoseconds tried_time_ = 0;  ///< of the alert that is tried
};

}  // namespace plimsoll::sink
