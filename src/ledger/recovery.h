#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/catalogue.h"
#include "ledger/segment.h"
#include "ledger/tree.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

/// Something that cannot be read any more; becomes a `loss` record.
struct FoundLoss {
    std::string reason;
    std::optional<std::uint64_t> count;
    Nanoseconds from = 0;
    Nanoseconds until = 0;
};

/// Where a ledger stood when its last writer ended, however it ended.
struct Recovered {
    std::vector<SegmentRow> segments;  ///< kept ones, in order
    RecordNumber first_kept = 0;
    FieldNumbers fields;
    Tree tree;
    std::optional<SegmentBuilder> builder;  ///< holds the rows of the log
    std::optional<Wal> wal;                 ///< goes on after the last whole row
    std::vector<FoundLoss> losses;
};

/// Puts the folder in order: half-written files removed, segments the catalogue does not know noted there, logs whose
/// rows are all in segments removed, the last log cut to its whole rows (one that is damaged in the middle is kept
/// aside as .damaged). Needs the lock.
[[nodiscard]] Result<Recovered> recover(const std::string& directory, Catalogue& catalogue);

/// Writes a file under a temporary name, syncs it and its folder, and gives it its name.
[[nodiscard]] Result<void> write_segment(const std::string& directory, RecordNumber first, std::string_view bytes);

/// What the catalogue notes of a segment.
[[nodiscard]] SegmentRow row_of(const SegmentInfo& info);

[[nodiscard]] std::string segment_path(const std::string& directory, RecordNumber first);

}  // namespace plimsoll::ledger
