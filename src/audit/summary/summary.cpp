#include "audit/summary/summary.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "audit/log/pieces.h"
#include "audit/text/json_text.h"

namespace plimsoll::audit {

namespace {

constexpr std::size_t kPiece = std::size_t{8} << 20;

void read_piece_lines(const Piece& piece, Overview& overview) {
    const std::string_view text = piece.lines.text();
    overview.forget();
    overview.read(text.substr(0, piece.own_begin), false);
    overview.read(text.substr(piece.own_begin, piece.own_end - piece.own_begin), true);
}

/// Part of a seekable file, for one thread.
struct Task {
    const LogFile* file = nullptr;
    Range range;
    Neighbours neighbours;
};

std::vector<Task> tasks_of(const std::vector<LogFile>& files) {
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!files[i].seekable) continue;
        const auto neighbour = [&](std::size_t k) {
            return k < files.size() && files[k].seekable && files[k].size > 0 ? &files[k] : nullptr;
        };
        const Neighbours neighbours{.before = i > 0 ? neighbour(i - 1) : nullptr, .after = neighbour(i + 1)};
        for (std::uint64_t at = 0; at < files[i].size; at += kPiece)
            tasks.push_back({&files[i], {at, std::min<std::uint64_t>(at + kPiece, files[i].size)}, neighbours});
    }
    return tasks;
}

void read_streams(const std::vector<LogFile>& files, Overview& overview, std::vector<std::string>& faults) {
    constexpr int kPatience = 2000;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (files[i].seekable) continue;
        StreamPieces pieces({{.file = i, .log = &files[i]}}, {}, kPiece, kPatience);
        Piece piece;
        while (pieces.next(piece)) {
            read_piece_lines(piece, overview);
            if (!piece.fault.empty()) faults.push_back(piece.fault);
        }
    }
}

/// Counts whole events; what a thread counted is added when its taker goes.
class OverviewTaker final : public EventTaker {
public:
    OverviewTaker(bool success, Overview& overview)
        : wanted_(success ? Outcome::success : Outcome::failed), overview_(overview), mine_(OverviewOptions{}) {}
    OverviewTaker(const OverviewTaker&) = delete;
    OverviewTaker& operator=(const OverviewTaker&) = delete;
    ~OverviewTaker() override { overview_.add(mine_); }

    void event(const LogEvent& event, const EventPlace&) override {
        mine_.saw(event.id.milliseconds);
        read_facts(event, facts_);
        if (facts_.outcome != wanted_) return;
        for (const Record& record : event.records) mine_.read(record.line, true);
    }

private:
    Outcome wanted_;
    Overview& overview_;
    Overview mine_;
    Facts facts_;
};

/// Rows of a report, in the order of the log.
class RowTaker final : public EventTaker {
public:
    RowTaker(const ReportOptions& options, ValueCounts& counts, std::uint64_t& rows, const TextTaker& out)
        : options_(options), rows_of_piece_(options), counts_(counts), rows_(rows), out_(out) {}

    void event(const LogEvent& event, const EventPlace&) override { rows_of_piece_.add(event); }

    bool deliver() override {
        if (options_.summary) {
            counts_.add(rows_of_piece_.counts());
            rows_of_piece_.counts().clear();
            return true;
        }
        const auto lines = rows_of_piece_.take_lines();
        if (lines.rows == 0) return true;
        if (options_.json) {
            rows_ += lines.rows;
            return out_(lines.text);
        }
        std::string numbered;
        numbered.reserve(lines.text.size() + lines.rows * 8);
        std::string_view rest = lines.text;
        while (!rest.empty()) {
            const std::string_view row = rest.substr(0, rest.find('\n') + 1);
            numbered += std::to_string(++rows_);
            numbered += '.';
            numbered += row;
            rest.remove_prefix(row.size());
        }
        return out_(numbered);
    }

private:
    const ReportOptions& options_;
    ReportRows rows_of_piece_;
    ValueCounts& counts_;
    std::uint64_t& rows_;
    const TextTaker& out_;
};

}  // namespace

Result<SummaryResult> make_overview(const std::vector<LogFile>& files, const OverviewOptions& options, unsigned threads,
                                    Overview& overview) {
    SummaryResult result;
    const std::vector<Task> tasks = tasks_of(files);
    if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), 1U, 16U);
    threads = std::min(threads, static_cast<unsigned>(std::max<std::size_t>(tasks.size(), 1)));
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    const auto work = [&](Overview& mine) {
        Piece piece;
        for (std::size_t i = next++; i < tasks.size(); i = next++) {
            read_piece(*tasks[i].file, tasks[i].range, tasks[i].neighbours, piece);
            read_piece_lines(piece, mine);
            if (piece.fault.empty()) continue;
            const std::lock_guard lock(mutex);
            result.faults.push_back(piece.fault);
        }
    };
    {
        std::vector<std::jthread> others;
        for (unsigned i = 1; i < threads; ++i)
            others.emplace_back([&] {
                Overview mine(options);
                work(mine);
                const std::lock_guard lock(mutex);
                overview.add(mine);
            });
        Overview mine(options);
        work(mine);
        read_streams(files, mine, result.faults);
        const std::lock_guard lock(mutex);
        overview.add(mine);
    }
    result.rows = overview.events();
    result.damaged = overview.damaged();
    return result;
}

Result<SummaryResult> make_overview_of_events(const std::vector<LogFile>& files, const Query& query, bool success,
                                              unsigned threads, Overview& overview) {
    SummaryResult result;
    ScanOptions how;
    how.threads = threads;
    how.by_literals = false;
    TRY(const ScanReport report,
        scan(
            files, query, [&] { return std::make_unique<OverviewTaker>(success, overview); }, how));
    result.rows = overview.events();
    result.damaged = report.counts.damaged_lines();
    result.faults = report.faults;
    return result;
}

Result<SummaryResult> write_report(const std::vector<LogFile>& files, const Query& query, const ReportOptions& options,
                                   unsigned threads, const TextTaker& out) {
    SummaryResult result;
    ValueCounts counts;
    if (!options.json && !out(report_head(options))) return result;
    ScanOptions how;
    how.threads = threads;
    how.by_literals = false;
    how.names = options.accounts;
    TRY(const ScanReport report,
        scan(
            files, query, [&] { return std::make_unique<RowTaker>(options, counts, result.rows, out); }, how));
    result.damaged = report.counts.damaged_lines();
    result.faults = report.faults;
    if (options.summary) {
        result.rows = counts.size();
        (void)out(summary_rows(options, counts));
    }
    if (result.rows == 0 && !options.json) (void)out("<no events of interest were found>\n\n");
    return result;
}

Result<SummaryResult> write_time_ranges(const std::vector<LogFile>& files, const OverviewOptions& options,
                                        const ReportOptions& shown, const TextTaker& out) {
    SummaryResult result;
    Buffer text;
    Clock clock(shown.zone, shown.iso_times);
    if (!shown.json) text.put("\nLog Time Range Report\n=====================\n");
    for (const LogFile& file : files) {
        Overview overview(options);
        Piece piece;
        if (file.seekable) {
            for (std::uint64_t at = 0; at < file.size; at += kPiece) {
                read_piece(file, {at, std::min<std::uint64_t>(at + kPiece, file.size)}, {}, piece);
                overview.read(piece.lines.text().substr(piece.own_begin, piece.own_end - piece.own_begin), true);
                if (!piece.fault.empty()) result.faults.push_back(piece.fault);
            }
        } else {
            StreamPieces pieces({{.file = 0, .log = &file}}, {}, kPiece, 2000);
            while (pieces.next(piece)) {
                overview.read(piece.lines.text().substr(piece.own_begin, piece.own_end - piece.own_begin), true);
                if (!piece.fault.empty()) result.faults.push_back(piece.fault);
            }
        }
        const auto range = overview.range();
        result.damaged += overview.damaged();
        if (range) ++result.rows;
        if (shown.json) {
            text.put("{\"file\":");
            put_json(text, file.path);
            if (range) {
                text.put(",\"first\":\"");
                Clock::put_utc(text, range->first);
                text.put("\",\"last\":\"");
                Clock::put_utc(text, range->second);
                text.put('"');
            }
            text.put("}\n");
            continue;
        }
        put_escaped(text, file.path, shown.escape);
        text.put(": ");
        if (range) {
            clock.put_moment(text, range->first);
            text.put(" - ");
            clock.put_moment(text, range->second);
        } else {
            text.put("no records");
        }
        text.put('\n');
    }
    (void)out(text.text());
    return result;
}

}  // namespace plimsoll::audit
