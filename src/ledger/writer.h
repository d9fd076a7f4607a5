#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/event.h"

namespace plimsoll::ledger {

/// Number of a record: the index of its leaf in the tree, counted from 0.
using RecordNumber = std::uint64_t;

/// What to do when the disk has no room: keep all evidence and lose what is new, or make room by dropping the oldest
/// sealed segments.
enum class WhenFull : std::uint8_t { keep_old, drop_oldest };

struct WriterOptions {
    std::string path = "/var/lib/plimsoll/ledger";
    std::string host;  ///< name that stands in checkpoints; the host's own when empty
    std::uint32_t segment_rows = 65536;
    std::chrono::milliseconds commit_after{100};         ///< most that a record waits for the disk
    std::size_t commit_bytes = std::size_t{256} * 1024;  ///< or this many bytes together, and while a sync is under
                                                         ///< way sixteen times as many
    std::chrono::milliseconds checkpoint_every{1000};
    std::chrono::seconds key_epoch{86'400};        ///< a signing key is replaced, and erased, after this long
    std::optional<std::chrono::seconds> keep_for;  ///< retention by age
    std::optional<std::uint64_t> keep_bytes;       ///< retention by size of all sealed segments
    WhenFull when_full = WhenFull::keep_old;
    std::uint64_t reserve_bytes = std::uint64_t{64} << 20U;  ///< the disk counts as full below this much free space
    std::function<Nanoseconds()> clock;                      ///< the wall clock; tests give their own
};

/// State of the ledger for `plimsoll status`.
struct WriterStatus {
    RecordNumber next = 0;        ///< number that the next record gets
    RecordNumber durable = 0;     ///< every record below this is on disk
    RecordNumber first_kept = 0;  ///< every record below this was pruned
    std::uint64_t segments = 0;
    std::uint64_t sealed_bytes = 0;
    std::uint64_t tail_bytes = 0;
    std::uint64_t refused = 0;  ///< records that could not be written since the start: full or broken disk
    std::string fault;          ///< why nothing can be written just now; empty when all is well
    Nanoseconds checkpoint_time = 0;
    RecordNumber checkpoint_size = 0;
};

/// The one writer of a ledger. Opening takes a lock (a second writer is refused with the holder's pid), recovers what a
/// crash left, and writes a `start` record; closing writes `stop`, seals nothing, and signs a checkpoint. One thread.
class Writer {
public:
    static Result<std::unique_ptr<Writer>> open(WriterOptions options);
    ~Writer();  ///< closes, if `close` was not called
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Adds a record and says its number; it is acknowledged once `durable()` is past it. On a full or broken disk the
    /// record is refused and counted; the first record that fits again is preceded by a `loss` record.
    [[nodiscard]] Result<RecordNumber> append(const model::Event& event);

    /// Syncs what waits, when the time or byte bound asks for it; seals a full segment; signs a checkpoint when one is
    /// due; prunes. Call it often: returns when to call again at the latest.
    std::chrono::milliseconds tick();

    /// Syncs now (an alert was appended). Every record below the number that it returns is on disk.
    [[nodiscard]] Result<RecordNumber> commit();

    /// The same beside the caller's work, for a burst: takes note of a sync that has ended, and begins the next when
    /// none is under way. What is not below the number yet is at the next call, or the one after.
    [[nodiscard]] Result<RecordNumber> commit_beside();

    [[nodiscard]] RecordNumber durable() const;
    [[nodiscard]] WriterStatus status() const;

    /// Signs a checkpoint of everything appended so far, synced first, and returns the note.
    [[nodiscard]] Result<std::string> checkpoint();

    [[nodiscard]] Result<void> close();

private:
    class Impl;
    explicit Writer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::ledger
