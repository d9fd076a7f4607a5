#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "host/fd.h"
#include "host/file.h"
#include "host/system_error.h"
#include "ledger/recovery.h"
#include "ledger/segment.h"
#include "ledger/verify_parts.h"

namespace plimsoll::ledger {

namespace {

using Kind = Fault::Kind;

/// Recomputes one segment. What it finds goes into `part`.
class SegmentCheck {
public:
    SegmentCheck(const Evidence& evidence, RecordNumber first, Part& part, std::atomic<std::uint64_t>& done)
        : evidence_(evidence),
          first_(first),
          part_(part),
          done_(done),
          name_(segment_name(first)),
          seal_(evidence.seal(first)) {}

    void run() {
        part_.first = first_;
        if (!open()) return;
        find_begin();
        const std::size_t before = part_.faults.size();
        read_rows();
        if (seal_ == nullptr) {
            fault(Kind::missing, {}, {}, "no checkpoint says what this file held when it was sealed");
            if (!segment_->body_is_intact()) fault(Kind::edited, {}, {}, "its own check sum does not fit");
            return;
        }
        check_marks_file();
        compare_with_seal(before);
    }

private:
    void fault(Kind kind, std::optional<RecordNumber> first, std::optional<RecordNumber> last, std::string message) {
        part_.faults.push_back(
            {.kind = kind, .file = name_, .first = first, .last = last, .message = std::move(message)});
    }
    [[nodiscard]] RecordNumber signed_end() const {
        return seal_ == nullptr ? first_ + segment_->info().rows : seal_->tree.size();
    }

    bool open() {
        const std::string path = segment_path(evidence_.path, first_);
        if (!host::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC))) {
            fault(errno == ENOENT ? Kind::removed : Kind::unreadable, first_, seal_end(),
                  host::system_error("opening", name_).message);
            return false;
        }
        const auto hash = hash_file(path);
        if (!hash) {
            fault(Kind::unreadable, first_, seal_end(), hash.error().message);
            return false;
        }
        altered_ = seal_ != nullptr && *hash != seal_->file;
        if (altered_) {
            // A file that was sealed under another name: somebody moved files about.
            for (const KnownRoot& root : evidence_.roots) {
                if (!root.seal || root.seal->file != *hash) continue;
                fault(Kind::reordered, first_, seal_end(),
                      fmt::format("this is the file that was sealed as {}", segment_name(root.seal->first)));
                return false;
            }
        }
        auto segment = Segment::open(path);
        if (!segment) {
            fault(Kind::edited, first_, seal_end(), segment.error().message);
            return false;
        }
        segment_ = std::move(*segment);
        const SegmentInfo& info = segment_->info();
        if (info.first != first_) {
            fault(Kind::reordered, first_, seal_end(),
                  fmt::format("its footer says that it begins with record {}", info.first));
            return false;
        }
        part_.fields = info.fields;
        part_.file_bytes = info.file_bytes;
        part_.root = info.root;
        part_.frontier = info.frontier;
        part_.min_time = info.min_time;
        part_.max_time = info.max_time;
        part_.read = true;
        return true;
    }

    [[nodiscard]] std::optional<RecordNumber> seal_end() const {
        if (seal_ == nullptr || seal_->tree.size() == first_) return std::nullopt;
        return seal_->tree.size() - 1;
    }

    /// The tree of what stands before: as signed, else as the neighbour's footer says it.
    void find_begin() {
        if (first_ == 0) {
            part_.before = Tree();
        } else if (const Tree* tree = evidence_.tree(first_)) {
            part_.before = *tree;
        } else {
            const auto here = std::ranges::find(evidence_.segments, first_);
            if (here != evidence_.segments.begin()) {
                const auto former = Segment::open(segment_path(evidence_.path, *std::prev(here)));
                auto frontier = former ? Tree::from_frontier((*former)->info().frontier) : Tree::from_frontier({});
                if (frontier && frontier->size() == first_) part_.before = std::move(*frontier);
            }
        }
        if (!part_.before)
            fault(Kind::missing, first_, {},
                  "the tree of the records before it is nowhere written, so its own cannot be computed");
    }

    void read_rows() {
        SegmentReader reader(segment_);
        std::string bytes;
        std::vector<std::uint32_t> ends;
        std::vector<Hash> leaves;
        Tree tree = part_.before.value_or(Tree());
        tree.keep_trail();
        bool whole = part_.before.has_value();
        const auto& pages = segment_->info().pages;
        for (std::size_t page = 0; page < pages.size(); ++page) {
            const RecordNumber begin = first_ + pages[page].first_row;
            const auto read = reader.rows(page, bytes, ends);
            if (!read || ends.size() != pages[page].rows) {
                fault(Kind::edited, begin, begin + pages[page].rows - 1,
                      read ? "the page does not hold as many records as it says" : read.error().message);
                whole = false;
                marks_.append(pages[page].rows, '\0');
                unread_.emplace_back(pages[page].first_row, pages[page].rows);
                continue;
            }
            std::uint32_t at = 0;
            for (std::size_t i = 0; i < ends.size(); ++i) {
                note_own_record(begin + i, std::string_view(bytes).substr(at, ends[i] - at), part_.own);
                at = ends[i];
            }
            leaf_hashes(bytes, ends, leaves);
            if (whole) add(leaves, tree);
            for (const Hash& leaf : leaves) marks_ += static_cast<char>(leaf[0]);
            part_.rows += ends.size();
            done_.fetch_add(ends.size(), std::memory_order_relaxed);
            reader.forget();
        }
        pages_ = tree.take_trail().pages;
        if (whole) part_.after = std::move(tree);
    }

    /// Adds leaves, and compares wherever a checkpoint says what the tree must be.
    void add(std::span<const Hash> leaves, Tree& tree) {
        while (!leaves.empty()) {
            const std::size_t count = std::min<std::uint64_t>(leaves.size(), evidence_.until_known(tree.size()));
            tree.add(leaves.first(count));
            leaves = leaves.subspan(count);
            check_known(tree);
        }
    }

    /// Compares the tree with the checkpoints of its size.
    void check_known(const Tree& tree) {
        for (const KnownRoot& root : evidence_.of_size(tree.size())) {
            // The seal's own root is compared in the end, where more can be said.
            if (root.seal || root.root == tree.root()) continue;
            broken_ = &root;
            return;
        }
        if (!broken_ && !evidence_.of_size(tree.size()).empty()) part_.good = tree.size();
    }

    void check_marks_file() {
        if (seal_->marks == sha256({})) return;
        const auto marks = host::read_if_exists({}, marks_path(evidence_.path, first_), kMaxSegmentRows + 1);
        const bool there = marks && *marks;
        if (there && sha256(**marks) == seal_->marks) {
            signed_marks_ = **marks;
            return;
        }
        part_.faults.push_back({.kind = there   ? Kind::edited
                                        : marks ? Kind::missing
                                                : Kind::unreadable,
                                .file = "segments/" + marks_name(first_),
                                .message = there ? "these marks are not those that were signed; no record is concerned"
                                                 : "the marks that name a changed record are not there"});
    }

    void compare_with_seal(std::size_t before) {
        const bool same = part_.after && *part_.after == seal_->tree;
        if (same && !altered_) {
            part_.good = seal_->tree.size();
            if (broken_) contradict();
            return;
        }
        if (same) {
            fault(Kind::edited, {}, {},
                  "every record is as it was signed, but not the file: its indexes, which searches rely on");
            return;
        }
        if (signed_marks_) {
            // Pages that could not be read are reported already; they count as unchanged here.
            for (const auto& [row, rows] : unread_)
                for (std::size_t i = row; i < std::min<std::size_t>(row + rows, signed_marks_->size()); ++i)
                    marks_[i] = (*signed_marks_)[i];
            auto found = compare_marks(*signed_marks_, marks_, first_, name_);
            part_.faults.insert(part_.faults.end(), found.begin(), found.end());
        }
        if (part_.faults.size() > before) return;
        if (!name_pages()) {
            const std::uint64_t now = first_ + segment_->info().rows;
            const std::uint64_t then = seal_->tree.size();
            const Kind kind = now == then ? Kind::edited : now < then ? Kind::removed : Kind::inserted;
            fault(kind, first_, then - 1,
                  fmt::format("the records of this file are not those that were signed: {} of {}", now - first_,
                              then - first_));
        }
    }

    /// Names the pages whose roots are not as signed.
    bool name_pages() {
        if (seal_->pages.empty() || pages_.size() != seal_->pages.size()) return false;
        bool any = false;
        RecordNumber begin = first_ / kPageLeaves * kPageLeaves;
        for (std::size_t i = 0; i < pages_.size(); ++i, begin += kPageLeaves) {
            if (pages_[i] == seal_->pages[i]) continue;
            fault(Kind::edited, std::max(begin, first_), begin + kPageLeaves - 1,
                  "among these records at least one is not as it was signed");
            any = true;
        }
        return any;
    }

    /// The rows agree with the seal, but not with another checkpoint: one was made up with a key of the ledger.
    void contradict() {
        const KnownRoot& root = *broken_;
        fault(Kind::edited, part_.good < root.size ? part_.good : first_, root.size - 1,
              root.anchor ? "the records up to here are not those of the anchor: they were rewritten and signed again"
                          : "two checkpoints of this ledger contradict each other");
    }

    const Evidence& evidence_;
    RecordNumber first_;
    Part& part_;
    std::atomic<std::uint64_t>& done_;
    std::string name_;
    const SealStatement* seal_;
    std::shared_ptr<const Segment> segment_;
    bool altered_ = false;
    const KnownRoot* broken_ = nullptr;  ///< the last checkpoint that the records contradict
    std::string marks_;
    std::optional<std::string> signed_marks_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> unread_;
    std::vector<Hash> pages_;
};

}  // namespace

Part check_segment(const Evidence& evidence, RecordNumber first, std::atomic<std::uint64_t>& done) {
    Part part;
    SegmentCheck(evidence, first, part, done).run();
    return part;
}

void note_own_record(RecordNumber number, std::string_view row, std::vector<OwnRecord>& own) {
    // Field 0 is the kind, as text: tag 0x04, length, bytes; every row of an event has it first or not at all.
    constexpr std::size_t kKind = 8;
    if (row.size() < kKind + 5 || row[kKind] != '\x04') return;
    const std::string_view kind = row.substr(kKind + 1, 6);
    if (kind.starts_with(std::string_view("\x03key", 4)) || kind.starts_with(std::string_view("\x05prune", 6)))
        own.push_back({.number = number, .row = std::string(row)});
}

}  // namespace plimsoll::ledger
