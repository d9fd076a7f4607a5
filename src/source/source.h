#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/time.h"
#include "model/event.h"

namespace plimsoll::source {

/// Takes what sources see, into a bounded queue. Any thread.
class Outlet {
public:
    virtual ~Outlet() = default;

    /// Waits while the queue is full; false when the recorder is stopping and the event was not taken.
    virtual bool put(model::Event event) = 0;

    /// Never waits: false when the queue is full; the caller counts the loss and reports it as a `loss` record.
    virtual bool offer(model::Event event) = 0;

    /// Waits until everything that was put before is on disk; false when that cannot be said. A source calls it before
    /// it remembers durably how far it has come, so that its memory is never ahead of the ledger.
    virtual bool settle() { return true; }
};

/// What `plimsoll status` shows of a source.
struct SourceStatus {
    std::string name;  ///< "engine unix:///var/run/docker.sock", "resources", …
    bool connected = false;
    std::string fault;            ///< why it does not deliver; empty when it does
    std::uint64_t events = 0;     ///< handed over since the start
    std::uint64_t lost = 0;       ///< known to be lost since the start
    std::uint64_t malformed = 0;  ///< kept raw with a reason
    Nanoseconds last_event = 0;   ///< time of the newest event; 0 before the first
    std::string note;             ///< why nothing comes although all is well; empty when there is nothing to say
};

/// A feed of events. `run` works on a thread of its own until stopped, and survives every failure of what it reads
/// from: it reconnects, says what it missed, and never ends by itself.
class Source {
public:
    virtual ~Source() = default;
    virtual void run(Outlet& outlet, const std::stop_token& stop) = 0;
    [[nodiscard]] virtual SourceStatus status() const = 0;  ///< any thread
};

}  // namespace plimsoll::source
