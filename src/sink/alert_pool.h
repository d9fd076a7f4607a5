#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "sink/alert_feed.h"

namespace plimsoll::sink {

/// Alerts whose memory is used again once the last sink has let go of them: in a storm most of an alert's cost would be
/// its memory. `take` belongs to one thread, letting go to any.
class AlertPool {
public:
    /// One that holds what it last held.
    [[nodiscard]] std::shared_ptr<NumberedAlert> take() {
        std::unique_ptr<NumberedAlert> alert = spare_->pop();
        if (!alert) alert = std::make_unique<NumberedAlert>();
        return {alert.release(),
                [spare = spare_](NumberedAlert* gone) { spare->push(std::unique_ptr<NumberedAlert>(gone)); }};
    }

private:
    static constexpr std::size_t kMost = 512;
    static constexpr std::size_t kMostBytes = 16U << 10U;  // of one that is kept

    class Spare {
    public:
        std::unique_ptr<NumberedAlert> pop() {
            const std::scoped_lock lock(mutex_);
            if (alerts_.empty()) return nullptr;
            auto alert = std::move(alerts_.back());
            alerts_.pop_back();
            return alert;
        }
        void push(std::unique_ptr<NumberedAlert> alert) {
            if (alert->alert.memory() > kMostBytes) return;
            const std::scoped_lock lock(mutex_);
            if (alerts_.size() < kMost) alerts_.push_back(std::move(alert));
        }

    private:
        std::mutex mutex_;
        std::vector<std::unique_ptr<NumberedAlert>> alerts_;
    };

    std::shared_ptr<Spare> spare_ = std::make_shared<Spare>();
};

}  // namespace plimsoll::sink
