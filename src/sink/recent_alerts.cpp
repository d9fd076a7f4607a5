#include "sink/recent_alerts.h"

#include <algorithm>

namespace plimsoll::sink {

namespace {

constexpr std::size_t kMostUnrecorded = 1024;

}  // namespace

void RecentAlerts::put(std::span<const SharedAlert> alerts) {
    Alerts gone;  // destroyed without the lock
    {
        const std::scoped_lock lock(mutex_);
        for (const SharedAlert& alert : alerts) {
            if (alert->number < covered_from_) continue;
            if (!alerts_.empty() && alerts_.back().alert->number >= alert->number) continue;
            alerts_.push_back({alert, alert->alert.memory()});
            bytes_ += alerts_.back().bytes;
            newest_ = alert->number;
        }
        while (alerts_.size() > most_.alerts || bytes_ > most_.bytes) let_go(gone);
    }
    came_.notify_all();
}

void RecentAlerts::forget(RecordNumber below) {
    Alerts gone;
    const std::scoped_lock lock(mutex_);
    while (!alerts_.empty() && alerts_.front().alert->number < below) let_go(gone);
}

void RecentAlerts::let_go(Alerts& gone) {
    covered_from_ = alerts_.front().alert->number + 1;
    bytes_ -= alerts_.front().bytes;
    gone.push_back(std::move(alerts_.front()));
    alerts_.pop_front();
}

void RecentAlerts::put_unrecorded(std::span<const SharedAlert> alerts) {
    {
        const std::scoped_lock lock(mutex_);
        for (const SharedAlert& alert : alerts) {
            unrecorded_.push_back(alert);
            ++unrecorded_end_;
            if (unrecorded_.size() > kMostUnrecorded) unrecorded_.pop_front();
        }
    }
    came_.notify_all();
}

RecentAlerts::Unrecorded RecentAlerts::unrecorded(std::uint64_t from) const {
    const std::scoped_lock lock(mutex_);
    const std::uint64_t begin = unrecorded_end_ - unrecorded_.size();
    Unrecorded found{.alerts = {}, .next = unrecorded_end_, .missed = from < begin ? begin - from : 0};
    for (std::uint64_t i = std::max(from, begin); i < unrecorded_end_; ++i)
        found.alerts.push_back(unrecorded_[i - begin]);
    return found;
}

RecentAlerts::Alerts::const_iterator RecentAlerts::find(RecordNumber first) const {
    return std::ranges::lower_bound(alerts_, first, {}, [](const Kept& kept) { return kept.alert->number; });
}

RecentAlerts::Answer RecentAlerts::from(RecordNumber first, AlertBounds most) const {
    const std::scoped_lock lock(mutex_);
    if (first < covered_from_) return {};
    Answer answer{.covered = true, .alerts = {}};
    std::size_t bytes = 0;
    for (auto at = find(first); at != alerts_.end() && answer.alerts.size() < most.alerts; ++at) {
        bytes += at->bytes;
        if (bytes > most.bytes && !answer.alerts.empty()) break;
        answer.alerts.push_back(at->alert);
    }
    return answer;
}

std::size_t RecentAlerts::count_from(RecordNumber first) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(alerts_.end() - find(first));
}

RecordNumber RecentAlerts::newest() const {
    const std::scoped_lock lock(mutex_);
    return newest_;
}

bool RecentAlerts::covers(RecordNumber first) const {
    const std::scoped_lock lock(mutex_);
    return first >= covered_from_;
}

void RecentAlerts::wait(RecordNumber first, std::uint64_t unrecorded, std::optional<Time> until,
                        const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return find(first) != alerts_.end() || unrecorded < unrecorded_end_; };
    if (until)
        came_.wait_until(lock, stop, *until, there);
    else
        came_.wait(lock, stop, there);
}

}  // namespace plimsoll::sink
