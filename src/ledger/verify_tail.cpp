#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "host/file.h"
#include "ledger/verify_parts.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

namespace {

using Kind = Fault::Kind;

constexpr std::size_t kMostBytes = std::size_t{1} << 30U;
constexpr std::size_t kTogether = 64;                        // rows whose leaves are hashed side by side
constexpr auto kWriteTime = std::chrono::milliseconds(150);  // a frame that is being written is whole by then

class TailCheck {
public:
    TailCheck(const Evidence& evidence, RecordNumber first, const std::optional<Tree>& tree, Part& part)
        : evidence_(evidence), part_(part), next_(first) {
        part_.first = first;
        if (tree) tree_ = good_tree_ = *tree;
        whole_ = tree.has_value();
        part_.before = tree;
    }

    void run() {
        for (const RecordNumber log : evidence_.logs) {
            name_ = wal_name(log);
            if (!read(log)) break;
        }
        if (broken_) blame();
        if (whole_ && !broken_) part_.after = tree_;
        part_.rows = next_ - part_.first;
    }

    [[nodiscard]] RecordNumber next() const { return next_; }

private:
    void fault(Kind kind, std::optional<RecordNumber> first, std::optional<RecordNumber> last, std::string message) {
        part_.faults.push_back(
            {.kind = kind, .file = name_, .first = first, .last = last, .message = std::move(message)});
    }

    bool read(RecordNumber log) {
        auto file = host::read_if_exists({}, evidence_.path + "/" + name_, kMostBytes);
        if (!file || !*file) {
            fault(file ? Kind::missing : Kind::unreadable, log, {}, file ? "the file is gone" : file.error().message);
            return false;
        }
        auto view = parse_wal_head(**file);
        if (!view) {
            fault(Kind::edited, log, {}, view.error().message);
            return false;
        }
        if (view->head.first != log) {
            fault(Kind::reordered, log, {},
                  fmt::format("its head says that it begins with record {}", view->head.first));
            return false;
        }
        if (log > next_) {
            name_.clear();
            fault(Kind::removed, next_, log - 1, "no file holds these records");
            name_ = wal_name(log);
            whole_ = false;
            next_ = log;
        }
        part_.fields = view->head.fields;
        check_head(view->head);
        RecordNumber number = log;
        const auto visit = [&](std::string_view row) {
            if (number++ >= next_) take(row);
            return true;
        };
        WalEnd end = read_frames(**file, view->begin, visit);
        add_waiting();
        if (end.torn && log == evidence_.logs.back()) {
            // Perhaps a write under way.
            std::this_thread::sleep_for(kWriteTime);
            auto again = host::read_if_exists({}, evidence_.path + "/" + name_, kMostBytes);
            if (again && *again && (*again)->starts_with(std::string_view(**file).substr(0, end.good))) {
                file = std::move(again);
                end = read_frames(**file, end.good, visit);
                add_waiting();
            }
        }
        if (end.damaged) {
            fault(Kind::edited, number, number,
                  "the record's check sum does not fit; those behind it cannot be told by number");
            whole_ = false;
            while (end.damaged) {
                ++number;
                next_ = std::max(next_, number);
                end = read_frames(**file, end.resumes, visit);
                add_waiting();
                if (end.damaged) fault(Kind::edited, number, number, "the record's check sum does not fit");
            }
        }
        if (end.torn)
            fault(Kind::missing, number, {},
                  fmt::format("{} bytes at its end are no whole record: the last write did not end, or was cut",
                              (*file)->size() - end.good));
        return true;
    }

    void check_head(const WalHead& head) {
        auto frontier = Tree::from_frontier(head.frontier);
        if (!frontier || frontier->size() != head.first) {
            fault(Kind::edited, {}, {}, "the tree in its head is malformed");
            return;
        }
        if (head.first != next_) return;
        if (!whole_) {
            // Nothing signed leads here: what is said counts as long as a later checkpoint agrees with it.
            tree_ = good_tree_ = std::move(*frontier);
            whole_ = true;
            if (part_.before) return;
            part_.before = tree_;
        } else if (*frontier != tree_) {
            fault(Kind::edited, {}, {}, "the tree in its head is not that of the records before it");
        }
    }

    void take(std::string_view row) {
        note_own_record(next_++, row, part_.own);
        static_cast<void>(part_.fields.learn(row));  // one that contradicts is found by who wants to read a record
        waiting_.push_back(row);
        if (waiting_.size() == kTogether) add_waiting();
    }

    /// Hashes the rows that wait, adds them, and compares wherever a checkpoint says what the tree must be.
    void add_waiting() {
        std::array<Hash, kTogether> hashes;
        std::span<const Hash> leaves = std::span<const Hash>(hashes).first(waiting_.size());
        leaf_hashes(waiting_, std::span(hashes).first(waiting_.size()));
        waiting_.clear();
        while (!leaves.empty()) {
            const std::size_t count =
                std::min<std::uint64_t>(leaves.size(), whole_ ? evidence_.until_known(tree_.size()) : leaves.size());
            leaves_.insert(leaves_.end(), leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(count));
            if (whole_) tree_.add(leaves.first(count));
            leaves = leaves.subspan(count);
            if (whole_ && !broken_) check_known();
        }
    }

    void check_known() {
        const auto known = evidence_.of_size(tree_.size());
        if (known.empty()) return;
        const Hash root = tree_.root();
        for (const KnownRoot& one : known)
            if (one.root != root) broken_ = one;
        if (broken_) return;
        good_tree_ = tree_;
        part_.good = tree_.size();
        leaves_.clear();
    }

    /// The first checkpoint that the records contradict: what lies between it and the one before is not as signed.
    void blame() {
        const RecordNumber begin = good_tree_.size();
        if (!broken_->anchor) {
            if (auto found = explain(good_tree_, leaves_, broken_->size, broken_->root)) {
                found->file = wal_name(evidence_.logs.back());
                part_.faults.push_back(std::move(*found));
                return;
            }
        }
        const std::uint64_t most = evidence_.roots.back().size;
        if (next_ < most) {
            fault(
                Kind::removed, begin, broken_->size - 1,
                fmt::format("{} records are gone from this range or from the end, {} were signed", most - next_, most));
            return;
        }
        fault(Kind::edited, begin, broken_->size - 1,
              broken_->anchor
                  ? "the records up to here are not those of the anchor: they were rewritten and signed again"
                  : "among these records at least one is not as it was signed");
    }

    const Evidence& evidence_;
    Part& part_;
    RecordNumber next_;
    Tree tree_;
    Tree good_tree_;
    bool whole_ = false;
    std::optional<KnownRoot> broken_;
    std::vector<std::string_view> waiting_;  ///< rows of the file that is read, not added yet
    std::vector<Hash> leaves_;               ///< since `good_tree_`
    std::string name_;
};

}  // namespace

Part check_tail(const Evidence& evidence, RecordNumber first, const std::optional<Tree>& tree) {
    Part part;
    TailCheck check(evidence, first, tree, part);
    check.run();
    return part;
}

}  // namespace plimsoll::ledger
