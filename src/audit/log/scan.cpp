#include "audit/log/scan.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "audit/log/matcher.h"
#include "audit/log/piece_scan.h"
#include "audit/log/pieces.h"
#include "audit/log/time_ranges.h"

namespace plimsoll::audit {

namespace {

/// A part of the log, in order: a range of a file, or files that can only be read as streams.
struct Part {
    std::size_t file = 0;
    Range range;
    Neighbours neighbours;
    std::unique_ptr<StreamPieces> stream;  ///< null: the range
};

std::vector<Part> plan(const std::vector<LogFile>& files, const Query& query, const ScanOptions& options,
                       unsigned threads, bool by_literals) {
    std::vector<Part> parts;
    // Larger ones read less twice, and the memory of all threads together, with what they write, stays below 64 MB.
    std::size_t piece = std::size_t{1} << (threads > 4 ? 20U : threads > 2 ? 21U : 22U);
    if (by_literals && threads <= 2) piece *= 2;  // little is written
    if (options.piece != 0) piece = std::max(options.piece, 4 * kMargin);
    const LogFile* before = nullptr;
    bool behind_stream = false;
    const bool later = options.first_byte > 0 && options.first_file < files.size();
    for (std::size_t i = options.first_file; i < files.size();) {
        const bool first = later && i == options.first_file;
        const bool plain = files[i].seekable && !(behind_stream && files[i].size <= 2 * kStreamOverhang);
        if (!plain) {
            std::vector<StreamPieces::Part> run;
            const bool pipe = files[i].size == 0 && !files[i].seekable;
            for (; i < files.size() && (!files[i].seekable || files[i].size <= 2 * kStreamOverhang); ++i)
                run.push_back({.file = i, .log = &files[i]});
            Part part;
            part.file = run.front().file;
            const LogFile* const after = i < files.size() ? &files[i] : nullptr;
            part.stream = std::make_unique<StreamPieces>(std::move(run),
                                                         Neighbours{.before = pipe ? nullptr : before, .after = after},
                                                         piece, options.patience_ms);
            parts.push_back(std::move(part));
            behind_stream = true;
            before = nullptr;
            continue;
        }
        const LogFile& file = files[i];
        const Neighbours neighbours{.before = before,
                                    .after = i + 1 < files.size() && files[i + 1].size > 0 ? &files[i + 1] : nullptr};
        std::vector<Range> ranges{{0, file.size}};
        if (options.by_time) ranges = ranges_in_time(file, query.since_ms, query.until_ms);
        for (Range range : ranges) {
            if (first) range.begin = std::max(range.begin, options.first_byte);
            if (behind_stream) range.begin = std::max<std::uint64_t>(range.begin, kStreamOverhang);
            while (range.begin < range.end) {
                std::uint64_t end = std::min<std::uint64_t>(range.begin + piece, range.end);
                if (range.end - end < 2 * kMargin) end = range.end;  // no piece is smaller than its margins
                Part part;
                part.file = i;
                part.range = {range.begin, end};
                part.neighbours = neighbours;
                parts.push_back(std::move(part));
                range.begin = end;
            }
        }
        behind_stream = false;
        before = &file;
        ++i;
    }
    return parts;
}

/// Hands out pieces in order to several threads, and takes their results in that order.
class Work {
public:
    Work(const std::vector<LogFile>& files, std::vector<Part> parts, ScanReport& report)
        : files_(files), parts_(std::move(parts)), report_(report) {}

    /// The next piece and its turn; nothing at the end.
    std::optional<std::uint64_t> take(Piece& piece) {
        const Part* part = nullptr;
        std::uint64_t turn = 0;
        {
            const std::lock_guard lock(take_mutex_);
            for (; part == nullptr; ++next_part_) {
                if (stopped_ || next_part_ == parts_.size()) return std::nullopt;
                Part& next = parts_[next_part_];
                if (!next.stream) {
                    part = &next;
                } else if (next.stream->next(piece)) {
                    return next_turn_++;
                }
            }
            turn = next_turn_++;
        }
        read_piece(files_[part->file], part->range, part->neighbours, piece);
        piece.file = part->file;
        return turn;
    }

    /// Waits for the turn, then delivers; false when the scan is to end.
    bool finish(std::uint64_t turn, const Piece& piece, const ScanCounts& counts, EventTaker& taker) {
        std::unique_lock lock(turn_mutex_);
        changed_.wait(lock, [&] { return turn_ == turn; });
        bool go_on = !stopped_;
        if (go_on) {
            report_.counts.add(counts);
            if (!piece.fault.empty()) report_.faults.push_back(piece.fault);
            go_on = taker.deliver();
            if (!go_on) {
                stopped_ = true;
                report_.stopped = true;
            }
        }
        ++turn_;
        changed_.notify_all();
        return go_on;
    }

private:
    const std::vector<LogFile>& files_;
    std::vector<Part> parts_;
    ScanReport& report_;
    std::mutex take_mutex_;
    std::size_t next_part_ = 0;
    std::uint64_t next_turn_ = 0;
    std::mutex turn_mutex_;
    std::condition_variable changed_;
    std::uint64_t turn_ = 0;
    std::atomic<bool> stopped_ = false;
};

void run(Work& work, Matcher& matcher, const Literals& literals, EventTaker& taker) {
    PieceScan scan(matcher, literals, taker);
    Piece piece;
    while (const auto turn = work.take(piece)) {
        ScanCounts counts;
        scan.run(piece, counts);
        if (!work.finish(*turn, piece, counts, taker)) break;
    }
}

}  // namespace

void ScanCounts::add(const ScanCounts& other) {
    bytes += other.bytes;
    lines += other.lines;
    events += other.events;
    matched += other.matched;
    undecided += other.undecided;
    duplicates += other.duplicates;
    incomplete += other.incomplete;
    for (std::size_t i = 0; i < kDamages; ++i) {
        damaged[i] += other.damaged[i];
        mended[i] += other.mended[i];
    }
}

std::uint64_t ScanCounts::damaged_lines() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kDamages; ++i)
        if (i != static_cast<std::size_t>(Damage::empty)) sum += damaged[i];
    return sum;
}

std::uint64_t ScanCounts::mended_lines() const {
    std::uint64_t sum = 0;
    for (const auto count : mended) sum += count;
    return sum;
}

Result<ScanReport> scan(const std::vector<LogFile>& files, const Query& query, const TakerFactory& make,
                        const ScanOptions& options) {
    ScanReport report;
    const Literals literals = options.by_literals ? literals_of(query) : Literals();
    report.by_literals = !literals.empty();
    unsigned threads = options.threads;
    if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);

    std::vector<Part> parts = plan(files, query, options, threads, report.by_literals);
    const bool streams = std::ranges::any_of(parts, [](const Part& part) { return part.stream != nullptr; });
    if (!streams) threads = std::min(threads, static_cast<unsigned>(std::max<std::size_t>(parts.size(), 1)));
    std::vector<Matcher> matchers;
    for (unsigned i = 0; i < threads; ++i) {
        TRY(auto matcher, Matcher::make(query, options.names));
        matchers.push_back(std::move(matcher));
    }
    std::vector<std::unique_ptr<EventTaker>> takers;
    for (unsigned i = 0; i < threads; ++i) takers.push_back(make());

    Work work(files, std::move(parts), report);
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
        others.emplace_back([&, i] { run(work, matchers[i], literals, *takers[i]); });
    run(work, matchers.front(), literals, *takers.front());
    for (std::thread& other : others) other.join();
    return report;
}

}  // namespace plimsoll::audit
