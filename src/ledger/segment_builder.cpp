#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "ledger/crc32c.h"
#include "ledger/planes.h"
#include "ledger/rare_rows.h"
#include "ledger/segment.h"
#include "ledger/segment_format.h"
#include "ledger/tree.h"
#include "ledger/value_table.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;

namespace {

constexpr int kNoParent = -1;
constexpr std::uint32_t kRowsToTell = 64;

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
        rare.clear();
        known = 0;
        parent = kNoParent;
        presence_parent = kNoParent;
        parent_chosen = false;
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
    RareRows rare;                     ///< rows of the values that few rows have
    int parent = kNoParent;            ///< column whose code foretells this one's value
    int presence_parent = kNoParent;   ///< column whose code says whether there is a value
    bool parent_chosen = false;        ///< in this segment
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
        add(reader.time(), fields_, row.size());
        return {};
    }

    void add(Nanoseconds time, std::span<const RowField> parts, std::size_t bytes) {
        check(!full());
        times_[in_page_] = static_cast<std::uint64_t>(time);
        places_.clear();
        for (const RowField& part : parts) {
            const std::size_t at = column(part.number, part.wire);
            places_.push_back({at, is_number(part.wire) ? 0 : columns_[at].table.prepare(part.bytes)});
        }
        for (std::size_t i = 0; i < parts.size(); ++i) put(columns_[places_[i].column], parts[i], places_[i].hash);
        row_bytes_ += bytes;
        ++rows_;
        if (++in_page_ == page_rows_) end_page();
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
            append_varint(tails, column.rare.put(file));
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
    /// Index of the column, which is made when there is none.
    std::size_t column(FieldNumber field, Wire wire) {
        const std::size_t tag = static_cast<std::size_t>(field) << 4U | static_cast<unsigned>(wire);
        if (tag >= by_tag_.size()) by_tag_.resize(tag + 16);
        if (by_tag_[tag] == 0) {
            columns_.emplace_back(field, wire, seed_, page_rows_);
            by_tag_[tag] = static_cast<std::uint32_t>(columns_.size());
        }
        return by_tag_[tag] - 1;
    }

    void put(Column& column, const RowField& field, std::uint64_t hash) {
        if (is_number(field.wire)) {
            note_range(column.info, field.bits);
            column.numbers[in_page_] = field.bits;
            column.bitmap[in_page_ / 64] |= std::uint64_t{1} << (in_page_ % 64);
        } else {
            column.codes[in_page_] = column.table.code(field.bytes, hash);
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
        put_chunk(entry, [&] { packer_.times({times_.data(), in_page_}, body_); });

        for (Column& column : columns_) choose_parent(column);
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

    /// Finds the column whose code best foretells this one's value: the same as when that code was last seen. Once a
    /// segment, when there are enough rows to tell.
    void choose_parent(Column& column) {
        if (column.parent_chosen || column.page_count < kRowsToTell) return;
        column.parent_chosen = true;
        if (std::ranges::any_of(columns_, [&](const Column& other) { return other.parent == index(column); })) return;
        const bool number = is_number(column.info.wire);
        if (!number && column.table.size() < 2) return;
        std::uint32_t fewest = number ? column.page_count / 4 * 3 : column.page_count / 4;
        for (const Column& other : columns_) {
            if (&other == &column || is_number(other.info.wire) || other.parent != kNoParent) continue;
            if (other.page_count < column.page_count || other.table.size() > in_page_ / 2) continue;
            const std::uint32_t misses =
                number ? foretell_numbers(column, other, fewest) : foretell_codes(column, other, fewest);
            if (misses >= fewest) continue;
            fewest = misses;
            column.parent = index(other);
        }
    }

    [[nodiscard]] int index(const Column& column) const { return static_cast<int>(&column - columns_.data()); }

    /// One past the codes of `parent`: rows that have none share a place of their own.
    static std::size_t place(const Column& parent, std::uint32_t row) {
        const std::uint16_t code = parent.codes[row];
        return code == kAbsent ? parent.table.size() : code;
    }

    /// Fills packed_codes_ with what stands in the file: 0 as foretold, 1 new, code + 2 otherwise. Gives up at `most`
    /// that are not as foretold.
    std::uint32_t foretell_codes(const Column& column, const Column& parent, std::uint32_t most) {
        last_code_.assign(parent.table.size() + 1, kAbsent);
        packed_codes_.clear();
        std::uint32_t next = column.known;
        std::uint32_t misses = 0;
        for (std::uint32_t row = 0; row < in_page_ && misses < most; ++row) {
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
    std::uint32_t foretell_numbers(const Column& column, const Column& parent, std::uint32_t most) {
        last_number_.assign(parent.table.size() + 1, 0);
        set_.clear();
        packed_numbers_.clear();
        for (std::uint32_t row = 0; row < in_page_ && packed_numbers_.size() < most; ++row) {
            if (!present(column, row)) continue;
            std::uint64_t& last = last_number_[place(parent, row)];
            const std::uint64_t value = column.numbers[row];
            set_.push_back(last == value ? 0 : 1);
            if (last != value) packed_numbers_.push_back(value);
            last = value;
        }
        return static_cast<std::uint32_t>(packed_numbers_.size());
    }

    void put_page(Column& column, std::string& entry) {
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

    void note_masks(Column& column) {
        column.masks.resize(column.table.size());
        column.rare.grow(column.table.size());
        const std::uint64_t bit = std::uint64_t{1} << pages_;
        const std::uint32_t first = rows_ - in_page_;
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            const std::uint16_t code = column.codes[row];
            if (code == kAbsent) continue;
            column.masks[code] |= bit;
            column.rare.note(code, first + row);
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
        constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
        const bool number = is_number(column.info.wire);
        if (column.parent != kNoParent) {
            const Column& parent = columns_[static_cast<std::size_t>(column.parent)];
            if (!number) {
                static_cast<void>(foretell_codes(column, parent, kNever));
                return packer_.words(packed_codes_, body_);
            }
            append_varint(body_, foretell_numbers(column, parent, kNever));
            packer_.plane(set_, body_);
            return packer_.numbers(packed_numbers_, column.info.wire == Wire::i64, body_);
        }
        if (number) {
            std::span<const std::uint64_t> values(column.numbers.data(), in_page_);
            if (column.page_count != in_page_) {
                packed_numbers_.clear();
                for (std::uint32_t row = 0; row < in_page_; ++row) {
                    if (present(column, row)) packed_numbers_.push_back(column.numbers[row]);
                }
                values = packed_numbers_;
            }
            return packer_.numbers(values, column.info.wire == Wire::i64, body_);
        }
        packed_codes_.clear();
        std::uint32_t next = column.known;
        for (std::uint32_t row = 0; row < in_page_; ++row) {
            const std::uint16_t code = column.codes[row];
            if (code == kAbsent) continue;
            packed_codes_.push_back(code == next ? 1 : static_cast<std::uint16_t>(code + 2));
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
        packed_numbers_ = column.masks;
        for (std::uint32_t code = 0; code < column.table.size(); ++code) {
            if (column.rare.holds(code)) packed_numbers_[code] = 0;  // its rows are listed
        }
        packer_.words(packed_numbers_, (pages_ + 7) / 8, out);
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
    struct Place {
        std::size_t column = 0;
        std::uint64_t hash = 0;
    };
    std::vector<Place> places_;  ///< of the parts of the row that is added
    std::string body_;
    std::vector<std::pair<std::string, std::size_t>> directory_;  ///< of each page, and the columns known then
    Packer packer_;
    std::vector<std::uint8_t> set_;
    std::vector<std::uint64_t> packed_numbers_;
    std::vector<std::uint16_t> packed_codes_;
    std::vector<std::uint16_t> last_code_;
    std::vector<std::uint64_t> last_number_;
};

SegmentBuilder::SegmentBuilder(RecordNumber first, std::uint32_t most_rows, std::uint32_t page_rows)
    : impl_(std::make_unique<Impl>(first, most_rows, page_rows)) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;
SegmentBuilder& SegmentBuilder::operator=(SegmentBuilder&&) noexcept = default;

Result<void> SegmentBuilder::add(std::string_view row) { return impl_->add(row); }
void SegmentBuilder::add(Nanoseconds time, std::span<const RowField> parts, std::size_t bytes) {
    impl_->add(time, parts, bytes);
}
RecordNumber SegmentBuilder::first() const { return impl_->first(); }
std::uint32_t SegmentBuilder::rows() const { return impl_->rows(); }
bool SegmentBuilder::full() const { return impl_->full(); }
std::string SegmentBuilder::finish(const FieldNumbers& fields, std::string_view root, std::string_view frontier) {
    return impl_->finish(fields, root, frontier);
}
void SegmentBuilder::reset(RecordNumber first) { impl_->reset(first); }

}  // namespace plimsoll::ledger
