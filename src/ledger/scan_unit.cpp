#include "ledger/scan_unit.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/planes.h"

namespace plimsoll::ledger {

using rule::Truth;

namespace {

constexpr model::FieldKey kNumber = "record.number";

/// Calls for the rows of both sets, in order or the reverse, until `visit` says false; says whether it never did.
template <typename Visit>
bool each_row(const Bits& sure, const Bits& open, bool backwards, Visit&& visit) {
    const auto& a = sure.words();
    const auto& b = open.words();
    for (std::size_t n = 0; n < a.size(); ++n) {
        const std::size_t i = backwards ? a.size() - 1 - n : n;
        for (auto word = a[i] | b[i]; word != 0;) {
            const int bit = backwards ? 63 - std::countl_zero(word) : std::countr_zero(word);
            word &= ~(std::uint64_t{1} << static_cast<unsigned>(bit));
            if (!visit(i * 64 + static_cast<std::size_t>(bit))) return false;
        }
    }
    return true;
}

}  // namespace

std::string fault_text(RecordNumber first, RecordNumber end, std::string_view where, std::string_view why) {
    return fmt::format("records {} to {} in {}: {}", first, end - 1, where, why);
}

ScanRequest::ScanRequest(const Plan& plan_of, const Query& query_of) : plan(plan_of), query(query_of) {
    projected = !query.fields.empty();
    if (!projected) return;
    wanted = FieldSet(query.fields);
    std::vector<model::FieldId> all = query.fields;
    for (const auto& use : plan.fields()) all.push_back(use.field);
    evaluated = FieldSet(all);
}

UnitScan::UnitScan(const ScanRequest& request) : request_(request), unpacker_(std::make_shared<Unpacker>()) {
    if (!request.plan.everything()) evaluator_ = std::make_unique<rule::Evaluator>(request.plan.program());
}

Result<Bits> UnitScan::rows_of_page(SegmentReader& reader, std::size_t page) const {
    const SegmentInfo& info = reader.segment().info();
    const PageInfo& part = info.pages[page];
    const Query& query = request_.query;
    const RecordNumber first = info.first + part.first_row;
    Bits rows(part.rows, true);
    if (first < query.first || (query.last && first + part.rows - 1 > *query.last)) {
        for (std::size_t row = 0; row < part.rows; ++row) {
            if (first + row < query.first || (query.last && first + row > *query.last)) rows.reset(row);
        }
    }
    if (request_.holds_all(part.min_time, part.max_time)) return rows;
    if (!request_.may_hold(part.min_time, part.max_time)) return Bits(part.rows);
    TRY(const auto times, reader.times(page));
    for (std::size_t row = 0; row < part.rows; ++row) {
        if (!request_.holds_time(times[row])) rows.reset(row);
    }
    return rows;
}

Result<bool> UnitScan::page(SegmentReader& reader, SegmentChecks* checks, std::size_t number, const VisitPage& visit,
                            ScanReport& report, bool ruled_out) {
    TRY(Bits wanted, rows_of_page(reader, number));
    const std::size_t count = reader.segment().info().pages[number].rows;
    const std::size_t asked = wanted.count();
    report.records += asked;
    if (asked == 0 || ruled_out) return true;
    report.scanned += asked;
    if (checks == nullptr) return visit(reader, {number, count, std::move(wanted), Bits(count)});
    TRY(const Truths possible, checks->page(number));
    if (possible == may_be_no) return true;
    if (possible == may_be_yes) return visit(reader, {number, count, std::move(wanted), Bits(count)});
    TRY(RowTruths truths, checks->rows(number, wanted));
    truths.yes &= wanted;
    truths.no &= wanted;
    truths.unknown &= wanted;
    Bits sure = truths.yes;
    sure -= truths.no;
    sure -= truths.unknown;
    Bits open = truths.yes;  // what may be yes or unknown, and is not certain
    open |= truths.unknown;
    Bits certain_unknown = truths.unknown;
    certain_unknown -= truths.yes;
    certain_unknown -= truths.no;
    report.unknown += certain_unknown.count();
    open -= sure;
    open -= certain_unknown;
    if (sure.none() && open.none()) return true;
    return visit(reader, {number, count, std::move(sure), std::move(open)});
}

bool UnitScan::pages(const std::shared_ptr<const Segment>& segment, const VisitPage& visit, ScanReport& report,
                     PageSlice slice) {
    SegmentReader reader(segment, unpacker_);
    const SegmentInfo& info = segment->info();
    bool ruled_out = false;
    std::optional<SegmentChecks> checks;
    if (evaluator_) {
        checks.emplace(request_.plan, *evaluator_, reader);
        const auto possible = checks->segment();
        ruled_out = possible && *possible == may_be_no;
    }
    if (slice.number == 0) ++(ruled_out ? report.skipped : report.segments);
    const bool backwards = request_.query.newest_first;
    const std::size_t begin = slice.begin(info.pages.size());
    const std::size_t end = slice.end(info.pages.size());
    for (std::size_t n = begin; n < end; ++n) {
        const std::size_t number = backwards ? begin + end - 1 - n : n;
        const auto went_on = page(reader, checks ? &*checks : nullptr, number, visit, report, ruled_out);
        reader.forget();  // the next page is unpacked into the same memory
        if (!went_on) {
            const RecordNumber first = info.first + info.pages[number].first_row;
            report.faults.push_back(
                fault_text(first, first + info.pages[number].rows, segment_name(info.first), went_on.error().message));
        } else if (!*went_on) {
            return false;
        }
    }
    return true;
}

Result<Truth> UnitScan::ask(SegmentReader& reader, std::uint32_t row, StoredRecord& record) {
    TRY_VOID(reader.event(row, record.event, request_.to_evaluate()));
    record.number = reader.segment().info().first + row;
    record.event.set_unsigned(kNumber, record.number);
    evaluator_->start(record.event);
    return evaluator_->evaluate(Plan::whole());
}

bool UnitScan::segment(const std::shared_ptr<const Segment>& segment, const Deliver& deliver, ScanReport& report,
                       PageSlice slice) {
    const auto visit = [&](SegmentReader& reader, const PageRows& rows) -> Result<bool> {
        const std::uint32_t first = segment->info().pages[rows.page].first_row;
        std::optional<Error> fault;
        const bool went_on = each_row(rows.sure, rows.open, request_.query.newest_first, [&](std::size_t n) {
            const auto row = static_cast<std::uint32_t>(first + n);
            if (rows.open.test(n)) {
                const auto truth = ask(reader, row, record_);
                if (!truth) {
                    fault = truth.error();
                    return false;
                }
                if (*truth == Truth::unknown) ++report.unknown;
                if (*truth != Truth::yes) return true;
            } else {
                if (const auto read = reader.event(row, record_.event, request_.to_deliver()); !read) {
                    fault = read.error();
                    return false;
                }
                record_.number = segment->info().first + row;
                record_.event.set_unsigned(kNumber, record_.number);
            }
            return deliver(record_);
        });
        if (fault) return *fault;
        return went_on;
    };
    return pages(segment, visit, report, slice);
}

bool UnitScan::tail_row(const Tail& tail, std::size_t index, const Deliver& deliver, ScanReport& report) {
    const std::string_view row = tail.row(index);
    if (!request_.holds_time(row_time(row))) return true;
    ++report.records;
    ++report.scanned;
    record_.number = tail.first() + index;
    const bool everything = request_.plan.everything();
    if (const auto read =
            decode_row(row, tail.fields(), record_.event, everything ? request_.to_deliver() : request_.to_evaluate());
        !read) {
        report.faults.push_back(fault_text(record_.number, record_.number + 1, "the log", read.error().message));
        return true;
    }
    record_.event.set_unsigned(kNumber, record_.number);
    if (!everything) {
        evaluator_->start(record_.event);
        const Truth truth = evaluator_->evaluate(Plan::whole());
        if (truth == Truth::unknown) ++report.unknown;
        if (truth != Truth::yes) return true;
    }
    return deliver(record_);
}

bool UnitScan::tail(const Tail& tail, RecordNumber first, const Deliver& deliver, ScanReport& report) {
    const Query& query = request_.query;
    const RecordNumber from = std::max(first, query.first);
    const bool bounded = query.last && *query.last < tail.end();
    const RecordNumber until = bounded ? *query.last + 1 : tail.end();
    for (RecordNumber n = from; n < until; ++n) {
        const RecordNumber number = query.newest_first ? until - 1 - (n - from) : n;
        if (!tail_row(tail, number - tail.first(), deliver, report)) return false;
    }
    return true;
}

}  // namespace plimsoll::ledger
