#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "app/event_queue.h"
#include "base/log.h"
#include "enrich/enricher.h"
#include "ledger/writer.h"
#include "rule/alert_rules.h"
#include "sink/alert_feed.h"
#include "sink/alert_pool.h"

namespace plimsoll::app {

/// State of the recorder for `plimsoll status`.
struct RecorderStatus {
    ledger::WriterStatus ledger;
    std::uint64_t recorded = 0;  ///< records of sources since the start
    std::uint64_t alerts = 0;    ///< since the start
    double per_second = 0;       ///< records of sources, over about the last ten seconds
    std::uint64_t clock_steps = 0;
    std::chrono::steady_clock::time_point alive;  ///< when its loop came round last
};

/// Who hears of alerts, on the recorder's thread.
class AlertListener {
public:
    virtual ~AlertListener() = default;

    /// In order, each once; at least one.
    virtual void raised(std::span<const sink::SharedAlert> alerts) = 0;

    /// What the ledger could not take.
    virtual void unrecorded(std::span<const sink::SharedAlert> alerts) = 0;

    /// Every record below that number is on disk.
    virtual void synced(ledger::RecordNumber end) = 0;
};

/// The recorder's thread: takes events from the queue, enriches them, judges them by the rules, appends them and their
/// alerts to the ledger, tells of the alerts, and has them synced at once (docs/decisions/0010). The one user of the
/// ledger's writer while it runs.
class Recorder {
public:
    Recorder(EventQueue& queue, ledger::Writer& writer, std::vector<std::unique_ptr<enrich::Enricher>> enrichers,
             AlertListener& listener, Log& log);

    /// Works until the queue is stopped and empty.
    void run();

    /// In force from the next event on. Any thread.
    void use_rules(std::shared_ptr<rule::AlertRules> rules);

    [[nodiscard]] RecorderStatus status() const;  ///< any thread

private:
    void record(Pending& pending);
    Result<ledger::RecordNumber> append_event(const model::Event& event);
    Result<ledger::RecordNumber> append_judged(Pending& pending);
    Result<ledger::RecordNumber> append_alert(std::shared_ptr<sink::NumberedAlert> alert);
    Result<ledger::RecordNumber> append(const model::Event& event);
    void raise(std::span<const rule::AlertMatch> matches, const model::Event& cause, ledger::RecordNumber number);
    void tell();
    void settle();
    void sync_beside();
    void note_synced();
    void watch_clock();
    void publish_status();

    EventQueue& queue_;
    ledger::Writer& writer_;
    std::vector<std::unique_ptr<enrich::Enricher>> enrichers_;
    AlertListener& listener_;
    Log& log_;

    std::shared_ptr<rule::AlertRules> rules_;
    sink::AlertPool pool_;
    std::vector<sink::SharedAlert> alerts_;  ///< not told yet; shared with whoever listens
    std::vector<sink::SharedAlert> unrecorded_;
    ledger::RecordNumber unsynced_ = 0;  ///< the disk is to have what is below at once
    ledger::RecordNumber synced_ = 0;    ///< as told
    std::vector<std::pair<std::promise<Result<ledger::RecordNumber>>, ledger::RecordNumber>> receipts_;
    Nanoseconds clock_offset_ = 0;  ///< wall clock minus a clock that nobody sets
    bool fault_told_ = false;

    mutable std::mutex mutex_;  ///< guards what follows
    std::shared_ptr<rule::AlertRules> next_rules_;
    RecorderStatus status_;
    std::chrono::steady_clock::time_point rate_since_;
    std::uint64_t rate_recorded_ = 0;
};

}  // namespace plimsoll::app
