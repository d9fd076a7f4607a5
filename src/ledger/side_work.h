#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"

namespace plimsoll::ledger {

/// Work that is done beside its owner's: one piece at a time, on a thread that begins with the first. All calls come
/// from the owner's thread; what a piece touches is the owner's again once its outcome was taken.
class SideWork {
public:
    using Work = std::function<Result<void>()>;

    SideWork() = default;
    ~SideWork();  ///< waits for what is under way
    SideWork(const SideWork&) = delete;
    SideWork& operator=(const SideWork&) = delete;

    /// Not while there is an outcome to take.
    void begin(Work work);

    /// Something was begun, and its outcome not taken.
    [[nodiscard]] bool pending() const { return pending_; }

    /// The outcome, if it has ended.
    [[nodiscard]] std::optional<Result<void>> ended();

    /// Waits for the outcome. Only when something is pending.
    [[nodiscard]] Result<void> wait();

private:
    void serve();

    bool pending_ = false;
    std::atomic<bool> done_ = false;
    std::mutex mutex_;  ///< guards what follows
    std::condition_variable changed_;
    Work work_;  ///< empty: none waits to be done
    Result<void> outcome_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace plimsoll::ledger
