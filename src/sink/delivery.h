#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sink/alert_feed.h"
#include "sink/cursor_store.h"
#include "sink/sink.h"
#include "sink/sink_config.h"

namespace plimsoll::sink {

/// What `plimsoll status` shows of a sink. Counts are since the start.
struct SinkStatus {
    std::string name;
    std::string description;        ///< kind and address, without secrets
    std::uint64_t delivered = 0;    ///< alerts that arrived, those in summaries included
    std::uint64_t sent = 0;         ///< messages that took
    std::uint64_t undelivered = 0;  ///< refused for good and put aside, or let go that the ledger had not taken
    std::uint64_t not_wanted = 0;   ///< passed over by condition or priority
    std::uint64_t unknown = 0;      ///< whose condition could not be told; they are sent
    std::uint64_t held = 0;         ///< counted in a summary that is still to come
    std::uint64_t pending = 0;      ///< known to wait, the one that is tried included
    bool behind = false;            ///< more than `pending` may wait: the ledger is being read
    std::uint64_t attempts = 0;     ///< at the alert that is tried now; 0: none is
    std::uint64_t retries = 0;      ///< attempts that failed and were or will be repeated
    std::string last_error;         ///< of the last attempt that failed
    Nanoseconds last_error_time = 0;
    Nanoseconds last_delivery = 0;
    std::string fault;        ///< why cursor or ledger cannot be used just now; empty when all is well
    RecordNumber cursor = 0;  ///< first record not dealt with
    Nanoseconds lag = 0;      ///< age of the alert that is tried now; 0 when none waits
};

/// Times of delivery; the defaults are for everybody but tests.
struct DeliveryTimes {
    std::chrono::milliseconds first_retry{200};  ///< doubles with each failure, and is shortened by up to a half
    std::chrono::milliseconds longest_retry{300'000};
    std::uint32_t refused_tries = 5;                  ///< before a refused alert is put aside
    std::chrono::milliseconds save_cursor{1000};      ///< most often
    std::chrono::milliseconds flush{3000};            ///< for what is held and waits at a stop
    std::size_t ring = 8192;                          ///< alerts kept in memory for the short way until all sinks
                                                      ///< have looked at them
    std::size_t ring_bytes = std::size_t{32} << 20U;  ///< or so many bytes of them, about
};

/// What delivery works with. The references outlive the Delivery.
struct DeliveryParts {
    AlertFeed& feed;
    CursorStore& cursors;
    std::string host;        ///< name of this host, for messages
    RecordNumber begin = 0;  ///< every alert from here on will be notified of; what came before stands in the ledger
    std::optional<RecordNumber> synced = {};  ///< as for synced(); otherwise all that the ledger shows now
    /// Takes the `loss` record about an alert that was put aside; called on a sink's thread.
    std::function<void(model::Event)> undelivered;
};

/// Hands alerts to every sink, each on a thread of its own: at least once, in order, as long as it takes. Never makes
/// the recorder wait.
class Dispatcher {
public:
    /// Checks every configuration and starts the threads. An error names the sink whose configuration cannot be used.
    static Result<std::unique_ptr<Dispatcher>> start(std::vector<SinkConfig> configs, DeliveryParts parts,
                                                     DeliveryTimes times = {});
    /// Tells what is held, tries once more what waits, within `times.flush`; saves the cursors.
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    /// The short way: alerts that were just recorded. Numbers ascend. Never waits for a sink.
    void notify(std::span<const SharedAlert> alerts);

    /// The same for alerts that the ledger could not take. Each sink tries them until it has them, but holds no more
    /// than the newest thousand, and forgets them when it stops.
    void notify_unrecorded(std::span<const SharedAlert> alerts);

    /// Every record below that number is on disk: a crash takes none of them back. Cursors are not kept beyond it.
    void synced(RecordNumber end);

    [[nodiscard]] std::vector<SinkStatus> status() const;

private:
    class Impl;
    explicit Dispatcher(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::sink
