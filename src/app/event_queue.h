#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "ledger/writer.h"
#include "rule/alert_rules.h"
#include "source/source.h"

namespace plimsoll::app {

/// What rules said of an event before it came into the queue.
struct Verdict {
    std::vector<rule::AlertMatch> matches;  ///< that are to be alerts of their own
    std::shared_ptr<const void>
        rules;              ///< shared with whoever judged: keeps alive what `matches` names; null: not judged
    bool alert = false;     ///< the event tells of its alert itself
    bool complete = false;  ///< no enricher has anything to add or to learn
};

/// What waits to be recorded: an event, and perhaps somebody who wants to know under which number it was kept.
struct Pending {
    model::Event event;
    Verdict verdict = {};
    bool marker = false;    ///< no event: the receipt says that all before it is synced
    std::size_t bytes = 0;  ///< of the event, about
    std::optional<std::promise<Result<ledger::RecordNumber>>> receipt;
};

/// From the sources' threads to the recorder's: bounded in events and bytes, so that a slow disk makes sources wait and
/// never makes memory grow.
class EventQueue final : public source::Outlet {
public:
    EventQueue(std::size_t most_events, std::size_t most_bytes);

    bool put(model::Event event) override;
    bool offer(model::Event event) override;

    /// `put`, for an event that its source judged itself: no other rule is asked.
    bool put_judged(model::Event event, Verdict verdict);
    bool settle() override;

    /// Records the event and waits until it is synced: its number, or why it was refused.
    [[nodiscard]] Result<ledger::RecordNumber> record(model::Event event);

    /// What waits, oldest first, up to kMostTaken; when nothing does, what comes within `most`.
    [[nodiscard]] std::deque<Pending> take(std::chrono::milliseconds most);
    static constexpr std::size_t kMostTaken = 512;  ///< what is taken no longer counts for the bounds

    /// Events that were taken and are done with: their memory is used again by sources that bring many.
    void give_back(std::deque<Pending> taken);

    /// Some of these, to be cleared before they are filled; none when there are none. `spare` must be empty.
    void take_spare(std::vector<model::Event>& spare);

    void drop_spare();

    /// From now on nothing is taken in; whoever waits is told.
    void stop();

    [[nodiscard]] bool stopped() const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::uint64_t waits() const;  ///< how often a source had to wait since the start

private:
    [[nodiscard]] bool full() const { return waiting_.size() >= most_events_ || bytes_ >= most_bytes_; }
    bool push(Pending pending, bool wait);
    Result<ledger::RecordNumber> push_for_receipt(Pending pending);

    const std::size_t most_events_;
    const std::size_t most_bytes_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable emptied_;
    std::deque<Pending> waiting_;
    std::size_t bytes_ = 0;
    std::vector<model::Event> spare_;
    std::uint64_t waits_ = 0;
    bool stopped_ = false;
};

}  // namespace plimsoll::app
