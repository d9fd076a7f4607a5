#include "app/notifier.h"

#include <algorithm>
#include <utility>

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostUnrecorded = 1024;

}  // namespace

Result<void> Notifier::use(std::vector<sink::SinkConfig> sinks, std::string host) {
    stop();                          // saves the cursors that the new ones read
    static_cast<void>(feed_.end());  // opens the ledger, which takes longer than anybody should wait for the lock
    // No alert comes between the last one that nobody heard and the first that these hear.
    const std::scoped_lock lock(mutex_);
    sink::DeliveryParts parts{.feed = feed_,
                              .cursors = cursors_,
                              .host = std::move(host),
                              .begin = raised_,
                              .synced = synced_,
                              .undelivered = undelivered_};
    TRY(sinks_, sink::Dispatcher::start(std::move(sinks), std::move(parts)));
    sinks_->notify_unrecorded(std::exchange(unrecorded_, {}));
    return {};
}

void Notifier::stop() {
    std::unique_ptr<sink::Dispatcher> old;
    const std::scoped_lock lock(mutex_);
    old = std::exchange(sinks_, nullptr);
}

void Notifier::raised(std::span<const sink::SharedAlert> alerts) {
    const std::scoped_lock lock(mutex_);
    if (sinks_) sinks_->notify(alerts);
    raised_ = alerts.back()->number + 1;
}

void Notifier::unrecorded(std::span<const sink::SharedAlert> alerts) {
    const std::scoped_lock lock(mutex_);
    if (sinks_) return sinks_->notify_unrecorded(alerts);
    const auto kept = alerts.first(std::min(alerts.size(), kMostUnrecorded - unrecorded_.size()));
    unrecorded_.insert(unrecorded_.end(), kept.begin(), kept.end());
    if (kept.size() < alerts.size()) log_.warning("alerts went to nobody: neither ledger nor sinks took them");
}

void Notifier::synced(ledger::RecordNumber end) {
    const std::scoped_lock lock(mutex_);
    if (sinks_) sinks_->synced(end);
    synced_ = end;
}

std::vector<sink::SinkStatus> Notifier::status() const {
    const std::scoped_lock lock(mutex_);
    return sinks_ ? sinks_->status() : std::vector<sink::SinkStatus>();
}

}  // namespace plimsoll::app
