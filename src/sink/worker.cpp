#include "sink/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>

#include "sink/alert_event.h"

namespace plimsoll::sink {

namespace {

constexpr std::size_t kBatch = 256;
constexpr auto kFeedPause = std::chrono::milliseconds(100);  ///< when the ledger does not show yet what it has
constexpr auto kFaultPause = std::chrono::milliseconds(1000);

}  // namespace

Worker::Worker(Route route, std::unique_ptr<Sink> sink, const WorkerPlace& place)
    : route_(std::move(route)),
      sink_(std::move(sink)),
      parts_(place.parts),
      times_(place.times),
      recent_(place.recent),
      folder_(route_.fold_for, route_.rate),
      random_(std::random_device{}()),
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

void Worker::load_cursor(const std::stop_token& stop) {
    while (!loaded_ && !stop.stop_requested()) {
        const auto kept = parts_.cursors.load(route_.name);
        if (!kept) {
            set_fault(kept.error().message);
            pause(kFaultPause, stop);
            continue;
        }
        loaded_ = true;
        std::string fault;
        const RecordNumber end = std::max(parts_.feed.end(), next_);
        if (*kept && **kept > end) {
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

RecordNumber Worker::cursor() const {
    return std::min({next_, folder_.lowest_held().value_or(next_), sending_.value_or(next_)});
}

void Worker::save_cursor(bool at_once) {
    const Time time = std::chrono::steady_clock::now();
    {
        const std::scoped_lock lock(mutex_);
        shown_next_ = next_;
        status_.held = folder_.held();
    }
    if (!loaded_ || (!at_once && time - saved_at_ < times_.save_cursor)) return;
    saved_at_ = time;
    const RecordNumber reached = cursor();
    if (reached == saved_) return;
    const auto done = parts_.cursors.save(route_.name, reached);
    const std::scoped_lock lock(mutex_);
    status_.fault = done ? "" : done.error().message;
    if (!done) return;
    saved_ = reached;
    status_.cursor = reached;
}

std::shared_ptr<const NumberedAlert> Worker::next_alert(const std::stop_token& stop) {
    if (batch_.empty()) {
        next_ = std::max(next_, batch_end_);
        auto recent = recent_.first_from(next_);
        if (recent.covered) return recent.alert;
        auto read = parts_.feed.from(next_, kBatch);
        if (!read) {
            set_fault(read.error().message);
            pause(kFaultPause, stop);
            return nullptr;
        }
        if (read->alerts.empty() && read->next <= next_) pause(kFeedPause, stop);
        batch_.insert(batch_.end(), std::make_move_iterator(read->alerts.begin()),
                      std::make_move_iterator(read->alerts.end()));
        batch_end_ = read->next;
        if (batch_.empty()) return nullptr;
    }
    auto alert = std::make_shared<const NumberedAlert>(std::move(batch_.front()));
    batch_.pop_front();
    return alert;
}

bool Worker::wanted(const model::Event& alert) {
    bool wants = priority_of(alert) <= route_.least;
    // A sink that refuses is not told that it refused.
    if (tells_undelivered(alert) && alert.text("alert.sink") == route_.name) wants = false;
    bool unknown = false;
    if (wants && route_.condition) {
        const rule::Truth truth = route_.condition->evaluate(alert);
        unknown = truth == rule::Truth::unknown;
        wants = truth != rule::Truth::no;
    }
    const std::scoped_lock lock(mutex_);
    if (unknown) ++status_.unknown;
    if (!wants) ++status_.not_wanted;
    return wants;
}

void Worker::put_aside(const Outgoing& out, const std::string& reason) {
    {
        const std::scoped_lock lock(mutex_);
        status_.undelivered += out.stands_for;
    }
    // An alert about an undelivered alert ends here, else two broken sinks would make alerts for ever.
    if (parts_.undelivered && !tells_undelivered(out.alert))
        parts_.undelivered(make_undelivered(out.number, out.alert, route_.name, reason));
}

bool Worker::send(const Outgoing& out, const std::stop_token& stop, const std::stop_token& abort) {
    std::uint32_t refused = 0;
    sending_ = out.first;
    for (std::uint64_t attempts = 1;; ++attempts) {
        {
            const std::scoped_lock lock(mutex_);
            status_.attempts = attempts;
            tried_time_ = out.alert.time();
        }
        const Outcome outcome = sink_->deliver({.number = out.number, .alert = out.alert, .host = parts_.host}, abort);
        const bool give_up = outcome.verdict == Verdict::refused && ++refused >= times_.refused_tries;
        {
            const std::scoped_lock lock(mutex_);
            if (outcome.verdict == Verdict::delivered) {
                ++status_.sent;
                status_.delivered += out.stands_for;
                status_.last_delivery = now();
            } else {
                status_.last_error = outcome.reason;
                status_.last_error_time = now();
                if (!give_up) ++status_.retries;
            }
            if (outcome.verdict == Verdict::delivered || give_up) status_.attempts = 0;
        }
        if (give_up) put_aside(out, outcome.reason);
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

bool Worker::send_due(bool flush, const std::stop_token& stop, const std::stop_token& abort) {
    while (const auto out = folder_.due(std::chrono::steady_clock::now(), flush)) {
        if (!send(*out, stop, abort)) return false;
    }
    return true;
}

bool Worker::handle(const NumberedAlert& alert, const std::stop_token& stop, const std::stop_token& abort) {
    if (wanted(alert.alert)) {
        const auto out = folder_.take(alert.number, alert.alert, std::chrono::steady_clock::now());
        if (out && !send(*out, stop, abort)) return false;
    }
    next_ = alert.number + 1;
    return true;
}

void Worker::idle(const std::stop_token& stop) {
    if (!recent_.covers(next_)) return;
    std::optional<Time> until = folder_.next();
    if (loaded_ && cursor() != saved_) {
        const Time save = saved_at_ + times_.save_cursor;
        until = until ? std::min(*until, save) : save;
    }
    recent_.wait(next_, until, stop);
}

void Worker::run(const std::stop_token& stop, const std::stop_token& abort) {
    load_cursor(stop);
    bool whole = loaded_;
    while (whole && !stop.stop_requested()) {
        whole = send_due(false, stop, abort);
        if (!whole) break;
        if (const auto alert = next_alert(stop))
            whole = handle(*alert, stop, abort);
        else
            idle(stop);
        save_cursor(false);
    }
    // What is left, each tried once. What fails stays behind the cursor.
    while (whole && !abort.stop_requested() && recent_.covers(next_)) {
        const auto recent = recent_.first_from(std::max(next_, batch_.empty() ? batch_end_ : next_));
        if (!recent.alert || !batch_.empty()) break;
        whole = handle(*recent.alert, stop, abort);
    }
    if (whole && !abort.stop_requested()) send_due(true, stop, abort);
    save_cursor(true);
}

}  // namespace plimsoll::sink
