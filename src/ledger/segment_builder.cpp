#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "ledger/crc32c.h"
#include "ledger/page_writer.h"
#include "ledger/planes.h"
#include "ledger/segment.h"
#include "ledger/segment_format.h"
#include "ledger/tree.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;

namespace {

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = static_cast<std::uint64_t>(now());
    return seed;
}

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
        for (BuildingColumn& column : columns_) column.start();
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
            const ValueTable& table = columns_[at].table;
            const bool repeats = !is_number(part.wire) && table.repeats(part.bytes);
            places_.push_back({at, repeats, is_number(part.wire) || repeats ? 0 : table.prepare(part.bytes)});
        }
        for (std::size_t i = 0; i < parts.size(); ++i) put(columns_[places_[i].column], parts[i], places_[i]);
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
        for (const BuildingColumn& column : columns_) {
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
        for (const BuildingColumn& column : columns_) {
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

    struct Place {
        std::size_t column = 0;
        bool repeats = false;  ///< the column's last value
        std::uint64_t hash = 0;
    };

    void put(BuildingColumn& column, const RowField& field, const Place& place) {
        if (is_number(field.wire)) {
            note_range(column.info, field.bits);
            column.numbers[in_page_] = field.bits;
            column.bitmap[in_page_ / 64] |= std::uint64_t{1} << (in_page_ % 64);
        } else if (place.repeats) {
            column.codes[in_page_] = column.table.last();
        } else {
            column.codes[in_page_] = column.table.code(field.bytes, place.hash);
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
        writer_.put({.number = pages_, .first = rows_ - in_page_, .times = {times_.data(), in_page_}}, columns_, body_,
                    entry);
        directory_.emplace_back(std::move(entry), columns_.size());
        for (BuildingColumn& column : columns_) {
            column.known = column.table.size();
            column.page_count = 0;
            std::ranges::fill(column.codes, kAbsent);
            std::ranges::fill(column.bitmap, 0);
        }
        in_page_ = 0;
        ++pages_;
    }

    static std::size_t put_hashes(const BuildingColumn& column, std::string& out) {
        if (column.table.size() < segment_format::kHashesFrom) return 0;
        for (std::uint32_t code = 0; code < column.table.size(); ++code) {
            append_fixed(out, static_cast<std::uint16_t>(crc32c(column.table.value(code))));
        }
        return column.table.size() * std::size_t{2};
    }

    std::size_t put_masks(const BuildingColumn& column, std::string& out) {
        const std::size_t before = out.size();
        masks_ = column.masks;
        for (std::uint32_t code = 0; code < column.table.size(); ++code) {
            if (column.rare.holds(code)) masks_[code] = 0;  // its rows are listed
        }
        packer_.words(masks_, (pages_ + 7) / 8, out);
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
    std::vector<BuildingColumn> columns_;
    std::vector<std::uint32_t> by_tag_;  ///< index into columns_ + 1
    std::vector<std::uint64_t> times_;
    std::vector<RowField> fields_;
    std::vector<Place> places_;  ///< of the parts of the row that is added
    std::string body_;
    std::vector<std::pair<std::string, std::size_t>> directory_;  ///< of each page, and the columns known then
    PageWriter writer_;
    Packer packer_;
    std::vector<std::uint64_t> masks_;
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
