#include "ledger/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "base/text.h"
#include "host/file.h"
#include "host/system_error.h"
#include "ledger/replace_file.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kMostLog = std::size_t{512} << 20U;
constexpr std::string_view kTemporary = ".tmp";
constexpr std::size_t kHashTogether = 64;  // rows whose leaves are hashed side by side

/// Names in a folder that `parse` understands, in order of their number; half-written files are removed.
template <typename Parse>
Result<std::vector<RecordNumber>> numbered_files(const std::string& folder, Parse parse) {
    std::vector<RecordNumber> found;
    TRY(const auto entries, host::list_directory({}, folder, std::size_t{1} << 24U));
    if (!entries) return found;
    for (const host::DirectoryEntry& entry : *entries) {
        const std::string_view name = entry.name;
        if (name.ends_with(kTemporary) && parse(name.substr(0, name.size() - kTemporary.size()))) {
            ::unlink((folder + "/" + entry.name).c_str());
        } else if (const auto number = parse(name)) {
            found.push_back(*number);
        }
    }
    std::ranges::sort(found);
    return found;
}

/// Makes catalogue and folder agree, and says what is kept. A segment that cannot be read stays where it is: it is
/// evidence, and `verify` names it.
Result<void> read_segments(const std::string& directory, Catalogue& catalogue, Recovered& out) {
    const std::string folder = directory + "/segments";
    TRY(const std::vector<RecordNumber> files, numbered_files(folder, parse_segment_name));
    TRY(const std::vector<SegmentRow> known, catalogue.segments());
    for (const SegmentRow& row : known) {
        const bool there = std::ranges::binary_search(files, row.first);
        if (row.pruned && there) ::unlink(segment_path(directory, row.first).c_str());
        if (row.pruned) out.first_kept = std::max(out.first_kept, row.first + row.rows);
        if (!row.pruned && there) out.segments.push_back(row);
    }
    for (const RecordNumber first : files) {
        if (std::ranges::find(known, first, &SegmentRow::first) != known.end()) continue;
        const auto segment = Segment::open(segment_path(directory, first));
        if (!segment) continue;
        out.segments.push_back(row_of((*segment)->info()));
        TRY_VOID(catalogue.put(out.segments.back()));
    }
    std::ranges::sort(out.segments, {}, &SegmentRow::first);
    return {};
}

/// The rows of the last log, put where they belong.
class Replay {
public:
    Replay(const std::string& directory, Recovered& out) : directory_(directory), out_(out) {}

    /// `end`: number behind the last record of the segments.
    Result<void> run(RecordNumber first, RecordNumber end) {
        const std::string path = directory_ + "/" + wal_name(first);
        TRY(const std::string file, host::read_file({}, path, kMostLog));
        auto view = parse_wal_head(file);
        auto tree = view ? Tree::from_frontier(view->head.frontier) : Result<Tree>(view.error());
        if (tree && (tree->size() != view->head.first || view->head.first != first)) {
            tree = Error{"it contradicts the name of the file"};
        }
        if (!tree) {
            out_.losses.push_back(
                {.reason = "the log's head is damaged (" + tree.error().message + "); it is kept as .damaged"});
            return start_over(path, true);
        }
        return replay(path, file, *view, *tree, end);
    }

    /// Goes on behind the last segment, with an empty log.
    Result<void> start_over(const std::string& path, bool aside) {
        if (!out_.segments.empty()) {
            TRY(const auto last, Segment::open(segment_path(directory_, out_.segments.back().first)));
            out_.fields = last->info().fields;
            TRY(out_.tree, Tree::from_frontier(last->info().frontier));
        }
        out_.tree.keep_trail();
        begin(out_.tree.size());
        if (aside) TRY_VOID(keep_aside(path));
        const std::string fresh = directory_ + "/" + wal_name(out_.tree.size());
        TRY(out_.wal, Wal::create(fresh, {out_.tree.size(), out_.tree.frontier(), out_.fields}));
        if (!path.empty() && path != fresh) ::unlink(path.c_str());
        return {};
    }

private:
    Result<void> replay(const std::string& path, std::string_view file, WalView& view, Tree& tree, RecordNumber end) {
        const RecordNumber first = view.head.first;
        out_.fields = view.head.fields;
        out_.tree = std::move(tree);
        out_.tree.keep_trail();
        bool moved = end > first;  // a crash came between sealing and the next log
        RecordNumber next = first;
        std::string frames;
        begin(std::max(end, first));
        Nanoseconds last_time = 0;
        std::vector<std::string_view> rows;
        const WalEnd ended = read_frames(file, view.begin, [&](std::string_view row) {
            rows.push_back(row);
            return true;
        });
        for (const std::string_view row : rows) {
            if (next == out_.builder->first() + out_.builder->rows()) {
                if (out_.builder->full()) {  // a build with other limits wrote this log
                    hash_rows();
                    TRY_VOID(seal());
                    frames.clear();
                    moved = true;
                }
                TRY_VOID(out_.builder->add(row));
                const std::size_t at = frames.size();
                frames.append(kFrameHead, '\0');
                frames += row;
                close_frame(frames, at);
            }
            TRY_VOID(out_.fields.learn(row));
            unhashed_.push_back(row);
            if (unhashed_.size() == kHashTogether) hash_rows();
            last_time = row_time(row);
            if (++next == out_.builder->first()) {
                hash_rows();
                head_ = {next, out_.tree.frontier(), out_.fields};
                static_cast<void>(out_.tree.take_trail());
            }
        }
        hash_rows();
        if (end > next) return start_over(path, ended.damaged);  // all that it held, and more, is in segments
        if (!moved) head_ = view.head;
        note_end(file, ended, last_time);
        if (!moved && !ended.damaged) {
            TRY(out_.wal, Wal::resume(path, ended.good));
            return {};
        }
        if (ended.damaged) TRY_VOID(keep_aside(path));
        TRY(out_.wal, Wal::create(directory_ + "/" + wal_name(head_.first), head_, frames));
        if (moved) ::unlink(path.c_str());
        return {};
    }

    void hash_rows() {
        std::array<Hash, kHashTogether> leaves;
        const std::span<Hash> some = std::span(leaves).first(unhashed_.size());
        leaf_hashes(unhashed_, some);
        out_.tree.add(std::span<const Hash>(some));
        unhashed_.clear();
    }

    void begin(RecordNumber first) {
        out_.builder.emplace(first);
        head_ = {first, {}, {}};
    }

    Result<void> seal() {
        const Hash root = out_.tree.root();
        const std::string bytes = out_.builder->finish(
            out_.fields, {reinterpret_cast<const char*>(root.data()), root.size()}, out_.tree.frontier());
        const RecordNumber first = out_.builder->first();
        TRY_VOID(write_segment(directory_, first, bytes));
        TRY(const auto segment, Segment::open(segment_path(directory_, first)));
        out_.segments.push_back(row_of(segment->info()));
        static_cast<void>(out_.tree.take_trail());
        begin(first + segment->info().rows);
        head_ = {out_.builder->first(), out_.tree.frontier(), out_.fields};
        return {};
    }

    void note_end(std::string_view file, const WalEnd& end, Nanoseconds last_time) {
        if (!end.torn && !end.damaged) return;
        if (end.torn) {
            out_.losses.push_back({.reason = fmt::format("the log ended inside a record: {} bytes that were never "
                                                         "acknowledged were cut off",
                                                         file.size() - end.good),
                                   .from = last_time,
                                   .until = last_time});
            return;
        }
        std::uint64_t behind = 0;
        Nanoseconds until = last_time;
        static_cast<void>(read_frames(file, end.resumes, [&](std::string_view row) {
            ++behind;
            until = row_time(row);
            return true;
        }));
        out_.losses.push_back({.reason = fmt::format("bytes {} to {} of the log are damaged; it is kept as .damaged, "
                                                     "with {} whole records behind the damage",
                                                     end.good, end.resumes, behind),
                               .from = last_time,
                               .until = until});
    }

    /// A second name for the damaged log; the first is then given to a new file.
    static Result<void> keep_aside(const std::string& path) {
        for (int n = 0; n < 1000; ++n) {
            const std::string aside = path + (n == 0 ? ".damaged" : fmt::format(".damaged.{}", n));
            if (::link(path.c_str(), aside.c_str()) == 0) return {};
            if (errno != EEXIST) return host::system_error("keeping aside", path);
        }
        return Error{"too many damaged logs lie in the ledger"};
    }

    const std::string& directory_;
    Recovered& out_;
    WalHead head_;
    std::vector<std::string_view> unhashed_;  ///< rows that the tree lacks yet
};

}  // namespace

SegmentRow row_of(const SegmentInfo& info) {
    return {.first = info.first,
            .rows = info.rows,
            .min_time = info.min_time,
            .max_time = info.max_time,
            .bytes = info.file_bytes,
            .root = info.root,
            .frontier = info.frontier};
}

std::string segment_path(const std::string& directory, RecordNumber first) {
    return directory + "/segments/" + segment_name(first);
}

Result<void> write_segment(const std::string& directory, RecordNumber first, std::string_view bytes) {
    return replace_file(segment_path(directory, first), bytes, 0600);
}

Result<Recovered> recover(const std::string& directory, Catalogue& catalogue) {
    Recovered out;
    TRY_VOID(read_segments(directory, catalogue, out));
    TRY(const std::vector<RecordNumber> logs, numbered_files(directory, parse_wal_name));
    RecordNumber end = out.first_kept;
    if (!out.segments.empty()) end = std::max(end, out.segments.back().first + out.segments.back().rows);
    if (!logs.empty()) {
        TRY_VOID(Replay(directory, out).run(logs.back(), end));
        for (const RecordNumber first : logs) {  // all in segments: a log is made only after its forerunner is sealed
            if (first != logs.back()) ::unlink((directory + "/" + wal_name(first)).c_str());
        }
    } else {
        TRY_VOID(Replay(directory, out).start_over({}, false));
        if (!out.segments.empty()) {
            const Nanoseconds last = out.segments.back().max_time;
            out.losses.push_back({.reason = "the log of the newest records is missing", .from = last, .until = last});
        }
    }
    for (const SegmentRow& row : out.segments) TRY_VOID(catalogue.put(row));
    if (!out.segments.empty()) out.first_kept = std::min(out.segments.front().first, out.builder->first());
    return out;
}

}  // namespace plimsoll::ledger
