#include "sink/recent_alerts.h"

#include <algorithm>

namespace plimsoll::sink {

void RecentAlerts::put(RecordNumber number, const model::Event& alert) {
    auto made = std::make_shared<const NumberedAlert>(NumberedAlert{number, alert.clone()});
    {
        const std::scoped_lock lock(mutex_);
        if (number < covered_from_ || (!alerts_.empty() && alerts_.back()->number >= number)) return;
        alerts_.push_back(std::move(made));
        if (alerts_.size() > most_) {
            covered_from_ = alerts_.front()->number + 1;
            alerts_.pop_front();
        }
    }
    came_.notify_all();
}

RecentAlerts::Alerts::const_iterator RecentAlerts::find(RecordNumber first) const {
    return std::ranges::lower_bound(alerts_, first, {}, [](const auto& alert) { return alert->number; });
}

RecentAlerts::Answer RecentAlerts::first_from(RecordNumber first) const {
    const std::scoped_lock lock(mutex_);
    if (first < covered_from_) return {};
    const auto found = find(first);
    return {true, found == alerts_.end() ? nullptr : *found};
}

std::size_t RecentAlerts::count_from(RecordNumber first) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(alerts_.end() - find(first));
}

bool RecentAlerts::covers(RecordNumber first) const {
    const std::scoped_lock lock(mutex_);
    return first >= covered_from_;
}

void RecentAlerts::wait(RecordNumber first, std::optional<Time> until, const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return find(first) != alerts_.end(); };
    if (until)
        came_.wait_until(lock, stop, *until, there);
    else
        came_.wait(lock, stop, there);
}

}  // namespace plimsoll::sink
