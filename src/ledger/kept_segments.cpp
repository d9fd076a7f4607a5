#include "ledger/kept_segments.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "host/system_error.h"
#include "ledger/recovery.h"
#include "ledger/segment.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

KeptSegments::KeptSegments(std::string folder, std::unique_ptr<Catalogue> catalogue, std::vector<SegmentRow> segments,
                           RecordNumber first_kept)
    : folder_(std::move(folder)),
      catalogue_(std::move(catalogue)),
      segments_(std::move(segments)),
      first_kept_(first_kept) {}

Result<SegmentRow> KeptSegments::write(RecordNumber first, std::string_view bytes) {
    TRY_VOID(write_segment(folder_, first, bytes));
    TRY(const auto segment, Segment::open(segment_path(folder_, first)));
    return row_of(segment->info());
}

Result<void> KeptSegments::attest_last(CheckpointLog& log) const {
    if (segments_.empty()) return {};
    const SegmentRow& last = segments_.back();
    if (log.sealed_until() >= last.first + last.rows) return {};
    const std::string path = segment_path(folder_, last.first);
    TRY(const auto segment, Segment::open(path));
    Tree tree;
    if (last.first > 0) {
        std::string before;
        TRY(const auto known, catalogue_->segments());
        for (const SegmentRow& row : known) {
            if (row.first + row.rows == last.first) before = row.frontier;
        }
        auto read = Tree::from_frontier(before);
        if (!read) return {};  // its forerunner is gone: nothing to begin with
        tree = std::move(*read);
    }
    tree.keep_trail();
    SegmentReader reader(segment);
    std::string rows;
    std::vector<std::uint32_t> ends;
    std::vector<Hash> leaves;
    for (std::size_t page = 0; page < segment->info().pages.size(); ++page) {
        TRY_VOID(reader.rows(page, rows, ends));
        leaf_hashes(rows, ends, leaves);
        tree.add(std::span<const Hash>(leaves));
    }
    if (tree.frontier() != last.frontier) return {};  // altered: nothing to sign; verify says so
    TRY(const Hash file, hash_file(path));
    Trail trail = tree.take_trail();
    return log.sealed({last.first, std::move(tree), file, std::move(trail)});
}

std::size_t KeptSegments::expired(const WriterOptions& options, Nanoseconds now) const {
    std::size_t count = 0;
    if (options.keep_for) {
        const Nanoseconds oldest = now - std::chrono::nanoseconds(*options.keep_for).count();
        while (count < segments_.size() && segments_[count].max_time < oldest) ++count;
    }
    if (options.keep_bytes) {
        std::uint64_t bytes = 0;
        for (std::size_t i = segments_.size(); i-- > count;) {
            bytes += segments_[i].bytes;
            if (bytes <= *options.keep_bytes) continue;
            count = i + 1;
            break;
        }
    }
    return count;
}

model::Event KeptSegments::prune_record(std::size_t count, Nanoseconds now) const {
    const SegmentRow& last = segments_[count - 1];
    model::Event record(now);
    record.set("record.kind", "prune");
    record.set_unsigned("ledger.pruned.first", segments_.front().first);
    record.set_unsigned("ledger.pruned.last", last.first + last.rows - 1);
    record.set("ledger.pruned.root", last.root);
    return record;
}

Result<void> KeptSegments::remove(std::size_t count) {
    const RecordNumber first = segments_.front().first;
    const RecordNumber end = segments_[count - 1].first + segments_[count - 1].rows;
    TRY_VOID(catalogue_->mark_pruned(first, end - 1));
    for (std::size_t i = 0; i < count; ++i) {
        const std::string path = segment_path(folder_, segments_[i].first);
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return host::system_error("removing", path);
    }
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
    first_kept_ = end;
    return {};
}

std::uint64_t KeptSegments::bytes() const {
    std::uint64_t bytes = 0;
    for (const SegmentRow& row : segments_) bytes += row.bytes;
    return bytes;
}

}  // namespace plimsoll::ledger
