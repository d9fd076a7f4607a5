#include "sink/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>

#include "sink/alert_event.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kBatch = 1024;                         ///< alerts read from the ledger at a time
constexpr std::size_t kTogether = std::size_t{1} << 20U;     ///< bytes of alerts, about, that a sink gets together
constexpr auto kFeedPause = std::chrono::milliseconds(100);  ///< when the ledger does not show yet what it has
constexpr int kRest = 3;                                     ///< times as long as it read
constexpr auto kLongestRest = std::chrono::milliseconds(500);
constexpr auto kFaultPause = std::chrono::milliseconds(1000);

}  // namespace

Worker::Worker(Route route, std::unique_ptr<Sink> sink, const WorkerPlace& place)
    : route_(std::move(route)),
      sink_(std::move(sink)),
      parts_(place.parts),
      times_(place.times),
      recent_(place.recent),
      synced_(place.synced),
      folder_(route_.fold_for, route_.rate),
      unrecorded_folder_(route_.fold_for, route_.rate),
      random_(std::random_device{}()),
      together_{.alerts = sink_->most_together(), .bytes = kTogether},
      folds_(route_.fold_for.count() > 0 || route_.rate.per_minute > 0),
      next_(place.start) {
    status_.name = route_.name;
    status_.description = sink_->description();
    shown_next_ = place.start;
}

SinkStatus Worker::status() const {
    const std::scoped_lock lock(mutex_);
    SinkStatus out = status_;
    out.pending = recent_.count_from(shown_next_);
    out.behind = !recent_.covers(shown_next_);
    if (out.attempts > 0) out.lag = std::max<Nanoseconds>(0, now() - tried_time_);
    return out;
}

RecordNumber Worker::passed() const {
    const std::scoped_lock lock(mutex_);
    return shown_next_;
}

void Worker::set_fault(const std::string& fault) {
    const std::scoped_lock lock(mutex_);
    status_.fault = fault;
}

void Worker::pause(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
}

std::chrono::milliseconds Worker::backoff(std::uint64_t attempts) {
    const auto doublings = static_cast<unsigned>(std::min<std::uint64_t>(attempts - 1, 20));
    const auto full = std::min(times_.longest_retry, times_.first_retry * (1U << doublings));
    // Many hosts whose receiver comes back must not all knock at once.
    std::uniform_real_distribution<double> part(0.5, 1.0);
    return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(full.count()) * part(random_)));
}

/// Also when it is to end at once: the next one goes on where this one would have begun.
void Worker::load_cursor(const std::stop_token& stop) {
    while (!loaded_) {
        const auto kept = parts_.cursors.load(route_.name);
        if (!kept) {
            set_fault(kept.error().message);
            if (stop.stop_requested()) return;
            pause(kFaultPause, stop);
            continue;
        }
        loaded_ = true;
        std::string fault;
        const RecordNumber shown = parts_.feed.end();  // 0: it cannot be read now
        const RecordNumber end = std::max(shown, next_);
        if (*kept && **kept > end && shown > 0) {
            // A ledger that was put in the place of another one.
            fault = fmt::format("the cursor was at record {}, beyond the ledger's end at {}", **kept, end);
        } else if (*kept) {
            next_ = **kept;
            saved_ = next_;
        }
        const std::scoped_lock lock(mutex_);
        status_.fault = fault;
        status_.cursor = shown_next_ = next_;
    }
    save_cursor(true);
}

/// The first record that is not dealt with.
RecordNumber Worker::dealt_with() const {
    return std::min({next_, folder_.lowest_held().value_or(next_), sending_.value_or(next_)});
}

/// The cursor as it may be kept: a crash that took back records beyond the synced ones would give their numbers to
/// others, which a cursor beyond them would pass by.
RecordNumber Worker::cursor() const {
    return std::max(std::min(dealt_with(), synced_.load(std::memory_order_relaxed)), saved_.value_or(0));
}

/// Begins to keep the cursor, now and then, beside the alerts: the disk takes it when it likes. `at_once`: it is kept
/// when this returns.
void Worker::save_cursor(bool at_once) {
    const Time time = std::chrono::steady_clock::now();
    {
        const std::scoped_lock lock(mutex_);
        shown_next_ = next_;
        status_.held = folder_.held() + unrecorded_folder_.held();
    }
    if (!loaded_) return;
    note_saved(at_once);
    if (!at_once && time - saved_at_ < times_.save_cursor) return;
    saved_at_ = time;
    const RecordNumber reached = cursor();
    if (saving_.valid() || reached == saved_) return;
    saving_ = std::async([this, reached]() -> Result<RecordNumber> {
        TRY_VOID(parts_.cursors.save(route_.name, reached));
        return reached;
    });
    note_saved(at_once);
}

/// Takes note of a cursor that was kept, or could not be; `wait`: of one that is being kept, too.
void Worker::note_saved(bool wait) {
    if (!saving_.valid()) return;
    if (!wait && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout) return;
    const Result<RecordNumber> saved = saving_.get();
    const std::scoped_lock lock(mutex_);
    status_.fault = saved ? "" : saved.error().message;
    if (!saved) return;
    saved_ = *saved;
    status_.cursor = *saved;
}

/// Those that come next, of which a sink can take as many together; none when there are none.
std::vector<SharedAlert> Worker::next_alerts(const std::stop_token& stop) {
    if (batch_.empty()) {
        next_ = std::max(next_, batch_end_);
        auto recent = recent_.from(next_, together_);
        if (recent.covered) return std::move(recent.alerts);
        const auto began = std::chrono::steady_clock::now();
        auto read = parts_.feed.from(next_, kBatch);
        if (!read) {
            set_fault(read.error().message);
            pause(kFaultPause, stop);
            return {};
        }
        if (read->alerts.empty() && read->next <= next_) pause(kFeedPause, stop);
        for (NumberedAlert& alert : read->alerts)
            batch_.push_back(std::make_shared<const NumberedAlert>(std::move(alert)));
        batch_end_ = read->next;
        // In a storm that it cannot follow, recording goes first: so it reads for a part of the time alone.
        const RecordNumber newest = recent_.newest();
        const bool storm = newest - std::exchange(newest_, newest) > 2 * kBatch;
        const auto took = std::chrono::steady_clock::now() - began;
        if (storm) pause(std::min(kLongestRest, std::chrono::ceil<std::chrono::milliseconds>(kRest * took)), stop);
    }
    std::vector<SharedAlert> alerts;
    for (std::size_t bytes = 0; !batch_.empty() && alerts.size() < together_.alerts && bytes < together_.bytes;) {
        bytes += batch_.front()->alert.memory();
        alerts.push_back(std::move(batch_.front()));
        batch_.pop_front();
    }
    return alerts;
}

bool Worker::wanted(const model::Event& alert) {
    bool wants = route_.least == rule::Priority::debug || priority_of(alert) <= route_.least;
    // A sink that refuses is not told that it refused.
    if (tells_undelivered(alert) && alert.text("alert.sink") == route_.name) wants = false;
    bool unknown = false;
    if (wants && route_.condition) {
        const rule::Truth truth = route_.condition->evaluate(alert);
        unknown = truth == rule::Truth::unknown;
        wants = truth != rule::Truth::no;
    }
    if (unknown || !wants) {
        const std::scoped_lock lock(mutex_);
        if (unknown) ++status_.unknown;
        if (!wants) ++status_.not_wanted;
    }
    return wants;
}

void Worker::put_aside(const Message& message, const std::string& reason) {
    {
        const std::scoped_lock lock(mutex_);
        status_.undelivered += message.stands_for;
    }
    // An alert about an undelivered alert ends here, else two broken sinks would make alerts for ever.
    if (parts_.undelivered && !tells_undelivered(message.alert))
        parts_.undelivered(make_undelivered(message.number, message.alert, route_.name, reason));
}

bool Worker::send(std::span<const Message> messages, const std::stop_token& stop, const std::stop_token& abort) {
    std::vector<Delivery> deliveries;
    deliveries.reserve(messages.size());
    std::uint64_t stand_for = 0;
    for (const Message& message : messages) {
        deliveries.push_back({.number = message.number, .alert = message.alert, .host = parts_.host});
        stand_for += message.stands_for;
        if (message.number != kNotRecorded) sending_ = std::min(sending_.value_or(message.first), message.first);
    }
    std::uint32_t refused = 0;
    for (std::uint64_t attempts = 1;; ++attempts) {
        {
            const std::scoped_lock lock(mutex_);
            status_.attempts = attempts;
            tried_time_ = messages.front().alert.time();
        }
        const Outcome outcome = sink_->deliver_together(deliveries, abort);
        const bool give_up = outcome.verdict == Verdict::refused && ++refused >= times_.refused_tries;
        {
            const std::scoped_lock lock(mutex_);
            if (outcome.verdict == Verdict::delivered) {
                status_.sent += messages.size();
                status_.delivered += stand_for;
                status_.last_delivery = now();
            } else {
                status_.last_error = outcome.reason;
                status_.last_error_time = now();
                if (!give_up) ++status_.retries;
            }
            if (outcome.verdict == Verdict::delivered || give_up) status_.attempts = 0;
        }
        if (give_up) {
            for (const Message& message : messages) put_aside(message, outcome.reason);
        }
        if (give_up || outcome.verdict == Verdict::delivered) {
            sending_.reset();
            return true;
        }
        if (stop.stop_requested()) return false;
        save_cursor(false);
        const auto wait = std::max(backoff(attempts), outcome.after.value_or(std::chrono::milliseconds(0)));
        pause(std::min(wait, times_.longest_retry), stop);
    }
}

bool Worker::send(const Outgoing& out, const std::stop_token& stop, const std::stop_token& abort) {
    const Message message{.number = out.number, .first = out.first, .stands_for = out.stands_for, .alert = out.alert};
    return send({&message, 1}, stop, abort);
}

bool Worker::send_due(bool flush, const std::stop_token& stop, const std::stop_token& abort) {
    for (Folder* const folder : {&folder_, &unrecorded_folder_}) {
        while (const auto out = folder->due(std::chrono::steady_clock::now(), flush)) {
            if (!send(*out, stop, abort)) return false;
        }
    }
    return true;
}

bool Worker::send_unrecorded(const std::stop_token& stop, const std::stop_token& abort) {
    const RecentAlerts::Unrecorded found = recent_.unrecorded(unrecorded_);
    unrecorded_ = found.next;
    if (found.missed > 0) {
        const std::scoped_lock lock(mutex_);
        status_.undelivered += found.missed;
    }
    for (const SharedAlert& alert : found.alerts) {
        if (!wanted(alert->alert)) continue;
        const auto out = unrecorded_folder_.take(kNotRecorded, alert->alert, std::chrono::steady_clock::now());
        if (out && !send(*out, stop, abort)) return false;
    }
    return true;
}

bool Worker::handle(std::span<const SharedAlert> alerts, const std::stop_token& stop, const std::stop_token& abort) {
    std::vector<Message> messages;
    for (const SharedAlert& alert : alerts) {
        if (!wanted(alert->alert)) continue;
        if (!folds_) {
            messages.push_back({.number = alert->number, .first = alert->number, .alert = alert->alert});
            continue;
        }
        const auto out = folder_.take(alert->number, alert->alert, std::chrono::steady_clock::now());
        if (out && !send(*out, stop, abort)) return false;
        next_ = alert->number + 1;
    }
    if (!messages.empty() && !send(messages, stop, abort)) return false;
    next_ = alerts.back()->number + 1;
    return true;
}

void Worker::idle(const std::stop_token& stop) {
    if (!recent_.covers(next_)) return;
    std::optional<Time> until = folder_.next();
    if (const auto other = unrecorded_folder_.next(); other && (!until || *other < *until)) until = other;
    if (loaded_ && dealt_with() != saved_) {  // what is not synced yet soon will be
        const Time save = saved_at_ + times_.save_cursor;
        until = until ? std::min(*until, save) : save;
    }
    recent_.wait(next_, unrecorded_, until, stop);
}

void Worker::run(const std::stop_token& stop, const std::stop_token& abort) {
    load_cursor(stop);
    bool whole = loaded_;
    while (whole && !stop.stop_requested()) {
        whole = send_unrecorded(stop, abort) && send_due(false, stop, abort);
        if (!whole) break;
        if (const auto alerts = next_alerts(stop); !alerts.empty())
            whole = handle(alerts, stop, abort);
        else
            idle(stop);
        save_cursor(false);
    }
    // What is left, each tried once. What fails stays behind the cursor.
    if (whole && !abort.stop_requested()) whole = send_unrecorded(stop, abort);
    while (whole && !abort.stop_requested() && batch_.empty()) {
        const auto recent = recent_.from(std::max(next_, batch_end_), together_);
        if (recent.alerts.empty()) break;
        whole = handle(recent.alerts, stop, abort);
    }
    if (whole && !abort.stop_requested()) send_due(true, stop, abort);
    save_cursor(true);
}

}  // namespace plimsoll::sink
