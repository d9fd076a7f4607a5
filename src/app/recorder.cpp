#include "app/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "sink/alert_event.h"

namespace plimsoll::app {

namespace {

constexpr Nanoseconds kClockStep = kSecond / 2;  ///< more than any time daemon slews between two rounds
constexpr auto kAlertsTogether = std::chrono::milliseconds(2);
constexpr auto kSyncLook = std::chrono::milliseconds(2);  ///< between two looks at a sync under way
constexpr auto kLongestSleep = std::chrono::milliseconds(500);

Nanoseconds steady_now() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);  // goes on while the machine sleeps, as the wall clock does
    return time.tv_sec * kSecond + time.tv_nsec;
}

}  // namespace

Recorder::Recorder(EventQueue& queue, ledger::Writer& writer, std::vector<std::unique_ptr<enrich::Enricher>> enrichers,
                   AlertListener& listener, Log& log)
    : queue_(queue),
      writer_(writer),
      enrichers_(std::move(enrichers)),
      listener_(listener),
      log_(log),
      clock_offset_(now() - steady_now()) {
    publish_status();
}

void Recorder::use_rules(std::shared_ptr<rule::AlertRules> rules) {
    const std::scoped_lock lock(mutex_);
    next_rules_ = std::move(rules);
}

RecorderStatus Recorder::status() const {
    const std::scoped_lock lock(mutex_);
    return status_;
}

Result<ledger::RecordNumber> Recorder::append(const model::Event& event) {
    auto number = writer_.append(event);
    // The ledger counts what it refuses and records the gap; the log tells of the first only.
    if (!number && !std::exchange(fault_told_, true))
        log_.error("the ledger takes no records", {{"reason", number.error().message}});
    if (number && std::exchange(fault_told_, false)) log_.info("the ledger takes records again");
    return number;
}

/// Appends the alert's record, and has it told.
Result<ledger::RecordNumber> Recorder::append_alert(std::shared_ptr<sink::NumberedAlert> alert) {
    auto number = append(alert->alert);
    alert->number = number ? *number : sink::kNotRecorded;
    if (number) {
        alerts_.push_back(std::move(alert));
    } else {  // a full disk must not silence alerts
        alert->alert.set("loss.reason", number.error().message);
        unrecorded_.push_back(std::move(alert));
    }
    return number;
}

void Recorder::raise(std::span<const rule::AlertMatch> matches, const model::Event& cause,
                     ledger::RecordNumber number) {
    for (const rule::AlertMatch& match : matches) {
        auto alert = pool_.take();
        sink::make_alert(match, cause, number, alert->alert);
        static_cast<void>(append_alert(std::move(alert)));
    }
}

/// What its source judged. An act that is an alert itself goes to the sinks as it is (docs/decisions/0011).
Result<ledger::RecordNumber> Recorder::append_judged(Pending& pending) {
    const auto further = std::span(pending.verdict.matches);
    if (!pending.verdict.alert) {
        auto number = append(pending.event);
        raise(further, pending.event, number ? *number : sink::kNotRecorded);
        return number;
    }
    auto alert = pool_.take();
    std::swap(alert->alert, pending.event);  // whose memory its source uses again
    const sink::SharedAlert kept = alert;
    auto number = append_alert(std::move(alert));
    raise(further, kept->alert, number ? *number : sink::kNotRecorded);
    return number;
}

/// An event that was not judged yet; with an alert for each rule that holds.
Result<ledger::RecordNumber> Recorder::append_event(const model::Event& event) {
    auto number = append(event);
    if (!rules_ || event.has("audit.imported")) return number;  // what an old log tells wakes nobody
    raise(rules_->match(event), event, number ? *number : sink::kNotRecorded);
    return number;
}

void Recorder::record(Pending& pending) {
    if (pending.marker) {
        receipts_.emplace_back(std::move(*pending.receipt), 0);
        return;
    }
    if (!pending.verdict.complete) {
        for (const auto& enricher : enrichers_) enricher->enrich(pending.event);
    }
    auto number = pending.verdict.rules ? append_judged(pending) : append_event(pending.event);
    if (!pending.receipt) return;
    if (number)
        receipts_.emplace_back(std::move(*pending.receipt), *number);
    else
        pending.receipt->set_value(Error(number.error()));
}

/// Tells whoever listens of the alerts. The disk gets them beside that: an attacker who can bring the machine down must
/// not win the race against a sync.
void Recorder::tell() {
    const std::size_t count = alerts_.size() + unrecorded_.size();
    if (count == 0) return;
    if (!unrecorded_.empty()) listener_.unrecorded(unrecorded_);
    if (!alerts_.empty()) {
        listener_.raised(alerts_);
        unsynced_ = alerts_.back()->number + 1;
    }
    unrecorded_.clear();
    alerts_.clear();
    const std::scoped_lock lock(mutex_);
    status_.alerts += count;
}

/// Syncs, and tells those who wait for it.
void Recorder::settle() {
    const auto committed = writer_.commit();
    if (!committed) log_.error("records are not synced", {{"reason", committed.error().message}});
    for (auto& [promise, number] : receipts_) {
        if (committed)
            promise.set_value(number);
        else
            promise.set_value(Error(committed.error()));
    }
    receipts_.clear();
    unsynced_ = 0;  // after a failure the writer tries again by itself
    note_synced();
}

/// Has the disk take the alerts while the recorder goes on.
void Recorder::sync_beside() {
    if (unsynced_ == 0) return;
    const auto durable = writer_.commit_beside();
    if (!durable) return settle();
    if (*durable >= unsynced_) unsynced_ = 0;
    note_synced();
}

void Recorder::note_synced() {
    const ledger::RecordNumber durable = writer_.durable();
    if (std::exchange(synced_, durable) != durable) listener_.synced(durable);
}

void Recorder::watch_clock() {
    const Nanoseconds offset = now() - steady_now();
    const Nanoseconds step = offset - std::exchange(clock_offset_, offset);
    if (std::abs(step) < kClockStep) {
        return;
    }
    model::Event event(now());
    event.set("record.kind", "loss");
    event.set("evt.source", "plimsoll");
    event.set("evt.type", "clock_step");
    event.set("loss.what", "time");
    event.set_number("loss.from", now() - step);
    event.set_number("loss.until", now());
    const std::string reason = fmt::format("the wall clock was set {} by {:.3f} s", step > 0 ? "forward" : "back",
                                           static_cast<double>(std::abs(step)) / static_cast<double>(kSecond));
    event.set("loss.reason", reason);
    event.set("record.summary", reason);
    static_cast<void>(append(event));
    log_.warning(reason);
    const std::scoped_lock lock(mutex_);
    ++status_.clock_steps;
}

void Recorder::publish_status() {
    const auto time = std::chrono::steady_clock::now();
    const std::scoped_lock lock(mutex_);
    status_.ledger = writer_.status();
    status_.alive = time;
    const std::chrono::duration<double> passed = time - rate_since_;
    if (passed > std::chrono::seconds(10)) {
        status_.per_second = static_cast<double>(status_.recorded - rate_recorded_) / passed.count();
        rate_since_ = time;
        rate_recorded_ = status_.recorded;
    }
}

void Recorder::run() {
    auto sleep = writer_.tick();
    std::chrono::steady_clock::time_point raised;
    while (true) {
        {
            const std::scoped_lock lock(mutex_);
            if (next_rules_) rules_ = std::exchange(next_rules_, nullptr);
        }
        auto batch = queue_.take(std::min(sleep, kLongestSleep));
        if (batch.empty() && queue_.stopped()) break;
        watch_clock();
        const std::size_t count = batch.size();
        for (Pending& pending : batch) {
            const bool first = alerts_.empty() && unrecorded_.empty();
            record(pending);
            // An alert does not wait for the burst behind it, nor is each of a burst told alone.
            if (alerts_.empty() && unrecorded_.empty()) continue;
            const auto time = std::chrono::steady_clock::now();
            if (first) raised = time;
            if (time - raised >= kAlertsTogether) tell();
        }
        tell();
        queue_.give_back(std::move(batch));
        if (receipts_.empty())
            sync_beside();
        else
            settle();
        sleep = writer_.tick();
        note_synced();
        if (unsynced_ > 0) sleep = std::min(sleep, kSyncLook);
        {
            const std::scoped_lock lock(mutex_);
            status_.recorded += count;
        }
        publish_status();
    }
    settle();
}

}  // namespace plimsoll::app
