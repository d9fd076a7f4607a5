#include "ledger/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kBatch = 256;   // records handed over together
constexpr std::size_t kAhead = 4096;  // records that wait of one part that is soon asked for
constexpr std::size_t kEarly = 256;   // and of one that is asked for later
constexpr std::size_t kWindow = 16;   // parts for each thread that are begun before they are asked for
constexpr std::size_t kMostThreads = 64;
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

/// What one part gives, while a thread works on it or is done.
struct Lane {
    std::deque<StoredRecord> ready;
    bool done = false;
    ScanReport report;
    std::vector<SegmentFile> vanished;
};

std::uint64_t rows_of(const ScanPart& part) {
    if (part.is_tail()) return part.tail.tail->end() - part.tail.first;
    return part.slice.end(part.segment.rows) - part.slice.begin(part.segment.rows);
}

bool scan_part(LedgerFiles& files, UnitScan& unit, const ScanPart& part, const Deliver& deliver, ScanReport& report,
               std::vector<SegmentFile>& vanished) {
    if (part.is_tail()) return unit.tail(*part.tail.tail, part.tail.first, deliver, report);
    if (part.packed) return unit.segment(part.packed, deliver, report);
    ScanReport said_before;  // by the first slice
    std::vector<SegmentFile> known;
    const bool first = part.slice.number == 0;
    const auto segment = open_part(files, part.segment, first ? report : said_before, first ? vanished : known);
    return !segment || unit.segment(segment, deliver, report, part.slice);
}

/// A few segments do not keep all threads busy: their pages are shared out.
void share_out(std::vector<ScanPart>& parts, const Query& query) {
    constexpr std::size_t kMostSlices = 4;
    const std::size_t threads = threads_for(query, kMostThreads);
    if (threads < 2 || parts.empty() || parts.size() >= 2 * threads) return;
    const std::size_t slices = std::min(kMostSlices, (2 * threads + parts.size() - 1) / parts.size());
    std::vector<ScanPart> shared;
    for (const ScanPart& part : parts) {
        if (part.is_tail() || part.packed) {
            shared.push_back(part);
            continue;
        }
        for (std::size_t n = 0; n < slices; ++n) {
            shared.push_back(part);
            shared.back().slice = {query.newest_first ? slices - 1 - n : n, slices};
        }
    }
    parts = std::move(shared);
}

/// Counts what is delivered, and says when it is enough.
class Delivery {
public:
    Delivery(const ScanRequest& request, const Visit& visit, ScanReport& report)
        : request_(request), visit_(visit), report_(report) {}

    bool give(const StoredRecord& record) {
        if (request_.query.limit && report_.matched >= *request_.query.limit) return false;
        ++report_.matched;
        last_ = record.number;
        return visit_(record) && (!request_.query.limit || report_.matched < *request_.query.limit);
    }
    [[nodiscard]] RecordNumber last() const { return last_; }

private:
    const ScanRequest& request_;
    const Visit& visit_;
    ScanReport& report_;
    RecordNumber last_ = 0;
};

/// Threads that work on the parts in their order, a few at a time, and one that takes the records in order.
class ParallelScan {
public:
    ParallelScan(LedgerFiles& files, const ScanRequest& request, const std::vector<ScanPart>& parts, unsigned threads)
        : files_(files), request_(request), parts_(parts), lanes_(parts.size()), threads_(threads) {}

    /// True when nothing ended the scan early.
    bool run(Delivery& delivery, ScanReport& report, std::vector<SegmentFile>& vanished, const OnProgress& progress,
             std::uint64_t total) {
        std::vector<std::jthread> workers;
        for (unsigned i = 0; i < threads_; ++i) workers.emplace_back([this] { work(); });
        bool went_on = true;
        std::uint64_t done = 0;
        for (std::size_t i = 0; i < lanes_.size() && went_on; ++i) {
            went_on = drain(i, delivery, progress, {done, total});
            done += rows_of(parts_[i]);
        }
        {
            const std::scoped_lock guard(lock_);
            stop_ = true;
        }
        changed_.notify_all();
        workers.clear();  // joins
        for (std::size_t i = 0; i < head_; ++i) {
            add(report, std::move(lanes_[i].report));
            vanished.insert(vanished.end(), lanes_[i].vanished.begin(), lanes_[i].vanished.end());
        }
        return went_on;
    }

private:
    bool drain(std::size_t number, Delivery& delivery, const OnProgress& progress, Progress so_far) {
        Lane& lane = lanes_[number];
        std::deque<StoredRecord> taken;
        std::unique_lock guard(lock_);
        head_ = number + 1;
        changed_.notify_all();
        for (;;) {
            const bool news =
                changed_.wait_for(guard, kProgressEvery, [&] { return lane.done || !lane.ready.empty(); });
            taken.swap(lane.ready);
            const bool done = lane.done;
            guard.unlock();
            changed_.notify_all();
            if (progress) progress(so_far);
            for (const StoredRecord& record : taken) {
                if (!delivery.give(record)) return false;
            }
            taken.clear();
            if (news && done) return true;
            guard.lock();
        }
    }

    void work() {
        UnitScan unit(request_);
        for (;;) {
            std::size_t number = 0;
            {
                std::unique_lock guard(lock_);
                if (next_ == lanes_.size()) return;
                number = next_++;
                changed_.wait(guard, [&] { return stop_ || number < head_ + threads_ * kWindow; });
                if (stop_) return;
            }
            Lane& lane = lanes_[number];
            std::vector<StoredRecord> batch;
            std::size_t most = 1;  // the first match goes at once
            ScanReport report;
            std::vector<SegmentFile> vanished;
            const auto hand_over = [&] {
                std::unique_lock guard(lock_);
                changed_.wait(guard, [&] {
                    return stop_ || lane.ready.size() < (number < head_ + threads_ + 1 ? kAhead : kEarly);
                });
                for (auto& record : batch) lane.ready.push_back(std::move(record));
                batch.clear();
                most = std::min(most * 4, kBatch);
                if (number + 1 == head_) changed_.notify_all();
                return !stop_;
            };
            const Deliver deliver = [&](StoredRecord& record) {
                batch.push_back(std::move(record));
                record.event = model::Event();
                return batch.size() < most || hand_over();
            };
            const bool went_on = scan_part(files_, unit, parts_[number], deliver, report, vanished);
            if (went_on && !batch.empty()) (void)hand_over();
            const std::scoped_lock guard(lock_);
            lane.report = std::move(report);
            lane.vanished = std::move(vanished);
            lane.done = true;
            if (number + 1 == head_) changed_.notify_all();
        }
    }

    LedgerFiles& files_;
    const ScanRequest& request_;
    const std::vector<ScanPart>& parts_;
    std::vector<Lane> lanes_;
    unsigned threads_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::size_t next_ = 0;  ///< part that nobody works on yet
    std::size_t head_ = 0;  ///< parts whose records were asked for
    bool stop_ = false;
};

}  // namespace

void add(ScanReport& sum, ScanReport&& part) {
    sum.unknown += part.unknown;
    sum.records += part.records;
    sum.scanned += part.scanned;
    sum.segments += part.segments;
    sum.skipped += part.skipped;
    for (auto& fault : part.faults) sum.faults.push_back(std::move(fault));
}

std::vector<ScanPart> parts_of(const Snapshot& snapshot, const ScanRequest& request, ScanReport& report) {
    const Query& query = request.query;
    std::vector<ScanPart> parts;
    const auto in_range = [&](RecordNumber first, RecordNumber end) {
        return end > query.first && (!query.last || first <= *query.last) && first < end;
    };
    for (const SegmentFile& segment : snapshot.segments) {
        if (!in_range(segment.first, segment.end())) continue;
        if (!segment.fault.empty()) {
            report.faults.push_back(
                fault_text(segment.first, segment.end(), segment_name(segment.first), segment.fault));
        } else if (!request.may_hold(segment.min_time, segment.max_time)) {
            ++report.skipped;
        } else {
            parts.push_back({.segment = segment, .tail = {}, .packed = {}, .slice = {}});
        }
    }
    for (const TailPart& tail : snapshot.tails) {
        TailPart rest = tail;
        for (const auto& packed : tail.tail->packed()) {
            const SegmentInfo& info = packed->info();
            if (info.first != rest.first) continue;  // begins in a segment
            rest.first = info.first + info.rows;
            if (in_range(info.first, rest.first) && request.may_hold(info.min_time, info.max_time))
                parts.push_back({.segment = {.first = info.first, .rows = info.rows, .fault = {}},
                                 .tail = {},
                                 .packed = packed,
                                 .slice = {}});
        }
        if (in_range(rest.first, rest.tail->end()))
            parts.push_back({.segment = {}, .tail = rest, .packed = {}, .slice = {}});
    }
    if (query.newest_first) std::ranges::reverse(parts);
    report.faults.insert(report.faults.end(), snapshot.faults.begin(), snapshot.faults.end());
    return parts;
}

unsigned threads_for(const Query& query, std::size_t parts) {
    const unsigned most = query.threads != 0 ? query.threads : std::max(1U, std::thread::hardware_concurrency());
    return static_cast<unsigned>(std::min<std::size_t>({most, parts, kMostThreads}));
}

std::shared_ptr<const Segment> open_part(LedgerFiles& files, const SegmentFile& part, ScanReport& report,
                                         std::vector<SegmentFile>& vanished) {
    auto segment = files.open(part.first);
    if (segment) return std::move(*segment);
    if (files.gone(part.first)) {
        vanished.push_back(part);
    } else {
        report.faults.push_back(fault_text(part.first, part.end(), segment_name(part.first), segment.error().message));
    }
    return nullptr;
}

Result<void> explain(LedgerFiles& files, const std::vector<SegmentFile>& vanished, ScanReport& report) {
    if (vanished.empty()) return {};
    TRY(const auto now, files.look());
    for (const SegmentFile& segment : vanished) {
        if (segment.end() <= now.first) continue;  // pruned while the scan went on
        report.faults.push_back(
            fault_text(segment.first, segment.end(), segment_name(segment.first), "the file is gone"));
    }
    return {};
}

Result<ScanReport> run_scan(LedgerFiles& files, const Snapshot& snapshot, const ScanRequest& request,
                            const Visit& visit, const OnProgress& progress) {
    ScanReport report;
    report.first_kept = snapshot.first;
    report.end = snapshot.end;
    auto parts = parts_of(snapshot, request, report);
    share_out(parts, request.query);
    Delivery delivery(request, visit, report);
    std::vector<SegmentFile> vanished;
    std::uint64_t total = 0;
    for (const ScanPart& part : parts) total += rows_of(part);
    bool went_on = request.query.limit != 0U;
    const unsigned threads = threads_for(request.query, parts.size());
    if (went_on && threads > 1) {
        ParallelScan scan(files, request, parts, threads);
        went_on = scan.run(delivery, report, vanished, progress, total);
    } else if (went_on) {
        UnitScan unit(request);
        std::uint64_t done = 0;
        for (const ScanPart& part : parts) {
            if (progress) progress({done, total});
            went_on = scan_part(
                files, unit, part, [&](StoredRecord& record) { return delivery.give(record); }, report, vanished);
            if (!went_on) break;
            done += rows_of(part);
        }
    }
    TRY_VOID(explain(files, vanished, report));
    if (progress) progress({total, total});
    const RecordNumber end = request.query.last ? std::min(snapshot.end, *request.query.last + 1) : snapshot.end;
    report.next = std::max(request.query.first, end);
    if (!went_on && !request.query.newest_first)
        report.next = report.matched > 0 ? delivery.last() + 1 : request.query.first;
    return report;
}

}  // namespace plimsoll::ledger
