#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ledger/plan.h"
#include "ledger/reader.h"
#include "ledger/reader_files.h"
#include "ledger/scan_unit.h"

namespace plimsoll::ledger {

/// One part of a ledger that a scan has to look into.
struct ScanPart {
    SegmentFile segment;
    TailPart tail;                          ///< when set, this and not the segment
    std::shared_ptr<const Segment> packed;  ///< when set, this part of a log and not a file
    PageSlice slice;                        ///< of a segment

    [[nodiscard]] bool is_tail() const { return tail.tail != nullptr; }
};

/// The parts that the query's numbers and times leave, in the order of the query; adds what needs no look to `report`.
[[nodiscard]] std::vector<ScanPart> parts_of(const Snapshot& snapshot, const ScanRequest& request, ScanReport& report);

/// Threads to use for so many parts.
[[nodiscard]] unsigned threads_for(const Query& query, std::size_t parts);

/// Opens the part's segment; nothing, with a fault in the report, when it cannot be. `vanished` collects segments whose
/// file is gone: pruned, or missing.
[[nodiscard]] std::shared_ptr<const Segment> open_part(LedgerFiles& files, const SegmentFile& part, ScanReport& report,
                                                       std::vector<SegmentFile>& vanished);

/// Says of the vanished which were not pruned.
[[nodiscard]] Result<void> explain(LedgerFiles& files, const std::vector<SegmentFile>& vanished, ScanReport& report);

/// Adds up what was done.
void add(ScanReport& sum, ScanReport&& part);

using Visit = std::function<bool(const StoredRecord&)>;
using OnProgress = std::function<void(Progress)>;

/// Reader::scan, over what `snapshot` saw.
[[nodiscard]] Result<ScanReport> run_scan(LedgerFiles& files, const Snapshot& snapshot, const ScanRequest& request,
                                          const Visit& visit, const OnProgress& progress);

/// Reader::count.
[[nodiscard]] Result<std::vector<Count>> run_count(LedgerFiles& files, const Snapshot& snapshot,
                                                   const ScanRequest& request, const std::vector<model::FieldId>& by,
                                                   Nanoseconds bucket, ScanReport& report);

}  // namespace plimsoll::ledger
