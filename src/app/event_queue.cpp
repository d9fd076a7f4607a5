#include "app/event_queue.h"

#include <utility>

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostSpare = EventQueue::kMostTaken;
constexpr std::size_t kLargestSpare = std::size_t{16} << 10U;

}  // namespace

EventQueue::EventQueue(std::size_t most_events, std::size_t most_bytes)
    : most_events_(most_events), most_bytes_(most_bytes) {}

bool EventQueue::push(Pending pending, bool wait) {
    {
        std::unique_lock lock(mutex_);
        if (full() && !stopped_) {
            if (!wait) return false;
            ++waits_;
            emptied_.wait(lock, [this] { return stopped_ || !full(); });
        }
        if (stopped_) return false;
        pending.bytes = pending.event.memory();
        bytes_ += pending.bytes;
        waiting_.push_back(std::move(pending));
    }
    filled_.notify_one();
    return true;
}

bool EventQueue::put(model::Event event) { return push({.event = std::move(event)}, true); }

bool EventQueue::offer(model::Event event) { return push({.event = std::move(event)}, false); }

bool EventQueue::put_judged(model::Event event, Verdict verdict) {
    return push({.event = std::move(event), .verdict = std::move(verdict)}, true);
}

Result<ledger::RecordNumber> EventQueue::record(model::Event event) {
    return push_for_receipt({.event = std::move(event)});
}

bool EventQueue::settle() { return push_for_receipt({.marker = true}).has_value(); }

Result<ledger::RecordNumber> EventQueue::push_for_receipt(Pending pending) {
    auto receipt = pending.receipt.emplace().get_future();
    if (!push(std::move(pending), true)) return Error{"the recorder is stopping"};
    return receipt.get();
}

std::deque<Pending> EventQueue::take(std::chrono::milliseconds most) {
    std::deque<Pending> taken;
    {
        std::unique_lock lock(mutex_);
        filled_.wait_for(lock, most, [this] { return stopped_ || !waiting_.empty(); });
        for (; !waiting_.empty() && taken.size() < kMostTaken; waiting_.pop_front()) {
            bytes_ -= waiting_.front().bytes;
            taken.push_back(std::move(waiting_.front()));
        }
    }
    emptied_.notify_all();
    return taken;
}

void EventQueue::give_back(std::deque<Pending> taken) {
    const std::scoped_lock lock(mutex_);
    for (Pending& pending : taken) {
        if (spare_.size() >= kMostSpare) break;
        if (pending.marker || pending.bytes > kLargestSpare) continue;
        spare_.push_back(std::move(pending.event));
    }
}  // the others go, without the lock

void EventQueue::take_spare(std::vector<model::Event>& spare) {
    const std::scoped_lock lock(mutex_);
    spare_.swap(spare);
}

void EventQueue::drop_spare() {
    std::vector<model::Event> dropped;
    take_spare(dropped);
}

void EventQueue::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
    }
    filled_.notify_all();
    emptied_.notify_all();
}

bool EventQueue::stopped() const {
    const std::scoped_lock lock(mutex_);
    return stopped_;
}

std::size_t EventQueue::size() const {
    const std::scoped_lock lock(mutex_);
    return waiting_.size();
}

std::uint64_t EventQueue::waits() const {
    const std::scoped_lock lock(mutex_);
    return waits_;
}

}  // namespace plimsoll::app
