#include "ledger/segment_dictionary.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ledger/crc32c.h"
#include "ledger/rare_rows.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using Layout = Segment::Layout;

SegmentDictionaries::SegmentDictionaries(const Layout& layout, std::shared_ptr<Unpacker> unpacker)
    : layout_(layout), dictionaries_(layout.info.columns.size()), unpacker_(std::move(unpacker)) {}

Result<std::string_view> SegmentDictionaries::value(std::size_t column, std::uint16_t code) {
    if (code >= layout_.info.columns[column].values) return cannot_unpack("dictionary");
    const Dictionary& dictionary = prepared(column);
    if (!dictionary.values.empty()) return dictionary.values[code];
    const auto& blocks = layout_.blocks[column];
    const auto place = std::ranges::upper_bound(blocks, code, {}, &Layout::Block::first) - 1;
    TRY(const Block* block, unpacked(column, static_cast<std::size_t>(place - blocks.begin())));
    const std::size_t n = code - place->first;
    const std::uint32_t begin = n == 0 ? 0 : block->ends[n - 1];
    return std::string_view(block->text).substr(begin, block->ends[n] - begin);
}

Result<std::span<const std::string_view>> SegmentDictionaries::values(std::size_t column) {
    Dictionary& dictionary = prepared(column);
    if (dictionary.values.empty()) {
        std::vector<std::string_view> all;
        all.reserve(layout_.info.columns[column].values);
        for (std::size_t n = 0; n < layout_.blocks[column].size(); ++n) {
            TRY(const Block* block, unpacked(column, n));
            const char* begin = block->text.data();
            for (const std::uint32_t end : block->ends) {
                const char* const stop = block->text.data() + end;
                all.emplace_back(begin, static_cast<std::size_t>(stop - begin));
                begin = stop;
            }
        }
        dictionary.values = std::move(all);
    }
    return std::span<const std::string_view>(dictionary.values);
}

Result<std::optional<std::uint16_t>> SegmentDictionaries::find(std::size_t column, std::string_view bytes) {
    using Found = std::optional<std::uint16_t>;
    const std::string_view hashes = layout_.at(layout_.hashes[column]);
    const std::uint32_t count = layout_.info.columns[column].values;
    if (hashes.empty()) {
        TRY(const std::span<const std::string_view> all, values(column));
        const auto place = std::ranges::find(all, bytes);
        return place == all.end() ? Found() : Found(static_cast<std::uint16_t>(place - all.begin()));
    }
    constexpr std::uint32_t kStride = 64;
    const auto wanted = static_cast<std::uint16_t>(crc32c(bytes));
    for (std::uint32_t first = 0; first < count; first += kStride) {
        const std::uint32_t end = std::min(count, first + kStride);
        std::uint16_t hits = end - first < kStride ? 1 : 0;
        if (hits == 0) {  // as many as the compiler knows of, without branches, so that it compares many at once
            std::array<std::uint16_t, kStride> some;
            std::memcpy(some.data(), hashes.data() + std::size_t{2} * first, sizeof some);
            for (const std::uint16_t hash : some) hits = static_cast<std::uint16_t>(hits | (hash == wanted ? 1 : 0));
        }
        for (std::uint32_t code = first; hits != 0 && code < end; ++code) {
            std::uint16_t hash = 0;
            std::memcpy(&hash, hashes.data() + std::size_t{2} * code, 2);
            if (hash != wanted) continue;
            TRY(const std::string_view found, value(column, static_cast<std::uint16_t>(code)));
            if (found == bytes) return Found(static_cast<std::uint16_t>(code));
        }
    }
    return Found();
}

Result<std::optional<std::vector<std::uint32_t>>> SegmentDictionaries::rows_of(std::size_t column, std::uint16_t code) {
    const RareRowsView view(layout_.at(layout_.rare[column]), layout_.info.columns[column].values);
    const auto count = view.count(code);
    std::vector<std::uint32_t> rows;
    if (!count || !view.rows(code, layout_.info.rows, rows)) return cannot_unpack("index of rows");
    if (rows.empty()) return std::optional<std::vector<std::uint32_t>>();
    return std::optional(std::move(rows));
}

Result<std::uint64_t> SegmentDictionaries::pages_of(std::size_t column, std::uint16_t code) {
    TRY(const auto rows, rows_of(column, code));
    if (rows) {
        std::uint64_t pages = 0;
        for (const std::uint32_t row : *rows) pages |= std::uint64_t{1} << layout_.page_of(row);
        return pages;
    }
    Dictionary& dictionary = prepared(column);
    if (dictionary.masks.empty()) {
        dictionary.masks.resize(layout_.info.columns[column].values);
        ByteReader in(layout_.at(layout_.masks[column]));
        const auto width = static_cast<unsigned>((layout_.info.pages.size() + 7) / 8);
        if (!unpacker_->words(in, width, dictionary.masks)) {
            dictionary.masks.clear();
            return cannot_unpack("index of pages");
        }
    }
    if (code >= dictionary.masks.size()) return cannot_unpack("dictionary");
    return dictionary.masks[code];
}

SegmentDictionaries::Dictionary& SegmentDictionaries::prepared(std::size_t column) {
    check(column < dictionaries_.size() && !is_number(layout_.info.columns[column].wire));
    Dictionary& dictionary = dictionaries_[column];
    if (dictionary.blocks.empty()) {
        dictionary.blocks.resize(layout_.blocks[column].size());
    }
    return dictionary;
}

Result<const SegmentDictionaries::Block*> SegmentDictionaries::unpacked(std::size_t column, std::size_t n) {
    const Layout::Block& block = layout_.blocks[column][n];
    Block& out = dictionaries_[column].blocks[n];
    if (!out.text.empty()) return &out;
    ByteReader in(layout_.at(block.chunk));
    lengths_.resize(block.count);
    if (!unpacker_->numbers(in, lengths_)) return cannot_unpack("dictionary");
    std::size_t left = block.raw;
    for (const std::uint64_t length : lengths_) {
        if (length > left) return cannot_unpack("dictionary");
        left -= length;
    }
    if (left != 0) return cannot_unpack("dictionary");
    std::string text(block.raw + 1, '\0');  // one byte more, so that an empty value points at something
    if (!unpacker_->plane(in, {reinterpret_cast<std::uint8_t*>(text.data()), block.raw}))
        return cannot_unpack("dictionary");
    std::uint32_t end = 0;
    out.ends.reserve(block.count);
    for (const std::uint64_t length : lengths_) out.ends.push_back(end += static_cast<std::uint32_t>(length));
    out.text = std::move(text);
    return &out;
}

}  // namespace plimsoll::ledger
