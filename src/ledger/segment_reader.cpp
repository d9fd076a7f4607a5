#include <algorithm>
#include <array>
#include <cstring>

#include "ledger/crc32c.h"
#include "ledger/planes.h"
#include "ledger/rare_rows.h"
#include "ledger/segment.h"
#include "ledger/segment_layout.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;
using Layout = Segment::Layout;

namespace {

Error damaged(std::string_view what) { return {"the segment's " + std::string(what) + " cannot be unpacked"}; }

constexpr std::uint32_t kManyTimes = 48;  // from here on the page's times are unpacked together

/// What was unpacked of one column in one page.
struct Part {
    bool has_presence = false;
    bool has_values = false;
    std::vector<std::uint64_t> presence;  ///< empty: all rows
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint16_t> codes;
};

/// What was unpacked of one column's dictionary.
struct Dictionary {
    struct Block {
        std::string text;                 ///< empty: not unpacked yet
        std::vector<std::uint32_t> ends;  ///< of its values
    };
    std::vector<Block> blocks;             ///< one for each of the layout
    std::vector<std::string_view> values;  ///< by code; empty unless all were asked for
    std::vector<std::uint64_t> masks;
};

}  // namespace

class SegmentReader::Impl {
public:
    Impl(std::shared_ptr<const Segment> segment, std::shared_ptr<Unpacker> unpacker)
        : segment_(std::move(segment)),
          layout_(segment_->layout()),
          times_(layout_.info.pages.size()),
          single_times_(layout_.info.pages.size()),
          parts_(layout_.parts.size()),
          dictionaries_(layout_.info.columns.size()),
          unpacker_(std::move(unpacker)) {}

    [[nodiscard]] const Segment& segment() const { return *segment_; }

    Result<std::span<const Nanoseconds>> times(std::size_t page) {
        check(page < times_.size());
        std::vector<Nanoseconds>& times = times_[page];
        if (!times.empty()) return std::span<const Nanoseconds>(times);
        numbers_.resize(layout_.info.pages[page].rows);
        ByteReader in(layout_.at(layout_.times[page]));
        if (!unpacker_->numbers(in, numbers_)) return damaged("times");
        times.assign(numbers_.begin(), numbers_.end());
        return std::span<const Nanoseconds>(times);
    }

    Result<const Part*> presence(std::size_t column, std::size_t page) {
        const Layout::Part& place = at(column, page);
        Part& part = this->part(column, page);
        if (part.has_presence) return &part;
        const std::uint32_t rows = layout_.info.pages[page].rows;
        part.presence.clear();
        if (place.rows == Rows::bitmap) {
            bytes_.resize((rows + 7) / 8);
            ByteReader in(layout_.at(place.presence));
            if (!unpacker_->plane(in, bytes_)) return damaged("presence");
            part.presence.resize((rows + 63) / 64);
            std::memcpy(part.presence.data(), bytes_.data(), bytes_.size());
            if (rows % 64 != 0) part.presence.back() &= (std::uint64_t{1} << (rows % 64)) - 1;
        } else if (place.rows == Rows::by_parent) {
            const std::uint32_t known = values_until(place.presence_parent, page);
            TRY(const std::span<const std::uint16_t> codes, this->codes(place.presence_parent, page));
            set_.resize((known + 7) / 8);
            ByteReader in(layout_.at(place.presence));
            if (!unpacker_->plane(in, set_)) return damaged("presence");
            part.presence.assign((rows + 63) / 64, 0);
            for (std::uint32_t row = 0; row < rows; ++row) {
                const std::uint16_t code = codes[row];
                if (code >= known) return damaged("presence");
                part.presence[row / 64] |= static_cast<std::uint64_t>(set_[code / 8] >> (code % 8) & 1U) << (row % 64);
            }
        } else if (place.rows == Rows::none) {
            part.presence.assign((rows + 63) / 64, 0);
        }
        if (place.rows != Rows::all) {
            std::uint32_t count = 0;
            for (const std::uint64_t word : part.presence) count += static_cast<std::uint32_t>(std::popcount(word));
            if (count != place.count) return damaged("presence");
        }
        part.has_presence = true;
        return &part;
    }

    Result<std::span<const std::uint64_t>> numbers(std::size_t column, std::size_t page) {
        check(is_number(layout_.info.columns[column].wire));
        const Layout::Part& place = at(column, page);
        Part& part = this->part(column, page);
        if (part.has_values) return std::span<const std::uint64_t>(part.numbers);
        TRY_VOID(presence(column, page));
        const std::uint32_t rows = layout_.info.pages[page].rows;
        if (place.rows != Rows::all) part.numbers.assign(rows, 0);
        if (place.rows != Rows::none) {
            TRY_VOID(read_numbers(place, page));
            if (place.rows == Rows::all) {
                part.numbers.swap(numbers_);
            } else {
                const std::uint64_t* next = numbers_.data();
                each_row(part.presence, [&](std::size_t row) { part.numbers[row] = *next++; });
            }
        }
        part.has_values = true;
        return std::span<const std::uint64_t>(part.numbers);
    }

    Result<std::span<const std::uint16_t>> codes(std::size_t column, std::size_t page) {
        check(!is_number(layout_.info.columns[column].wire));
        const Layout::Part& place = at(column, page);
        Part& part = this->part(column, page);
        if (part.has_values) return std::span<const std::uint16_t>(part.codes);
        const std::uint32_t rows = layout_.info.pages[page].rows;
        if (place.rows == Rows::none) {
            part.codes.assign(rows, kAbsent);
        } else {
            TRY_VOID(presence(column, page));
            TRY_VOID(read_codes(column, page, part));
        }
        part.has_values = true;
        return std::span<const std::uint16_t>(part.codes);
    }

    Result<std::string_view> value(std::size_t column, std::uint16_t code) {
        if (code >= layout_.info.columns[column].values) return damaged("dictionary");
        const Dictionary& dictionary = prepared(column);
        if (!dictionary.values.empty()) return dictionary.values[code];
        const auto& blocks = layout_.blocks[column];
        const auto place = std::ranges::upper_bound(blocks, code, {}, &Layout::Block::first) - 1;
        TRY(const Dictionary::Block* block, unpacked(column, static_cast<std::size_t>(place - blocks.begin())));
        const std::size_t n = code - place->first;
        const std::uint32_t begin = n == 0 ? 0 : block->ends[n - 1];
        return std::string_view(block->text).substr(begin, block->ends[n] - begin);
    }

    Result<std::span<const std::string_view>> values(std::size_t column) {
        Dictionary& dictionary = prepared(column);
        if (dictionary.values.empty()) {
            std::vector<std::string_view> all;
            all.reserve(layout_.info.columns[column].values);
            for (std::size_t n = 0; n < layout_.blocks[column].size(); ++n) {
                TRY(const Dictionary::Block* block, unpacked(column, n));
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

    Result<std::optional<std::uint16_t>> find(std::size_t column, std::string_view bytes) {
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
                for (const std::uint16_t hash : some)
                    hits = static_cast<std::uint16_t>(hits | (hash == wanted ? 1 : 0));
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

    Result<std::optional<std::vector<std::uint32_t>>> rows_of(std::size_t column, std::uint16_t code) {
        const RareRowsView view(layout_.at(layout_.rare[column]), layout_.info.columns[column].values);
        const auto count = view.count(code);
        std::vector<std::uint32_t> rows;
        if (!count || !view.rows(code, layout_.info.rows, rows)) return damaged("index of rows");
        if (rows.empty()) return std::optional<std::vector<std::uint32_t>>();
        return std::optional(std::move(rows));
    }

    Result<std::uint64_t> pages_of(std::size_t column, std::uint16_t code) {
        TRY(const auto rows, rows_of(column, code));
        if (rows) {
            std::uint64_t pages = 0;
            for (const std::uint32_t row : *rows) pages |= std::uint64_t{1} << page_of(row);
            return pages;
        }
        Dictionary& dictionary = prepared(column);
        if (dictionary.masks.empty()) {
            dictionary.masks.resize(layout_.info.columns[column].values);
            ByteReader in(layout_.at(layout_.masks[column]));
            const auto width = static_cast<unsigned>((layout_.info.pages.size() + 7) / 8);
            if (!unpacker_->words(in, width, dictionary.masks)) {
                dictionary.masks.clear();
                return damaged("index of pages");
            }
        }
        if (code >= dictionary.masks.size()) return damaged("dictionary");
        return dictionary.masks[code];
    }

    /// Gives each field of one row to `visit`, in order of field number.
    template <typename Visit>
    Result<void> fields(std::uint32_t row, const FieldSet* only, Visit visit) {
        const std::size_t page = page_of(row);
        const std::uint32_t within = row - layout_.info.pages[page].first_row;
        for (const std::size_t column : layout_.by_field) {
            const ColumnInfo& info = layout_.info.columns[column];
            if (only != nullptr) {
                const auto id = layout_.info.fields.id(info.field);
                if (!id || !only->holds(*id)) continue;
            }
            RowField field{.number = info.field, .wire = info.wire};
            if (at(column, page).rows == Rows::none) continue;
            if (is_number(info.wire)) {
                TRY(const Part* part, presence(column, page));
                if (!part->presence.empty() && (part->presence[within / 64] >> (within % 64) & 1U) == 0) continue;
                TRY(const std::span<const std::uint64_t> all, numbers(column, page));
                field.bits = all[within];
            } else {
                TRY(const std::span<const std::uint16_t> all, codes(column, page));
                if (all[within] == kAbsent) continue;
                TRY(field.bytes, value(column, all[within]));
            }
            TRY_VOID(visit(field));
        }
        return {};
    }

    Result<std::string> row(std::uint32_t row) {
        std::string out;
        TRY(const Nanoseconds time, row_time(row));
        append_fixed(out, time);
        TRY_VOID(fields(row, nullptr, [&](const RowField& field) -> Result<void> {
            append_field(out, field);
            return {};
        }));
        return out;
    }

    Result<void> event(std::uint32_t row, model::Event& event, const FieldSet* only) {
        TRY(const Nanoseconds time, row_time(row));
        event.clear(time);
        return fields(row, only, [&](const RowField& field) -> Result<void> {
            const auto id = layout_.info.fields.id(field.number);
            return id ? put_field(field, *id, event) : Result<void>();
        });
    }

    Result<void> rows(std::size_t page, std::string& bytes, std::vector<std::uint32_t>& ends);

    void forget() {
        for (auto& times : times_) times.clear();
        for (Part& part : parts_) {
            if (!part.has_presence && !part.has_values) continue;
            spare_.push_back(std::move(part));
            part = {};
        }
    }

private:
    [[nodiscard]] const Layout::Part& at(std::size_t column, std::size_t page) const {
        check(column < layout_.info.columns.size() && page < layout_.info.pages.size());
        return layout_.part(column, page);
    }

    /// A column in a page, with memory of one that was forgotten when it is new.
    Part& part(std::size_t column, std::size_t page) {
        Part& part = parts_[page * layout_.info.columns.size() + column];
        const bool bare =
            part.presence.data() == nullptr && part.numbers.data() == nullptr && part.codes.data() == nullptr;
        if (bare && !part.has_presence && !part.has_values && !spare_.empty()) {
            part = std::move(spare_.back());
            spare_.pop_back();
            part.has_presence = part.has_values = false;
        }
        return part;
    }

    Result<Nanoseconds> row_time(std::uint32_t row) {
        const std::size_t page = page_of(row);
        const PageInfo& info = layout_.info.pages[page];
        if (times_[page].empty() && single_times_[page] < kManyTimes) {
            ++single_times_[page];
            ByteReader in(layout_.at(layout_.times[page]));
            std::uint64_t time = 0;
            if (Unpacker::one_number(in, info.rows, row - info.first_row, time)) {
                if (!in.ok()) return damaged("times");
                return static_cast<Nanoseconds>(time);
            }
        }
        TRY(const std::span<const Nanoseconds> all, times(page));
        return all[row - info.first_row];
    }

    [[nodiscard]] std::size_t page_of(std::uint32_t row) const {
        check(row < layout_.info.rows);
        std::size_t page = 0;
        while (row >= layout_.info.pages[page].first_row + layout_.info.pages[page].rows) ++page;
        return page;
    }

    /// Values of the dictionary at the end of a page.
    [[nodiscard]] std::uint32_t values_until(std::size_t column, std::size_t page) const {
        if (page + 1 < layout_.info.pages.size()) return layout_.part(column, page + 1).known;
        return layout_.info.columns[column].values;
    }

    Dictionary& prepared(std::size_t column) {
        check(column < dictionaries_.size() && !is_number(layout_.info.columns[column].wire));
        Dictionary& dictionary = dictionaries_[column];
        if (dictionary.blocks.empty()) {
            dictionary.blocks.resize(layout_.blocks[column].size());
        }
        return dictionary;
    }

    Result<const Dictionary::Block*> unpacked(std::size_t column, std::size_t n) {
        const Layout::Block& block = layout_.blocks[column][n];
        Dictionary::Block& out = dictionaries_[column].blocks[n];
        if (!out.text.empty()) return &out;
        ByteReader in(layout_.at(block.chunk));
        lengths_.resize(block.count);
        if (!unpacker_->numbers(in, lengths_)) return damaged("dictionary");
        std::size_t left = block.raw;
        for (const std::uint64_t length : lengths_) {
            if (length > left) return damaged("dictionary");
            left -= length;
        }
        if (left != 0) return damaged("dictionary");
        std::string text(block.raw + 1, '\0');  // one byte more, so that an empty value points at something
        if (!unpacker_->plane(in, {reinterpret_cast<std::uint8_t*>(text.data()), block.raw}))
            return damaged("dictionary");
        std::uint32_t end = 0;
        out.ends.reserve(block.count);
        for (const std::uint64_t length : lengths_) out.ends.push_back(end += static_cast<std::uint32_t>(length));
        out.text = std::move(text);
        return &out;
    }

    template <typename Visit>
    static void each_row(const std::vector<std::uint64_t>& presence, Visit visit) {
        for (std::size_t word = 0; word < presence.size(); ++word) {
            for (std::uint64_t bits = presence[word]; bits != 0; bits &= bits - 1) {
                visit(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
            }
        }
    }

    /// For each row that has a value, the place of the code of the column that foretells it; fills places_.
    Result<std::size_t> read_places(const Layout::Part& place, std::size_t page, const Part& part) {
        const std::size_t parent = place.parent - 1;
        TRY(const std::span<const std::uint16_t> codes, this->codes(parent, page));
        const std::uint32_t known = values_until(parent, page);
        places_.clear();
        const auto note = [&](std::size_t row) { places_.push_back(codes[row] == kAbsent ? known : codes[row]); };
        if (part.presence.empty()) {
            for (std::size_t row = 0; row < codes.size(); ++row) note(row);
        } else {
            each_row(part.presence, note);
        }
        return std::size_t{known} + 1;
    }

    /// The values of a page that are there, one behind the other, in numbers_.
    Result<void> read_numbers(const Layout::Part& place, std::size_t page) {
        const Part& part = parts_[static_cast<std::size_t>(&place - layout_.parts.data())];
        ByteReader in(layout_.at(place.values));
        if (place.parent == 0) {
            numbers_.resize(place.count);
            return unpacker_->numbers(in, numbers_) ? Result<void>() : damaged("numbers");
        }
        TRY(const std::size_t places, read_places(place, page, part));
        misses_.resize(in.varint(place.count));
        set_.resize(place.count);
        if (!unpacker_->plane(in, set_) || !unpacker_->numbers(in, misses_)) return damaged("numbers");
        std::vector<std::uint64_t> last(places);
        numbers_.resize(place.count);
        std::size_t miss = 0;
        for (std::size_t i = 0; i < numbers_.size(); ++i) {
            std::uint64_t& known = last[places_[i]];
            if (set_[i] != 0) {
                if (miss == misses_.size()) return damaged("numbers");
                known = misses_[miss++];
            }
            numbers_[i] = known;
        }
        return {};
    }

    Result<void> read_codes(std::size_t column, std::size_t page, Part& part) {
        const Layout::Part& place = at(column, page);
        std::vector<std::uint16_t> last;
        if (place.parent != 0) {
            TRY(const std::size_t places, read_places(place, page, part));
            last.assign(places, kAbsent);
        }
        codes_.resize(place.count);
        ByteReader in(layout_.at(place.values));
        if (!unpacker_->words(in, codes_)) return damaged("codes");
        std::uint32_t next = place.known;
        const std::uint32_t known = values_until(column, page);
        for (std::size_t i = 0; i < codes_.size(); ++i) {
            std::uint16_t& code = codes_[i];
            if (code == 0) {
                if (last.empty()) return damaged("codes");
                code = last[places_[i]];
            } else {
                code = static_cast<std::uint16_t>(code == 1 ? next++ : code - 2U);
            }
            if (code >= next) return damaged("codes");
            if (!last.empty()) last[places_[i]] = code;
        }
        if (next > known) return damaged("codes");
        if (part.presence.empty()) {
            part.codes.swap(codes_);
            return {};
        }
        part.codes.assign(layout_.info.pages[page].rows, kAbsent);
        const std::uint16_t* from = codes_.data();
        each_row(part.presence, [&](std::size_t row) { part.codes[row] = *from++; });
        return {};
    }

    std::shared_ptr<const Segment> segment_;
    const Layout& layout_;
    std::vector<std::vector<Nanoseconds>> times_;
    std::vector<std::uint32_t> single_times_;  ///< by page: times that were read one by one
    std::vector<Part> parts_;
    std::vector<Part> spare_;  ///< memory of parts that were forgotten
    std::vector<Dictionary> dictionaries_;
    std::shared_ptr<Unpacker> unpacker_;
    std::vector<std::uint64_t> numbers_;
    std::vector<std::uint64_t> lengths_;
    std::vector<std::uint64_t> misses_;
    std::vector<std::uint32_t> places_;
    std::vector<std::uint16_t> codes_;
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint8_t> set_;
};

Result<void> SegmentReader::Impl::rows(std::size_t page, std::string& bytes, std::vector<std::uint32_t>& ends) {
    /// One column of the page, ready to be written out.
    struct Source {
        std::string tag;
        Wire wire = Wire::u64;
        bool sized = false;  ///< a length stands in front of the bytes
        const std::uint64_t* presence = nullptr;
        const std::uint64_t* numbers = nullptr;
        const std::uint16_t* codes = nullptr;
        std::span<const std::string_view> values;
    };
    std::vector<Source> sources;
    for (const std::size_t column : layout_.by_field) {
        if (at(column, page).rows == Rows::none) continue;
        const ColumnInfo& info = layout_.info.columns[column];
        Source& source = sources.emplace_back();
        append_varint(source.tag, static_cast<std::uint64_t>(info.field) << 4U | static_cast<unsigned>(info.wire));
        source.wire = info.wire;
        source.sized = info.wire != Wire::ip4 && info.wire != Wire::ip6;
        if (is_number(info.wire)) {
            TRY(const Part* part, presence(column, page));
            if (!part->presence.empty()) source.presence = part->presence.data();
            TRY(const std::span<const std::uint64_t> all, numbers(column, page));
            source.numbers = all.data();
        } else {
            TRY(const std::span<const std::uint16_t> all, codes(column, page));
            source.codes = all.data();
            TRY(source.values, values(column));
        }
    }
    TRY(const std::span<const Nanoseconds> all_times, times(page));
    bytes.clear();
    ends.clear();
    ends.reserve(all_times.size());
    for (std::size_t row = 0; row < all_times.size(); ++row) {
        std::size_t most = 8;
        for (const Source& source : sources) {
            most += 16;
            if (source.codes != nullptr && source.codes[row] != kAbsent)
                most += source.values[source.codes[row]].size();
        }
        const std::size_t begin = bytes.size();
        if (begin + most > std::numeric_limits<std::uint32_t>::max())
            return Error{"a page of the segment is too large"};
        if (bytes.capacity() < begin + most) bytes.reserve(2 * (begin + most));
        bytes.resize_and_overwrite(begin + most, [&](char* data, std::size_t) {
            char* out = data + begin;
            std::memcpy(out, &all_times[row], 8);
            out += 8;
            for (const Source& source : sources) {
                if (source.codes != nullptr) {
                    if (source.codes[row] == kAbsent) continue;
                    const std::string_view value = source.values[source.codes[row]];
                    for (const char c : source.tag) *out++ = c;
                    if (source.sized) out = put_varint(out, value.size());
                    std::memcpy(out, value.data(), value.size());
                    out += value.size();
                    continue;
                }
                if (source.presence != nullptr && (source.presence[row / 64] >> (row % 64) & 1U) == 0) continue;
                for (const char c : source.tag) *out++ = c;
                const std::uint64_t bits = source.numbers[row];
                switch (source.wire) {
                    case Wire::u64: out = put_varint(out, bits); break;
                    case Wire::i64: out = put_varint(out, zigzag(static_cast<std::int64_t>(bits))); break;
                    case Wire::f64:
                        std::memcpy(out, &bits, 8);
                        out += 8;
                        break;
                    default: *out++ = static_cast<char>(bits);
                }
            }
            return static_cast<std::size_t>(out - data);
        });
        ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
    return {};
}

SegmentReader::SegmentReader(std::shared_ptr<const Segment> segment)
    : impl_(std::make_unique<Impl>(std::move(segment), std::make_shared<Unpacker>())) {}
SegmentReader::SegmentReader(std::shared_ptr<const Segment> segment, std::shared_ptr<Unpacker> unpacker)
    : impl_(std::make_unique<Impl>(std::move(segment), std::move(unpacker))) {}
SegmentReader::~SegmentReader() = default;
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;
SegmentReader& SegmentReader::operator=(SegmentReader&&) noexcept = default;

const Segment& SegmentReader::segment() const { return impl_->segment(); }
Result<std::span<const Nanoseconds>> SegmentReader::times(std::size_t page) { return impl_->times(page); }
Result<std::span<const std::uint64_t>> SegmentReader::presence(std::size_t column, std::size_t page) {
    TRY(const auto* part, impl_->presence(column, page));
    return std::span<const std::uint64_t>(part->presence);
}
Result<std::uint32_t> SegmentReader::rows_present(std::size_t column, std::size_t page) {
    check(column < segment().info().columns.size() && page < segment().info().pages.size());
    return segment().layout().part(column, page).count;
}
Result<std::span<const std::uint64_t>> SegmentReader::numbers(std::size_t column, std::size_t page) {
    return impl_->numbers(column, page);
}
Result<std::span<const std::uint16_t>> SegmentReader::codes(std::size_t column, std::size_t page) {
    return impl_->codes(column, page);
}
Result<std::string_view> SegmentReader::value(std::size_t column, std::uint16_t code) {
    return impl_->value(column, code);
}
Result<std::span<const std::string_view>> SegmentReader::values(std::size_t column) { return impl_->values(column); }
Result<std::optional<std::uint16_t>> SegmentReader::find(std::size_t column, std::string_view bytes) {
    return impl_->find(column, bytes);
}
Result<std::uint64_t> SegmentReader::pages_of(std::size_t column, std::uint16_t code) {
    return impl_->pages_of(column, code);
}
Result<std::optional<std::vector<std::uint32_t>>> SegmentReader::rows_of(std::size_t column, std::uint16_t code) {
    return impl_->rows_of(column, code);
}
Result<std::string> SegmentReader::row(std::uint32_t row) { return impl_->row(row); }
Result<void> SegmentReader::rows(std::size_t page, std::string& bytes, std::vector<std::uint32_t>& ends) {
    return impl_->rows(page, bytes, ends);
}
Result<void> SegmentReader::event(std::uint32_t row, model::Event& event, const FieldSet* only) {
    return impl_->event(row, event, only);
}
void SegmentReader::forget() { impl_->forget(); }

}  // namespace plimsoll::ledger
