#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "audit/event.h"

namespace plimsoll::audit {

struct AssemblerLimits {
    std::int64_t timeout_ms = 2000;      ///< an event without news for so long, by the records' own times, is finished
    std::size_t open_events = 4096;      ///< more at once, and the oldest is finished as it is
    std::size_t open_bytes = 16u << 20;  ///< text of open events
    std::size_t records = 4096;          ///< records of one event; further ones start an event that is not complete
    bool linger =
        false;  ///< for files, which hold no EOE but may hold lines twice or in disorder: no event is finished
                ///< before the limits or `flush` demand it, and the one that began first is finished first
    bool keep_text = true;  ///< copies what it keeps; false: the caller's text outlives the assembler
};

struct AssemblerCounts {
    std::uint64_t records = 0;
    std::uint64_t events = 0;
    std::uint64_t incomplete = 0;  ///< events that ended without a record they should have
    std::uint64_t duplicates = 0;  ///< equal lines, dropped
    std::uint64_t late = 0;  ///< records that came when their event had been finished; told as an event of their own
};

/// Puts events together from records in any interleaving. Events are handed on when they are finished, in that order:
/// at their EOE, at once when they are of a kind that has one record, after the time-out, when limits demand it, or at
/// `flush`. One thread; the handler must not call back.
class Assembler {
public:
    explicit Assembler(EventHandler& handler, const AssemblerLimits& limits = {});
    ~Assembler();

    void add(const Record& record);

    /// Finishes what has had no news for the time-out, by a clock beside the records' (a live reader's).
    void tick(std::int64_t now_ms);

    /// Finishes everything and forgets it: what comes next is another log.
    void flush();

    [[nodiscard]] const AssemblerCounts& counts() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll::audit
