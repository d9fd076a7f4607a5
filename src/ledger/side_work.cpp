#include "ledger/side_work.h"

#include <utility>

namespace plimsoll::ledger {

SideWork::~SideWork() {
    if (!thread_.joinable()) return;
    {
        const std::scoped_lock lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void SideWork::begin(Work work) {
    check(!pending_);
    pending_ = true;
    done_ = false;
    {
        const std::scoped_lock lock(mutex_);
        work_ = std::move(work);
    }
    if (thread_.joinable())
        changed_.notify_all();
    else
        thread_ = std::thread([this] { serve(); });
}

std::optional<Result<void>> SideWork::ended() {
    if (!pending_ || !done_) return std::nullopt;
    return wait();
}

Result<void> SideWork::wait() {
    check(pending_);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_.load(); });
    pending_ = false;
    return std::exchange(outcome_, {});
}

void SideWork::serve() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || work_; });
        if (!work_) return;
        const Work work = std::exchange(work_, nullptr);
        lock.unlock();
        auto outcome = work();
        lock.lock();
        outcome_ = std::move(outcome);
        done_ = true;
        changed_.notify_all();
    }
}

}  // namespace plimsoll::ledger
