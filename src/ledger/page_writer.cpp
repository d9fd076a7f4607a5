#include "ledger/page_writer.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ledger/segment_format.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;

namespace {

constexpr std::uint32_t kRowsToTell = 64;

}  // namespace

void PageWriter::put(const PageRows& page, std::vector<BuildingColumn>& columns, std::string& body,
                     std::string& entry) {
    columns_ = &columns;
    body_ = &body;
    rows_ = static_cast<std::uint32_t>(page.times.size());
    first_ = page.first;
    number_ = page.number;
    put_chunk(entry, [&] { packer_.times(page.times, body); });
    for (BuildingColumn& column : columns) choose_parent(column);
    for (BuildingColumn& column : columns) put_page(column, entry);
}

/// Runs `write`, which appends to the body, and notes how long the chunk became.
template <typename Write>
void PageWriter::put_chunk(std::string& entry, Write write) {
    const std::size_t before = body_->size();
    write();
    append_varint(entry, body_->size() - before);
}

/// Finds the column whose code best foretells this one's value: the same as when that code was last seen. Once a
/// segment, when there are enough rows to tell.
void PageWriter::choose_parent(BuildingColumn& column) {
    if (column.parent_chosen || column.page_count < kRowsToTell) return;
    column.parent_chosen = true;
    if (std::ranges::any_of(*columns_, [&](const BuildingColumn& other) { return other.parent == index(column); }))
        return;
    const bool number = is_number(column.info.wire);
    if (!number && column.table.size() < 2) return;
    std::uint32_t fewest = number ? column.page_count / 4 * 3 : column.page_count / 4;
    for (const BuildingColumn& other : *columns_) {
        if (&other == &column || is_number(other.info.wire) || other.parent != kNoParent) continue;
        if (other.page_count < column.page_count || other.table.size() > rows_ / 2) continue;
        const std::uint32_t misses =
            number ? foretell_numbers(column, other, fewest) : foretell_codes(column, other, fewest);
        if (misses >= fewest) continue;
        fewest = misses;
        column.parent = index(other);
    }
}

int PageWriter::index(const BuildingColumn& column) const { return static_cast<int>(&column - columns_->data()); }

/// One past the codes of `parent`: rows that have none share a place of their own.
std::size_t PageWriter::place(const BuildingColumn& parent, std::uint32_t row) {
    const std::uint16_t code = parent.codes[row];
    return code == kAbsent ? parent.table.size() : code;
}

/// Fills packed_codes_ with what stands in the file: 0 as foretold, 1 new, code + 2 otherwise. Gives up at `most`
/// that are not as foretold.
std::uint32_t PageWriter::foretell_codes(const BuildingColumn& column, const BuildingColumn& parent,
                                         std::uint32_t most) {
    last_code_.assign(parent.table.size() + 1, kAbsent);
    packed_codes_.clear();
    std::uint32_t next = column.known;
    std::uint32_t misses = 0;
    for (std::uint32_t row = 0; row < rows_ && misses < most; ++row) {
        const std::uint16_t code = column.codes[row];
        if (code == kAbsent) continue;
        std::uint16_t& last = last_code_[place(parent, row)];
        const bool fresh = code == next;
        if (fresh) ++next;
        if (last != code) ++misses;
        packed_codes_.push_back(static_cast<std::uint16_t>(last == code ? 0 : fresh ? 1 : code + 2));
        last = code;
    }
    return misses;
}

/// Fills set_ with 1 for each value that is not as foretold, and packed_numbers_ with these.
std::uint32_t PageWriter::foretell_numbers(const BuildingColumn& column, const BuildingColumn& parent,
                                           std::uint32_t most) {
    last_number_.assign(parent.table.size() + 1, 0);
    set_.clear();
    packed_numbers_.clear();
    for (std::uint32_t row = 0; row < rows_ && packed_numbers_.size() < most; ++row) {
        if (!column.has(row)) continue;
        std::uint64_t& last = last_number_[place(parent, row)];
        const std::uint64_t value = column.numbers[row];
        set_.push_back(last == value ? 0 : 1);
        if (last != value) packed_numbers_.push_back(value);
        last = value;
    }
    return static_cast<std::uint32_t>(packed_numbers_.size());
}

void PageWriter::put_page(BuildingColumn& column, std::string& entry) {
    if (column.page_count == 0) {
        entry += static_cast<char>(Rows::none);
        return;
    }
    if (!is_number(column.info.wire)) note_masks(column);
    put_presence(column, entry);
    append_varint(entry, static_cast<std::uint64_t>(column.parent + 1));
    put_chunk(entry, [&] { put_values(column); });
    if (!is_number(column.info.wire)) put_blocks(column, entry);
}

void PageWriter::note_masks(BuildingColumn& column) {
    column.masks.resize(column.table.size());
    column.rare.grow(column.table.size());
    const std::uint64_t bit = std::uint64_t{1} << number_;
    for (std::uint32_t row = 0; row < rows_; ++row) {
        const std::uint16_t code = column.codes[row];
        if (code == kAbsent) continue;
        column.masks[code] |= bit;
        column.rare.note(code, first_ + row);
    }
}

void PageWriter::put_presence(BuildingColumn& column, std::string& entry) {
    if (column.page_count == rows_) {
        entry += static_cast<char>(Rows::all);
        return;
    }
    if (column.presence_parent == kNoParent || !says_rows(column, column.presence_parent)) {
        column.presence_parent = kNoParent;
        for (const BuildingColumn& other : *columns_) {
            if (!says_rows(column, index(other))) continue;
            column.presence_parent = index(other);
            break;
        }
    }
    if (column.presence_parent != kNoParent) {
        entry += static_cast<char>(Rows::by_parent);
        append_varint(entry, static_cast<std::uint64_t>(column.presence_parent));
        append_varint(entry, column.page_count);
        put_chunk(entry, [&] { packer_.plane(set_, *body_); });
        return;
    }
    set_.assign((rows_ + 7) / 8, 0);
    for (std::uint32_t row = 0; row < rows_; ++row) {
        if (column.has(row)) set_[row / 8] = static_cast<std::uint8_t>(set_[row / 8] | 1U << (row % 8));
    }
    entry += static_cast<char>(Rows::bitmap);
    append_varint(entry, column.page_count);
    put_chunk(entry, [&] { packer_.plane(set_, *body_); });
}

/// Whether the code in another column, which all rows have, says if a row has a value here; fills `set_`.
bool PageWriter::says_rows(const BuildingColumn& column, int candidate) {
    const BuildingColumn& parent = (*columns_)[static_cast<std::size_t>(candidate)];
    if (&parent == &column || is_number(parent.info.wire) || parent.parent != kNoParent) return false;
    if (parent.page_count != rows_ || parent.table.size() > segment_format::kSmallParent) return false;
    enum : std::uint8_t { unset, no, yes };
    std::array<std::uint8_t, segment_format::kSmallParent> said{};
    for (std::uint32_t row = 0; row < rows_; ++row) {
        const std::uint8_t here = column.has(row) ? yes : no;
        std::uint8_t& before = said[parent.codes[row]];
        if (before == unset) before = here;
        if (before != here) return false;
    }
    set_.assign((parent.table.size() + 7) / 8, 0);
    for (std::uint32_t code = 0; code < parent.table.size(); ++code) {
        if (said[code] == yes) set_[code / 8] = static_cast<std::uint8_t>(set_[code / 8] | 1U << (code % 8));
    }
    return true;
}

void PageWriter::put_values(BuildingColumn& column) {
    constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
    const bool number = is_number(column.info.wire);
    if (column.parent != kNoParent) {
        const BuildingColumn& parent = (*columns_)[static_cast<std::size_t>(column.parent)];
        if (!number) {
            static_cast<void>(foretell_codes(column, parent, kNever));
            return packer_.words(packed_codes_, *body_);
        }
        append_varint(*body_, foretell_numbers(column, parent, kNever));
        packer_.plane(set_, *body_);
        return packer_.numbers(packed_numbers_, column.info.wire == Wire::i64, *body_);
    }
    if (number) {
        std::span<const std::uint64_t> values(column.numbers.data(), rows_);
        if (column.page_count != rows_) {
            packed_numbers_.clear();
            for (std::uint32_t row = 0; row < rows_; ++row) {
                if (column.has(row)) packed_numbers_.push_back(column.numbers[row]);
            }
            values = packed_numbers_;
        }
        return packer_.numbers(values, column.info.wire == Wire::i64, *body_);
    }
    packed_codes_.clear();
    std::uint32_t next = column.known;
    for (std::uint32_t row = 0; row < rows_; ++row) {
        const std::uint16_t code = column.codes[row];
        if (code == kAbsent) continue;
        packed_codes_.push_back(code == next ? 1 : static_cast<std::uint16_t>(code + 2));
        if (code == next) ++next;
    }
    packer_.words(packed_codes_, *body_);
}

/// The values that are new in this page, in blocks that can be unpacked singly.
void PageWriter::put_blocks(const BuildingColumn& column, std::string& entry) {
    std::string blocks;
    std::uint64_t count = 0;
    for (std::uint32_t first = column.known; first < column.table.size();) {
        std::uint32_t end = first;
        std::size_t size = 0;
        do size += column.table.value(end++).size();
        while (end < column.table.size() && size + column.table.value(end).size() <= segment_format::kBlockBytes);
        append_varint(blocks, end - first);
        append_varint(blocks, size);
        put_chunk(blocks, [&] { put_block(column.table, first, end); });
        first = end;
        ++count;
    }
    append_varint(entry, count);
    entry += blocks;
}

void PageWriter::put_block(const ValueTable& table, std::uint32_t first, std::uint32_t end) {
    packed_numbers_.clear();
    for (std::uint32_t code = first; code < end; ++code) packed_numbers_.push_back(table.value(code).size());
    packer_.numbers(packed_numbers_, false, *body_);
    const std::string_view run = table.run(first, end);
    packer_.plane({reinterpret_cast<const std::uint8_t*>(run.data()), run.size()}, *body_);
}

}  // namespace plimsoll::ledger
