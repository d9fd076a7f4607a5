#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "ledger/crc32c.h"
#include "ledger/planes.h"
#include "ledger/segment.h"
#include "ledger/segment_format.h"
#include "ledger/tree.h"
#include "ledger/value_table.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;

namespace {

constexpr int kNoParent = -1;

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = static_cast<std::uint64_t>(now());
    return seed;
}

/// A column while its segment is built.
struct Column {
    Column(FieldNumber field, Wire wire, std::uint64_t seed, std::uint32_t page_rows) : table(seed) {
        info.field = field;
        info.wire = wire;
        if (is_number(wire)) {
            numbers.resize(page_rows);
            bitmap.resize((page_rows + 63) / 64);
        } else {
            codes.resize(page_rows, kAbsent);
        }
        start();
    }

    /// Before the first row of a segment.
    void start() {
        info.values = info.rows = 0;
        info.min_bits = info.max_bits = 0;
        table.clear();
        masks.clear();
        map.clear();
        known = 0;
        parent = kNoParent;
        presence_parent = kNoParent;
        may_derive = true;
    }

    ColumnInfo info;
    std::uint32_t page_count = 0;  ///< rows of this page that have a value
    std::uint32_t known = 0;       ///< values before this page
    // Number columns, by row of the page
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint64_t> bitmap;
    // Dictionary columns
    std::vector<std::uint16_t> codes;
    ValueTable table;
    std::vector<std::uint64_t> masks;  ///< by code: pages that have it
    std::vector<std::uint16_t> map;    ///< by the parent's code: own code + 1, 0 for none
    int parent = kNoParent;            ///< column whose code says this one's
    int presence_parent = kNoParent;   ///< column whose code says whether there is a value
    bool may_derive = true;            ///< this segment's pages so far do not forbid a parent
};

bool less(Wire wire, std::uint64_t a, std::uint64_t b) {
    if (wire == Wire::i64) return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
    if (wire == Wire::f64) return std::bit_cast<double>(a) < std::bit_cast<double>(b);
    return a < b;
}

void note_range(ColumnInfo& info, std::uint64_t value) {
    if (info.rows == 0) {
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        const bool real = info.wire == Wire::f64;  // begins empty: what is no number is in no range
        info.min_bits = real ? std::bit_cast<std::uint64_t>(kInfinity) : value;
        info.max_bits = real ? std::bit_cast<std::uint64_t>(-kInfinity) : value;
    }
    if (less(info.wire, value, info.min_bits)) info.min_bits = value;
    if (less(info.wire, info.max_bits, value)) info.max_bits = value;
}

}  // namespace

class SegmentBuilder::Impl {
public:
    Impl(RecordNumber first, std::uint32_t most_rows, std::uint32_t page_rows)
        : most_rows_(most_rows), page_rows_(page_rows), seed_(random_seed()), times_(page_rows) {
        check(most_rows > 0 && most_rows <= kMaxSegmentRows && page_rows > 0 &&
              (most_rows + page_rows - 1) / page_rows <= segment_format::kMaxPages);
        reset(first);
    }

    void reset(RecordNumber first) {
        for (Column& column : columns_) column.start();
        first_ = first;
        rows_ = in_page_ = pages_ = 0;
        row_bytes_ = 0;
        crowded_ = false;
        min_time_ = std::numeric_limits<Nanoseconds>::max();
        max_time_ = std::numeric_limits<Nanoseconds>::min();
        directory_.clear();
        body_.assign(segment_format::kMagic);
        append_fixed<std::uint32_t>(body_, segment_format::kVersion);
        append_fixed<std::uint32_t>(body_, 0);
        append_fixed<std::uint64_t>(body_, first);
    }

    Result<void> add(std::string_view row) {
        check(!full());
        RowReader reader(row);
        fields_.clear();
        while (true) {
            fields_.emplace_back();
            if (reader.next(fields_.back())) continue;
            fields_.pop_back();
            break;
        }
        if (!reader.complete()) return Error{"the row breaks the format"};
        times_[in_page_] = static_cast<std::uint64_t>(reader.time());
        for (const RowField& field : fields_) put(column(field.number, field.wire), field);
        row_bytes_ += row.size();
        ++rows_;
        if (++in_page_ == page_rows_) end_page();
        return {};
    }

    [[nodiscard]] bool full() const {
        return rows_ == most_rows_ || crowded_ || row_bytes_ >= segment_format::kMaxSegmentBytes;
    }

    std::string finish(const FieldNumbers& fields, std::string_view root, std::string_view frontier) {
        if (in_page_ > 0) end_page();
        std::string file = body_;
        std::string tails;
        for (const Column& column : columns_) {
            if (is_number(column.info.wire)) continue;
            append_varint(tails, put_hashes(column, file));
            append_varint(tails, put_masks(column, file));
        }
        const Hash sum = sha256(file);

        std::string footer;
        append_fixed<std::uint64_t>(footer, first_);
        append_varint(footer, rows_);
        append_fixed<std::int64_t>(footer, rows_ == 0 ? 0 : min_time_);
        append_fixed<std::int64_t>(footer, rows_ == 0 ? 0 : max_time_);
        footer += root;
        append_varint(footer, frontier.size());
        footer += frontier;
        footer.append(reinterpret_cast<const char*>(sum.data()), sum.size());
        append_varint(footer, fields.entries().size());
        for (const FieldNumbers::Entry& entry : fields.entries()) {
            append_varint(footer, entry.name.size());
            footer += entry.name;
            append_varint(footer, entry.type.size());
            footer += entry.type;
        }
        append_varint(footer, columns_.size());
        for (const Column& column : columns_) {
            append_varint(footer, column.info.field);
            footer += static_cast<char>(column.info.wire);
            append_varint(footer, column.info.rows);
            if (is_number(column.info.wire)) {
                append_fixed(footer, column.info.min_bits);
                append_fixed(footer, column.info.max_bits);
            } else {
                append_varint(footer, column.table.size());
            }
        }
        append_varint(footer, pages_);
        // A page's directory ends with the columns that were known then; later ones have no rows in it.
        for (const auto& [text, known] : directory_) {
            footer += text;
            footer.append(columns_.size() - known, static_cast<char>(Rows::none));
        }
        footer += tails;

        const std::size_t size = footer.size();
        const std::uint32_t crc = crc32c(footer);
        file += footer;
        append_fixed<std::uint64_t>(file, size);
        append_fixed<std::uint32_t>(file, crc);
        append_fixed<std::uint32_t>(file, segment_format::kVersion);
        file += segment_format::kEndMagic;
        return file;
    }

    [[nodiscard]] RecordNumber first() const { return first_; }
    [[nodiscard]] std::uint32_t rows() const { return rows_; }

private:
    Column& column(FieldNumber field, Wire wire) {
        const std::size_t tag = static_cast<std::size_t>(field) << 4U | static_cast<unsigned>(wire);
        if (tag >= by_tag_.size()) by_tag_.resize(tag + 16);
        if (by_tag_[tag] == 0) {
            columns_.emplace_back(field, wire, seed_, page_rows_);
            by_tag_[tag] = static_cast<std::uint32_t>(columns_.size());
        }
        return columns_[by_tag_[tag] - 1];
    }

    void put(Column& column, const RowField& field) {
        if (is_number(field.wire)) {
            note_range(column.info, field.bits);
            column.numbers[in_page_] = field.bits;
            column.bitmap[in_page_ / 64] |= std::uint64_t{1} << (in_page_ % 64);
        } else {
            column.codes[in_page_] = column.table.code(field.bytes);
            crowded_ = crowded_ || column.table.size() == ValueTable::kMost;
        }
        ++column.info.rows;
        ++column.page_count;
    }

    void end_page() {
        std::string entry;
        append_varint(entry, in_page_);
        const auto signed_time = [&](std::size_t row) { return static_cast<Nanoseconds>(times_[row]); };
        Nanoseconds least = signed_time(0);
        Nanoseconds most = least;
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            least = std::min(least, signed_time(row));
            most = std::max(most, signed_time(row));
        }
        min_time_ = std::min(min_time_, least);
        max_time_ = std::max(max_time_, most);
        append_fixed(entry, least);
        append_fixed(entry, most);
        put_chunk(entry, [&] { packer_.numbers({times_.data(), in_page_}, true, body_); });

        for (Column& column : columns_) settle_parent(column);
        for (Column& column : columns_) put_page(column, entry);
        directory_.emplace_back(std::move(entry), columns_.size());
        for (Column& column : columns_) {
            column.known = column.table.size();
            column.page_count = 0;
            std::ranges::fill(column.codes, kAbsent);
            std::ranges::fill(column.bitmap, 0);
        }
        in_page_ = 0;
        ++pages_;
    }

    /// Runs `write`, which appends to the body, and notes how long the chunk became.
    template <typename Write>
    void put_chunk(std::string& entry, Write write) {
        const std::size_t before = body_.size();
        write();
        append_varint(entry, body_.size() - before);
    }

    /// Decides whether another column's codes say this one's, or checks that they still do.
    void settle_parent(Column& column) {
        if (is_number(column.info.wire) || column.page_count == 0) return;
        if (column.parent != kNoParent) {
            if (!follows(column, columns_[static_cast<std::size_t>(column.parent)])) column.parent = kNoParent;
            return;
        }
        if (!column.may_derive) return;
        column.may_derive = false;
        const bool is_parent =
            std::ranges::any_of(columns_, [&](const Column& other) { return other.parent == index(column); });
        if (is_parent || column.known != 0 || column.table.size() < 2) return;
        int best = kNoParent;
        for (const Column& other : columns_) {
            if (&other == &column || is_number(other.info.wire) || other.parent != kNoParent || other.known != 0) continue;
            if (other.page_count < column.page_count || other.table.size() > in_page_ / 2) continue;
            if (best != kNoParent && other.table.size() >= columns_[static_cast<std::size_t>(best)].table.size()) continue;
            column.map.clear();
            if (follows(column, other)) best = index(other);
        }
        column.map.clear();
        column.parent = best;
        if (best != kNoParent) check(follows(column, columns_[static_cast<std::size_t>(best)]));
    }

    [[nodiscard]] int index(const Column& column) const { return static_cast<int>(&column - columns_.data()); }

    /// Whether each code of `parent` goes with one code of `column`, or with none, in this page and in those before;
    /// fills the map.
    bool follows(Column& column, const Column& parent) const {
        constexpr std::uint32_t kUnset = 0xffffffff;
        std::vector<std::uint32_t> map(column.map.begin(), column.map.end());
        map.resize(parent.table.size(), kUnset);
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            const std::uint16_t from = parent.codes[row];
            const std::uint16_t to = column.codes[row];
            if (from == kAbsent) {
                if (to != kAbsent) return false;
                continue;
            }
            const std::uint32_t symbol = to == kAbsent ? 0 : to + 1U;
            if (map[from] == kUnset) map[from] = symbol;
            if (map[from] != symbol) return false;
        }
        column.map.resize(map.size());
        std::ranges::transform(map, column.map.begin(), [](std::uint32_t symbol) {
            return static_cast<std::uint16_t>(symbol == kUnset ? 0 : symbol);
        });
        return true;
    }

    void put_page(Column& column, std::string& entry) {
        if (column.page_count == 0) {
            entry += static_cast<char>(Rows::none);
            return;
        }
        if (!is_number(column.info.wire)) note_masks(column);
        if (column.parent != kNoParent) {
            const Column& parent = columns_[static_cast<std::size_t>(column.parent)];
            entry += static_cast<char>(Rows::derived);
            append_varint(entry, static_cast<std::uint64_t>(column.parent));
            append_varint(entry, column.page_count);
            const std::span<const std::uint16_t> born(column.map.data() + parent.known,
                                                      parent.table.size() - parent.known);
            put_chunk(entry, [&] { packer_.words(born, body_); });
        } else {
            put_presence(column, entry);
            put_chunk(entry, [&] { put_values(column); });
        }
        if (!is_number(column.info.wire)) put_blocks(column, entry);
    }

    void note_masks(Column& column) {
        column.masks.resize(column.table.size());
        const std::uint64_t bit = std::uint64_t{1} << pages_;
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            if (column.codes[row] != kAbsent) column.masks[column.codes[row]] |= bit;
        }
    }

    [[nodiscard]] bool present(const Column& column, std::uint32_t row) const {
        if (!is_number(column.info.wire)) return column.codes[row] != kAbsent;
        return (column.bitmap[row / 64] >> (row % 64) & 1U) != 0;
    }

    void put_presence(Column& column, std::string& entry) {
        if (column.page_count == in_page_) {
            entry += static_cast<char>(Rows::all);
            return;
        }
        if (column.presence_parent == kNoParent || !says_rows(column, column.presence_parent)) {
            column.presence_parent = kNoParent;
            for (const Column& other : columns_) {
                if (!says_rows(column, index(other))) continue;
                column.presence_parent = index(other);
                break;
            }
        }
        if (column.presence_parent != kNoParent) {
            entry += static_cast<char>(Rows::by_parent);
            append_varint(entry, static_cast<std::uint64_t>(column.presence_parent));
            append_varint(entry, column.page_count);
            put_chunk(entry, [&] { packer_.plane(set_, body_); });
            return;
        }
        set_.assign((in_page_ + 7) / 8, 0);
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            if (present(column, row)) set_[row / 8] = static_cast<std::uint8_t>(set_[row / 8] | 1U << (row % 8));
        }
        entry += static_cast<char>(Rows::bitmap);
        append_varint(entry, column.page_count);
        put_chunk(entry, [&] { packer_.plane(set_, body_); });
    }

    /// Whether the code in another column, which all rows have, says if a row has a value here; fills `set_`.
    bool says_rows(const Column& column, int candidate) {
        const Column& parent = columns_[static_cast<std::size_t>(candidate)];
        if (&parent == &column || is_number(parent.info.wire) || parent.parent != kNoParent) return false;
        if (parent.page_count != in_page_ || parent.table.size() > segment_format::kSmallParent) return false;
        enum : std::uint8_t { unset, no, yes };
        std::array<std::uint8_t, segment_format::kSmallParent> said{};
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            const std::uint8_t here = present(column, row) ? yes : no;
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

    void put_values(Column& column) {
        if (is_number(column.info.wire)) {
            std::span<const std::uint64_t> values(column.numbers.data(), in_page_);
            if (column.page_count != in_page_) {
                packed_numbers_.clear();
                for (std::uint32_t row = 0; row < in_page_; ++row) {
                    if (present(column, row)) packed_numbers_.push_back(column.numbers[row]);
                }
                values = packed_numbers_;
            }
            packer_.numbers(values, column.info.wire == Wire::i64, body_);
            return;
        }
        // A value that is new here is 0: its code is the next one.
        packed_codes_.clear();
        std::uint32_t next = column.known;
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            const std::uint16_t code = column.codes[row];
            if (code == kAbsent) continue;
            packed_codes_.push_back(code == next ? 0 : static_cast<std::uint16_t>(code + 1));
            if (code == next) ++next;
        }
        packer_.words(packed_codes_, body_);
    }

    /// The values that are new in this page, in blocks that can be unpacked singly.
    void put_blocks(const Column& column, std::string& entry) {
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

    void put_block(const ValueTable& table, std::uint32_t first, std::uint32_t end) {
        packed_numbers_.clear();
        for (std::uint32_t code = first; code < end; ++code) packed_numbers_.push_back(table.value(code).size());
        packer_.numbers(packed_numbers_, false, body_);
        const std::string_view run = table.run(first, end);
        packer_.plane({reinterpret_cast<const std::uint8_t*>(run.data()), run.size()}, body_);
    }

    static std::size_t put_hashes(const Column& column, std::string& out) {
        if (column.table.size() < segment_format::kHashesFrom) return 0;
        for (std::uint32_t code = 0; code < column.table.size(); ++code) {
            append_fixed(out, static_cast<std::uint16_t>(crc32c(column.table.value(code))));
        }
        return column.table.size() * std::size_t{2};
    }

    std::size_t put_masks(const Column& column, std::string& out) {
        const std::size_t before = out.size();
        packer_.words(column.masks, (pages_ + 7) / 8, out);
        return out.size() - before;
    }

    std::uint32_t most_rows_;
    std::uint32_t page_rows_;
    std::uint64_t seed_;
    RecordNumber first_ = 0;
    std::uint32_t rows_ = 0;
    std::uint32_t in_page_ = 0;
    std::uint32_t pages_ = 0;
    std::size_t row_bytes_ = 0;
    bool crowded_ = false;  ///< a dictionary has no code left
    Nanoseconds min_time_ = 0;
    Nanoseconds max_time_ = 0;
    std::vector<Column> columns_;
    std::vector<std::uint32_t> by_tag_;  ///< index into columns_ + 1
    std::vector<std::uint64_t> times_;
    std::vector<RowField> fields_;
    std::string body_;
    std::vector<std::pair<std::string, std::size_t>> directory_;  ///< of each page, and the columns known then
    Packer packer_;
    std::vector<std::uint8_t> set_;
    std::vector<std::uint64_t> packed_numbers_;
    std::vector<std::uint16_t> packed_codes_;
};

SegmentBuilder::SegmentBuilder(RecordNumber first, std::uint32_t most_rows, std::uint32_t page_rows)
    : impl_(std::make_unique<Impl>(first, most_rows, page_rows)) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;
SegmentBuilder& SegmentBuilder::operator=(SegmentBuilder&&) noexcept = default;

Result<void> SegmentBuilder::add(std::string_view row) { return impl_->add(row); }
RecordNumber SegmentBuilder::first() const { return impl_->first(); }
std::uint32_t SegmentBuilder::rows() const { return impl_->rows(); }
bool SegmentBuilder::full() const { return impl_->full(); }
std::string SegmentBuilder::finish(const FieldNumbers& fields, std::string_view root, std::string_view frontier) {
    return impl_->finish(fields, root, frontier);
}
void SegmentBuilder::reset(RecordNumber first) { impl_->reset(first); }

}  // namespace plimsoll::ledger
