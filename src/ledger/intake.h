#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/recovery.h"
#include "ledger/row.h"
#include "ledger/segment.h"
#include "ledger/side_work.h"
#include "ledger/tree.h"
#include "ledger/wal.h"
#include "model/event.h"

namespace plimsoll::ledger {

/// What a segment's end looks like when all rows up to it are written: its bytes, and the log that follows it.
struct SegmentEnd {
    RecordNumber first = 0;
    std::string bytes;
    std::string frontier;
};

/// The records on their way to the disk: numbered, encoded, put into the tree and into the columns of the segment that
/// is being filled, and gathered until they are written and synced together. One thread, but for the writing beside it.
class Intake {
public:
    /// `make_room` is called when the segment is full and a record comes: it ends the segment and begins the next.
    Intake(Recovered found, std::uint32_t segment_rows, std::function<Result<void>()> make_room);

    /// Adds a record, and before it those that number its new fields. It is durable after the next good `write`.
    Result<RecordNumber> put(const model::Event& event);

    /// Writes and syncs what waits, after what is being written beside. After a failure it still waits.
    Result<void> write();

    /// Begins to write and sync what waits, beside the caller's work. Not while `writing`, nor when nothing waits.
    void begin_write();
    [[nodiscard]] bool writing() const { return side_.pending(); }

    /// Takes note of what was written beside, if it has ended: its outcome. After a failure it waits again.
    std::optional<Result<void>> written();
    Result<void> wait_until_written();  ///< the same, once it has ended; good when nothing is being written

    [[nodiscard]] RecordNumber next() const { return next_; }        ///< number that the next record gets
    [[nodiscard]] RecordNumber durable() const { return durable_; }  ///< every record below this is on disk
    [[nodiscard]] std::size_t waiting_bytes() const { return waiting_.size(); }
    [[nodiscard]] std::chrono::steady_clock::time_point waiting_since() const { return oldest_; }
    [[nodiscard]] std::size_t log_bytes() const { return log_bytes_ + writing_.size() + waiting_.size(); }

    [[nodiscard]] bool segment_is_full() const { return builder_.full() || builder_.rows() >= segment_rows_; }

    /// The tree of every record.
    Tree& tree();

    /// The segment as a file. Nothing may wait to be written.
    SegmentEnd end_segment();

    /// The segment stands in its place: goes on with the next one in a new log, and removes the old log.
    Result<void> begin_segment(const std::string& folder);

private:
    static constexpr std::size_t kHashTogether = 64;  // rows whose leaves are hashed side by side

    Result<void> number_field(model::FieldId id, Nanoseconds time);
    template <typename Encode>
    Result<RecordNumber> put_row(Nanoseconds time, Encode encode);
    void hash_rows();
    Result<void> note_written(Result<void> outcome);

    std::uint32_t segment_rows_;
    std::function<Result<void>()> make_room_;
    FieldNumbers fields_;
    RowEncoder encoder_{fields_};
    std::array<bool, model::kFields.size()> numbered_{};  ///< fields known to have a number
    Tree tree_;                                           ///< of every record but those in unhashed_; see tree()
    RecordNumber next_ = 0;
    RecordNumber durable_ = 0;
    std::vector<std::pair<std::size_t, std::size_t>> unhashed_;  ///< rows in waiting_ that tree_ lacks: begin, size
    std::vector<RowField> parts_;                                ///< of the row that is added
    SegmentBuilder builder_;
    Wal wal_;
    std::size_t log_bytes_ = 0;  ///< of wal_
    std::string waiting_;        ///< frames that are not synced yet
    std::chrono::steady_clock::time_point oldest_;
    std::string writing_;  ///< frames before these, which are being written
    RecordNumber writing_until_ = 0;
    SideWork side_;  ///< last: it uses wal_ and writing_
};

}  // namespace plimsoll::ledger
