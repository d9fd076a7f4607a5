#include "ledger/reader_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "host/file.h"
#include "ledger/catalogue.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

namespace {

constexpr int kLooks = 8;  // how often a folder may change while it is looked at
constexpr std::size_t kMostNames = std::size_t{1} << 20U;
constexpr std::size_t kMostOpen = 1024;

std::string missing(RecordNumber first, RecordNumber end) {
    return fmt::format("records {} to {}: no file holds them", first, end - 1);
}

}  // namespace

std::string LedgerFiles::file(RecordNumber first) const { return path_ + "/segments/" + segment_name(first); }

bool LedgerFiles::gone(RecordNumber first) const { return ::access(file(first).c_str(), F_OK) != 0; }

Result<LedgerFiles::Names> LedgerFiles::list() const {
    // Logs first: one that is sealed between the two looks then stands in both lists, and never in none.
    TRY(const auto entries, host::list_directory({}, path_, kMostNames));
    if (!entries) return Error{fmt::format("there is no ledger in {}", path_)};
    Names names;
    for (const auto& entry : *entries) {
        if (const auto first = parse_wal_name(entry.name)) names.logs.push_back(*first);
    }
    TRY(const auto sealed, host::list_directory({}, path_ + "/segments", kMostNames));
    if (!sealed && names.logs.empty()) return Error{fmt::format("there is no ledger in {}", path_)};
    for (const auto& entry : sealed ? *sealed : std::vector<host::DirectoryEntry>()) {
        if (const auto first = parse_segment_name(entry.name)) names.segments.push_back(*first);
    }
    std::ranges::sort(names.segments);
    std::ranges::sort(names.logs);
    return names;
}

Result<std::shared_ptr<const Segment>> LedgerFiles::open(RecordNumber first) {
    {
        const std::scoped_lock guard(lock_);
        if (const auto found = open_.find(first); found != open_.end()) return found->second;
    }
    TRY(auto segment, Segment::open(file(first)));
    if (segment->info().first != first)
        return Error{fmt::format("{}: its footer says that it begins with record {}", segment_name(first),
                                 segment->info().first)};
    const std::scoped_lock guard(lock_);
    if (open_.size() >= kMostOpen) open_.erase(open_.begin());
    return open_.try_emplace(first, std::move(segment)).first->second;
}

/// Finds out about segments that were not there before: from the catalogue, else from their footers.
void LedgerFiles::learn(const std::vector<RecordNumber>& segments) {
    std::erase_if(known_, [&](const auto& entry) { return !std::ranges::binary_search(segments, entry.first); });
    {
        const std::scoped_lock guard(lock_);
        std::erase_if(open_, [&](const auto& entry) { return !std::ranges::binary_search(segments, entry.first); });
    }
    const bool news = std::ranges::any_of(segments, [&](RecordNumber first) { return !known_.contains(first); });
    const bool missed = std::ranges::any_of(
        expected_, [&](const auto& entry) { return !std::ranges::binary_search(segments, entry.first); });
    if (news || missed) {
        expected_.clear();
        auto catalogue = Catalogue::open_read_only(path_);
        const bool has = catalogue && *catalogue != nullptr;
        const auto rows = has ? (*catalogue)->segments() : Result<std::vector<SegmentRow>>(Error{});
        for (const SegmentRow& row : rows ? *rows : std::vector<SegmentRow>()) {
            if (row.pruned) continue;
            expected_[row.first] = true;
            if (!std::ranges::binary_search(segments, row.first)) continue;
            known_.try_emplace(row.first, SegmentFile{.first = row.first,
                                                      .rows = row.rows,
                                                      .min_time = row.min_time,
                                                      .max_time = row.max_time,
                                                      .fault = {}});
        }
    }
    for (const RecordNumber first : segments) {
        if (known_.contains(first)) continue;
        SegmentFile segment{.first = first};
        if (const auto opened = open(first)) {
            const SegmentInfo& info = (*opened)->info();
            segment.rows = info.rows;
            segment.min_time = info.min_time;
            segment.max_time = info.max_time;
        } else {
            segment.fault = opened.error().message;
        }
        known_[first] = std::move(segment);
    }
}

Result<Snapshot> LedgerFiles::try_to_look(bool& again) {
    again = false;
    TRY(const Names names, list());
    std::erase_if(tails_, [&](const auto& entry) { return !std::ranges::binary_search(names.logs, entry.first); });
    Snapshot snapshot;
    std::vector<std::shared_ptr<const Tail>> tails;
    for (const RecordNumber first : names.logs) {
        auto& tail = tails_[first];
        if (!tail) tail = std::make_shared<Tail>(path_ + "/" + wal_name(first));
        if (tail.use_count() > 1) tail = std::make_shared<Tail>(*tail);  // a scan still reads the one from before
        const auto there = tail->refresh();
        if (!there) {
            snapshot.faults.push_back(fmt::format("records from {} on: {}", first, there.error().message));
            again = true;  // perhaps it is being made
            continue;
        }
        again = again || !*there;  // sealed between the list and now
        if (*there) tails.push_back(tail);
    }
    learn(names.segments);
    // A segment whose footer cannot be read ends where the next part begins.
    for (std::size_t i = 0; i < names.segments.size(); ++i) {
        SegmentFile segment = known_[names.segments[i]];
        if (!segment.fault.empty()) {
            known_.erase(segment.first);  // perhaps it can be read next time
            again = again || gone(segment.first);
            RecordNumber end = segment.first;
            if (i + 1 < names.segments.size()) {
                end = names.segments[i + 1];
            } else {
                for (const auto& tail : tails) {
                    if (tail->first() > segment.first && (end == segment.first || tail->first() < end))
                        end = tail->first();
                }
            }
            segment.rows = static_cast<std::uint32_t>(std::min<RecordNumber>(end - segment.first, kMaxSegmentRows));
        }
        snapshot.segments.push_back(std::move(segment));
    }
    RecordNumber reached =
        snapshot.segments.empty() ? (tails.empty() ? 0 : tails.front()->first()) : snapshot.segments.front().first;
    snapshot.first = reached;
    const auto reach = [&](RecordNumber first) {
        if (first <= reached) return;
        snapshot.faults.push_back(missing(reached, first));
        again = true;
    };
    for (const auto& [first, kept] : expected_) {
        if (first >= snapshot.first || !kept) continue;
        snapshot.faults.push_back(fmt::format("records from {} on: {} is missing", first, segment_name(first)));
        again = true;
    }
    std::erase_if(snapshot.segments, [&](const SegmentFile& segment) { return segment.rows == 0; });
    for (const SegmentFile& segment : snapshot.segments) {
        reach(segment.first);
        reached = std::max(reached, segment.end());
    }
    for (const auto& tail : tails) {
        if (tail->end() > reached || !tail->fault().empty()) {
            reach(tail->first());
            if (!tail->fault().empty()) snapshot.faults.push_back(tail->fault());
            snapshot.tails.push_back({.tail = tail, .first = std::max(reached, tail->first())});
        }
        reached = std::max(reached, tail->end());
    }
    snapshot.end = reached;
    return snapshot;
}

Result<Snapshot> LedgerFiles::look() {
    for (int looks = 1;; ++looks) {
        bool again = false;
        TRY(auto snapshot, try_to_look(again));
        if (!again || looks == kLooks || (!snapshot.faults.empty() && snapshot.faults == settled_)) {
            settled_ = snapshot.faults;
            return snapshot;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(looks));
    }
}

}  // namespace plimsoll::ledger
