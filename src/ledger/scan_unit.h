#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "ledger/plan.h"
#include "ledger/reader.h"
#include "ledger/scan_checks.h"
#include "ledger/tail.h"

namespace plimsoll::ledger {

/// What all parts of one scan share; read by several threads.
struct ScanRequest {
    const Plan& plan;
    const Query& query;
    FieldSet wanted;     ///< fields to fill in, when `projected`
    FieldSet evaluated;  ///< these and what the condition reads
    bool projected = false;

    ScanRequest(const Plan& plan, const Query& query);

    [[nodiscard]] const FieldSet* to_deliver() const { return projected ? &wanted : nullptr; }
    [[nodiscard]] const FieldSet* to_evaluate() const { return projected ? &evaluated : nullptr; }
    [[nodiscard]] bool holds_time(Nanoseconds time) const {
        return (!query.since || time >= *query.since) && (!query.until || time < *query.until);
    }
    /// Whether all of these times are asked for, or at least some may be.
    [[nodiscard]] bool holds_all(Nanoseconds min, Nanoseconds max) const { return holds_time(min) && holds_time(max); }
    [[nodiscard]] bool may_hold(Nanoseconds min, Nanoseconds max) const {
        return (!query.since || max >= *query.since) && (!query.until || min < *query.until);
    }
};

/// Rows of one page that match, and those that have to be asked one by one.
struct PageRows {
    std::size_t page = 0;
    std::size_t count = 0;
    Bits sure;
    Bits open;
};

/// One of several about equal parts of a segment's pages.
struct PageSlice {
    std::size_t number = 0;
    std::size_t of = 1;

    [[nodiscard]] std::size_t begin(std::size_t all) const { return all * number / of; }
    [[nodiscard]] std::size_t end(std::size_t all) const { return all * (number + 1) / of; }
};

/// Takes a matching record, which it may move from; false ends the scan.
using Deliver = std::function<bool(StoredRecord&)>;

/// One part of a scan at a time, on one thread. `report` sums up what was done.
class UnitScan {
public:
    explicit UnitScan(const ScanRequest& request);

    /// Scans the rows of a segment that the query's numbers and times allow. False when it was ended.
    [[nodiscard]] bool segment(const std::shared_ptr<const Segment>& segment, const Deliver& deliver,
                               ScanReport& report, PageSlice slice = {});

    /// The pages of a segment with what matches there; for counting. `visit` may return an error, which becomes a
    /// fault of that page.
    using VisitPage = std::function<Result<bool>(SegmentReader&, const PageRows&)>;
    [[nodiscard]] bool pages(const std::shared_ptr<const Segment>& segment, const VisitPage& visit, ScanReport& report,
                             PageSlice slice = {});

    /// The same for the rows of a log from number `first` on.
    [[nodiscard]] bool tail(const Tail& tail, RecordNumber first, const Deliver& deliver, ScanReport& report);

    /// Asks the whole condition about one row; fills `record` for delivery when the answer is yes.
    [[nodiscard]] Result<rule::Truth> ask(SegmentReader& reader, std::uint32_t row, StoredRecord& record);

    [[nodiscard]] rule::Evaluator* evaluator() { return evaluator_.get(); }

private:
    [[nodiscard]] Result<bool> page(SegmentReader& reader, SegmentChecks* checks, std::size_t page,
                                    const VisitPage& visit, ScanReport& report, bool ruled_out);
    [[nodiscard]] Result<Bits> rows_of_page(SegmentReader& reader, std::size_t page) const;
    [[nodiscard]] bool tail_row(const Tail& tail, std::size_t index, const Deliver& deliver, ScanReport& report);

    const ScanRequest& request_;
    std::unique_ptr<rule::Evaluator> evaluator_;
    std::shared_ptr<Unpacker> unpacker_;
    StoredRecord record_;
};

/// "records 5 to 9 in NAME: why"
[[nodiscard]] std::string fault_text(RecordNumber first, RecordNumber end, std::string_view where,
                                     std::string_view why);

}  // namespace plimsoll::ledger
