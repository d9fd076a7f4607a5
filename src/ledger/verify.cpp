#include "ledger/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "host/file.h"
#include "ledger/segment.h"
#include "ledger/verify_parts.h"

namespace plimsoll::ledger {

namespace {

using Kind = Fault::Kind;

constexpr std::size_t kMostFaults = 200;
constexpr int kLooks = 4;  // how often the folder may change while it is checked
constexpr auto kSettle = std::chrono::milliseconds(250);
constexpr auto kTick = std::chrono::milliseconds(100);

RecordNumber end_of(const Evidence& evidence, const Part& part) {
    if (const SealStatement* seal = evidence.seal(part.first)) return seal->tree.size();
    return part.first + part.rows;
}

std::vector<Part> check_segments(const Evidence& evidence, unsigned threads,
                                 const std::function<void(Progress)>& progress) {
    std::vector<Part> parts(evidence.segments.size());
    const RecordNumber first = parts.empty() ? 0 : evidence.segments.front();
    const std::uint64_t total =
        evidence.roots.empty() ? 0 : evidence.roots.back().size - std::min(first, evidence.roots.back().size);
    std::atomic<std::size_t> next = 0;
    std::atomic<std::uint64_t> done = 0;
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t running = std::min<std::size_t>(std::max(threads, 1U), parts.size());
    const auto work = [&] {
        for (std::size_t i = next++; i < parts.size(); i = next++)
            parts[i] = check_segment(evidence, evidence.segments[i], done);
        const std::scoped_lock guard(mutex);
        --running;
        ended.notify_one();
    };
    std::vector<std::jthread> workers;
    for (std::size_t i = running; i > 0; --i) workers.emplace_back(work);
    std::unique_lock guard(mutex);
    while (running > 0) {
        ended.wait_for(guard, kTick);
        if (progress) progress({.done = done, .total = std::max<std::uint64_t>(total, done)});
    }
    return parts;
}

/// One check of a ledger as it was at one moment.
class Check {
public:
    Check(const Evidence& evidence, VerifyReport& report) : evidence_(evidence), report_(report) {}

    void run(unsigned threads, const std::function<void(Progress)>& progress) {
        report_.faults = evidence_.faults;
        parts_ = check_segments(evidence_, threads, progress);
        find_begin();
        check_chain();
        check_tail_part();
        check_coverage();
        check_last_words();
        const RecordNumber pruned =
            check_own_records(evidence_, parts_, report_.first_kept, report_.size, report_.faults, report_.remarks);
        check_catalogue(evidence_, parts_, pruned, report_.faults);
        check_secret(evidence_, report_.faults);
        finish();
    }

private:
    void fault(Kind kind, std::string file, std::optional<RecordNumber> first, std::optional<RecordNumber> last,
               std::string message) {
        report_.faults.push_back(
            {.kind = kind, .file = std::move(file), .first = first, .last = last, .message = std::move(message)});
    }

    void find_begin() {
        if (!parts_.empty()) {
            report_.first_kept = parts_.front().first;
        } else if (!evidence_.logs.empty()) {
            report_.first_kept = evidence_.logs.front();
        }
    }

    /// Segments follow one another without a gap, and what was sealed is there.
    void check_chain() {
        for (const KnownRoot& root : evidence_.roots) {
            if (!root.seal || root.seal->first == root.size ||
                std::ranges::binary_search(evidence_.segments, root.seal->first))
                continue;
            if (root.size <= report_.first_kept) continue;  // whether that was retention, the `prune` record says
            fault(Kind::removed, segment_name(root.seal->first), root.seal->first, root.size - 1,
                  "the file is gone; a signed checkpoint says what it held");
        }
        for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
            const RecordNumber end = end_of(evidence_, parts_[i]);
            const RecordNumber next = parts_[i + 1].first;
            const bool told = std::ranges::any_of(evidence_.roots, [&](const KnownRoot& root) {
                return root.seal && root.seal->first == end && root.seal->first != root.size;
            });
            if (end < next && !told && (parts_[i].read || evidence_.seal(parts_[i].first) != nullptr))
                fault(Kind::removed, {}, end, next - 1, "no file holds these records");
            if (end > next)
                fault(Kind::inserted, segment_name(next), next, end - 1,
                      "the file before it holds these records already");
            if (end == next && parts_[i].after && parts_[i + 1].before && *parts_[i].after != *parts_[i + 1].before &&
                parts_[i].faults.empty())
                fault(Kind::edited, segment_name(parts_[i].first), parts_[i].first, end - 1,
                      "its records do not lead to the tree with which the next file begins");
        }
        for (const Part& part : parts_) {
            report_.faults.insert(report_.faults.end(), part.faults.begin(), part.faults.end());
            report_.checked += part.rows;
        }
        report_.segments = parts_.size();
    }

    void check_tail_part() {
        std::optional<Tree> tree;
        RecordNumber begin = report_.first_kept;
        if (!parts_.empty()) {
            begin = end_of(evidence_, parts_.back());
            tree = parts_.back().after;
        }
        if (!tree && begin == 0) tree = Tree();
        if (const Tree* known = evidence_.tree(begin); !tree && known != nullptr) tree = *known;
        Part tail = check_tail(evidence_, begin, tree);
        report_.faults.insert(report_.faults.end(), tail.faults.begin(), tail.faults.end());
        report_.checked += tail.rows;
        report_.size = begin + tail.rows;
        if (tail.after) report_.root = tail.after->root();
        parts_.push_back(std::move(tail));
    }

    /// How far signatures reach, and whether all that was signed is there.
    void check_coverage() {
        for (const Part& part : parts_) report_.signed_size = std::max(report_.signed_size, part.good);
        std::uint64_t most = 0;
        bool anchor = false;
        for (const KnownRoot& root : evidence_.roots) {
            if (root.size == 0 || root.size < most) continue;
            anchor = root.anchor && root.size > most;
            most = root.size;
        }
        if (most > report_.size)
            fault(Kind::truncated, {}, report_.size, most - 1,
                  anchor ? fmt::format("the anchor is of {} records, the ledger ends after {}", most, report_.size)
                         : fmt::format("{} records were signed, the ledger ends after {}", most, report_.size));
        if (evidence_.anchor_size && *evidence_.anchor_size < report_.first_kept)
            report_.faults.push_back(
                {.kind = Kind::missing,
                 .message = fmt::format(
                     "the anchor is of {} records, and those before record {} were pruned: the two cannot be compared",
                     *evidence_.anchor_size, report_.first_kept)});
        if (evidence_.roots.empty() && !evidence_.keys.empty())
            report_.faults.push_back({.kind = Kind::missing, .message = "nothing of this ledger is signed"});
        if (most <= report_.size && most < report_.size && most >= report_.first_kept && report_.signed_size >= most)
            report_.remarks.push_back(fmt::format("the newest {} records are not signed yet", report_.size - most));
        // No contradiction, yet nothing that confirms: the records do not reach a checkpoint from where they begin.
        if (report_.signed_size < std::min(most, report_.size) &&
            std::ranges::none_of(report_.faults, &Fault::tampering))
            report_.faults.push_back({.kind = Kind::missing,
                                      .first = report_.signed_size,
                                      .message = "from here on no checkpoint could be compared"});
    }

    /// The last checkpoint of each key but the present one: it says what there was before the next key could sign.
    void check_last_words() {
        for (std::size_t i = 1; i < evidence_.keys.size(); ++i) {
            const KeyLine& line = evidence_.keys[i];
            if (line.signature.empty() || line.size < report_.first_kept) continue;
            const bool there = std::ranges::any_of(evidence_.roots, [&](const KnownRoot& root) {
                return root.size == line.size && root.key + 1 == i && !root.anchor;
            });
            if (!there)
                fault(Kind::removed, "checkpoints.log", {}, {},
                      fmt::format("the checkpoint of {} records is gone, the last one by key {}; what came before "
                                  "could have been rewritten",
                                  line.size, i));
        }
    }

    void finish() {
        std::ranges::stable_sort(report_.faults, [](const Fault& a, const Fault& b) {
            return std::pair(!a.tampering(), a.first.value_or(0)) < std::pair(!b.tampering(), b.first.value_or(0));
        });
        if (std::ranges::any_of(report_.faults, &Fault::tampering)) {
            report_.verdict = Verdict::tampered;
        } else if (!report_.faults.empty()) {
            report_.verdict = Verdict::incomplete;
        }
        if (report_.faults.size() > kMostFaults) {
            report_.more_faults = report_.faults.size() - kMostFaults;
            report_.faults.resize(kMostFaults);
        }
        report_.origin = evidence_.origin;
        report_.anchor_size = evidence_.anchor_size;
        report_.key_trusted = evidence_.key_trusted;
        for (const KeyLine& line : evidence_.keys) report_.keys.push_back(to_text(line.key));
    }

    const Evidence& evidence_;
    VerifyReport& report_;
    std::vector<Part> parts_;  // the last one is the tail
};

}  // namespace

namespace {

/// Whether a writer may be at work. Asking for its lock could keep one from starting, so the kernel's list is read.
bool may_be_written(const std::string& path) {
    const auto lock = host::file_facts({}, path + "/lock");
    if (!lock || !*lock) return !lock;
    const auto locks = host::read_if_exists({}, "/proc/locks");
    return !locks || !*locks || (*locks)->contains(fmt::format(":{} ", (*lock)->inode));
}

}  // namespace

Result<VerifyReport> verify(const VerifyOptions& options, const std::function<void(Progress)>& progress) {
    const unsigned threads = options.threads != 0 ? options.threads : std::max(std::thread::hardware_concurrency(), 1U);
    for (int look = 1;; ++look) {
        TRY(const Evidence evidence, gather_evidence(options));
        VerifyReport report;
        Check(evidence, report).run(threads, progress);
        if (report.verdict == Verdict::ok || look == kLooks || !may_be_written(evidence.path)) return report;
        // A writer that seals, prunes or changes its key meanwhile leaves a picture that does not fit together.
        std::this_thread::sleep_for(kSettle);
        const auto again = gather_evidence(options);
        if (!again || again->look == evidence.look) return report;
    }
}

}  // namespace plimsoll::ledger
