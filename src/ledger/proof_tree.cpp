#include "ledger/proof_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "host/file.h"
#include "ledger/checkpoint_log.h"
#include "ledger/recovery.h"
#include "ledger/replace_file.h"
#include "ledger/segment.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kMostLog = std::size_t{64} << 20U;
constexpr std::size_t kMostNames = std::size_t{1} << 20U;
constexpr std::size_t kMostPages = 256;  // 64 MiB of hashes

}  // namespace

Result<std::unique_ptr<LedgerTree>> LedgerTree::open(const std::string& path) {
    std::unique_ptr<LedgerTree> tree(new LedgerTree(absolute_path(path)));
    TRY_VOID(tree->refresh());
    return tree;
}

Result<void> LedgerTree::refresh() {
    TRY_VOID(list());
    return read_seals();
}

Result<void> LedgerTree::list() {
    TRY(const auto entries, host::list_directory({}, path_, kMostNames));
    if (!entries) return Error{fmt::format("there is no ledger in {}", printable(path_))};
    segments_.clear();
    std::vector<RecordNumber> logs;
    for (const auto& entry : *entries) {
        if (const auto first = parse_wal_name(entry.name)) logs.push_back(*first);
    }
    TRY(const auto sealed, host::list_directory({}, path_ + "/segments", kMostNames));
    for (const auto& entry : sealed.value_or(std::vector<host::DirectoryEntry>()))
        if (const auto first = parse_segment_name(entry.name)) segments_.push_back(*first);
    std::ranges::sort(segments_);
    std::ranges::sort(logs);
    std::erase_if(tails_, [&](const auto& tail) {
        return std::ranges::none_of(logs, [&](RecordNumber log) { return tail->path().ends_with(wal_name(log)); });
    });
    for (const RecordNumber log : logs) {
        if (std::ranges::none_of(tails_, [&](const auto& tail) { return tail->path().ends_with(wal_name(log)); }))
            tails_.push_back(std::make_unique<Tail>(path_ + "/" + wal_name(log)));
    }
    for (const auto& tail : tails_) TRY_VOID(tail->refresh());
    return {};
}

/// Takes every node that seals say: the subtrees of their trees, and the pages completed in their segments.
Result<void> LedgerTree::read_seals() {
    TRY(const auto log, host::read_if_exists({}, path_ + "/checkpoints.log", kMostLog));
    if (!log || log->size() == seal_bytes_) return {};
    seal_bytes_ = log->size();
    for (const std::string_view text : split_notes(*log)) {
        const auto note = parse_note(text);
        if (!note) continue;
        const auto seal = parse_seal(note->text);
        if (!seal || !*seal) continue;
        std::uint64_t begin = 0;
        const Tree& tree = (*seal)->tree;
        for (const Hash& hash : tree.subtrees()) {
            const auto level = static_cast<unsigned>(std::bit_width(tree.size() - begin) - 1);
            nodes_[{begin, level}] = hash;
            begin += std::uint64_t{1} << level;
        }
        const std::uint64_t first = (*seal)->first / kPageLeaves;
        if (tree.size() / kPageLeaves - first != (*seal)->pages.size()) continue;
        for (std::size_t i = 0; i < (*seal)->pages.size(); ++i)
            nodes_[{(first + i) * kPageLeaves, kPageLevel}] = (*seal)->pages[i];
    }
    return {};
}

std::optional<std::uint64_t> LedgerTree::segment_of(RecordNumber number) const {
    const auto after = std::ranges::upper_bound(segments_, number);
    if (after == segments_.begin()) return std::nullopt;
    return *std::prev(after);
}

Result<std::string> LedgerTree::row(RecordNumber number) {
    for (const auto& tail : tails_)
        if (number >= tail->first() && number < tail->end()) return std::string(tail->row(number - tail->first()));
    const auto first = segment_of(number);
    if (!first) return Error{fmt::format("record {} is not there: pruned, or never written", number)};
    TRY(auto segment, Segment::open(segment_path(path_, *first)));
    if (number - *first >= segment->info().rows) return Error{fmt::format("there is no record {}", number)};
    SegmentReader reader(segment);
    return reader.row(static_cast<std::uint32_t>(number - *first));
}

Result<void> LedgerTree::load_page(RecordNumber number) {
    if (pages_.size() >= kMostPages) pages_.erase(pages_.begin());
    const auto first = segment_of(number);
    if (!first) return Error{fmt::format("record {} is not there: pruned, or never written", number)};
    TRY(auto segment, Segment::open(segment_path(path_, *first)));
    SegmentReader reader(segment);
    const auto& pages = segment->info().pages;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        const RecordNumber begin = *first + pages[i].first_row;
        if (number < begin || number >= begin + pages[i].rows) continue;
        std::string bytes;
        std::vector<std::uint32_t> ends;
        TRY_VOID(reader.rows(i, bytes, ends));
        Page page{.first = begin};
        leaf_hashes(bytes, ends, page.leaves);
        pages_[begin] = std::move(page);
        return {};
    }
    return Error{fmt::format("there is no record {}", number)};
}

Result<Hash> LedgerTree::leaf(RecordNumber number) {
    for (const auto& tail : tails_)
        if (number >= tail->first() && number < tail->end()) return leaf_hash(tail->row(number - tail->first()));
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto after = pages_.upper_bound(number);
        if (after != pages_.begin()) {
            const Page& page = std::prev(after)->second;
            if (number - page.first < page.leaves.size()) return page.leaves[number - page.first];
        }
        if (attempt == 0) TRY_VOID(load_page(number));
    }
    return Error{fmt::format("there is no record {}", number)};
}

Result<Hash> LedgerTree::root(std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t count = end - begin;
    check(begin < end);
    if (count == 1) return leaf(begin);
    if (std::has_single_bit(count)) {
        const auto known = nodes_.find({begin, static_cast<unsigned>(std::bit_width(count) - 1)});
        if (known != nodes_.end()) return known->second;
    }
    const std::uint64_t half = std::bit_floor(count - 1);
    TRY(const Hash left, root(begin, begin + half));
    TRY(const Hash right, root(begin + half, end));
    return node_hash(left, right);
}

Result<std::string> LedgerTree::checkpoint() const {
    TRY(const auto note, host::read_if_exists({}, path_ + "/checkpoint", kNoteBytes));
    if (!note) return Error{"nothing of this ledger is signed yet"};
    return *note;
}

namespace {

/// Records of a segment that name fields, found by its index.
Result<std::vector<std::uint32_t>> naming_rows(SegmentReader& reader) {
    std::vector<std::uint32_t> rows;
    const auto column = reader.segment().column(0, Wire::text);
    if (!column) return rows;
    TRY(const auto code, reader.find(*column, "field"));
    if (!code) return rows;
    TRY(const std::uint64_t pages, reader.pages_of(*column, *code));
    const auto& infos = reader.segment().info().pages;
    for (std::size_t page = 0; page < infos.size(); ++page) {
        if ((pages >> page & 1U) == 0) continue;
        TRY(const auto codes, reader.codes(*column, page));
        for (std::uint32_t i = 0; i < codes.size(); ++i)
            if (codes[i] == *code) rows.push_back(infos[page].first_row + i);
    }
    return rows;
}

/// The number that a `field` record assigns; nothing for any other record.
std::optional<FieldNumber> assigned(std::string_view row) {
    RowReader reader(row);
    RowField field;
    if (!reader.next(field) || field.number != 0 || field.wire != Wire::text || field.bytes != "field")
        return std::nullopt;
    while (reader.next(field))
        if (field.number == 1 && field.wire == Wire::u64) return static_cast<FieldNumber>(field.bits);
    return std::nullopt;
}

}  // namespace

Result<std::map<FieldNumber, RecordNumber>> LedgerTree::field_records(const std::vector<FieldNumber>& numbers) {
    std::map<FieldNumber, RecordNumber> found;
    const auto take = [&](RecordNumber number, std::string_view row) {
        if (const auto field = assigned(row); field && std::ranges::find(numbers, *field) != numbers.end())
            found.emplace(*field, number);
    };
    for (const RecordNumber first : segments_) {
        if (found.size() == numbers.size()) return found;
        const auto segment = Segment::open(segment_path(path_, first));
        if (!segment) continue;  // the names in it stay unproved
        SegmentReader reader(*segment);
        const auto rows = naming_rows(reader);
        if (!rows) continue;
        for (const std::uint32_t row : *rows)
            if (const auto bytes = reader.row(row)) take(first + row, *bytes);
    }
    for (const auto& tail : tails_)
        for (std::size_t i = 0; i < tail->rows(); ++i) take(tail->first() + i, tail->row(i));
    return found;
}

}  // namespace plimsoll::ledger
