#include <cstring>
#include <limits>

#include "ledger/planes.h"
#include "ledger/segment.h"
#include "ledger/segment_dictionary.h"
#include "ledger/segment_layout.h"
#include "ledger/segment_pages.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;
using Layout = Segment::Layout;

/// Puts rows together again from pages and dictionaries.
class SegmentReader::Impl {
public:
    Impl(std::shared_ptr<const Segment> opened, const std::shared_ptr<Unpacker>& unpacker)
        : segment(std::move(opened)),
          layout(segment->layout()),
          pages(layout, unpacker),
          dictionaries(layout, unpacker) {}

    /// Gives each field of one row to `visit`, in order of field number.
    template <typename Visit>
    Result<void> fields(std::uint32_t row, const FieldSet* only, Visit visit) {
        const std::size_t page = layout.page_of(row);
        const std::uint32_t within = row - layout.info.pages[page].first_row;
        for (const std::size_t column : layout.by_field) {
            const ColumnInfo& info = layout.info.columns[column];
            if (only != nullptr) {
                const auto id = layout.info.fields.id(info.field);
                if (!id || !only->holds(*id)) continue;
            }
            RowField field{.number = info.field, .wire = info.wire};
            if (pages.at(column, page).rows == Rows::none) continue;
            if (is_number(info.wire)) {
                TRY(const PagePart* part, pages.presence(column, page));
                if (!part->presence.empty() && (part->presence[within / 64] >> (within % 64) & 1U) == 0) continue;
                TRY(const std::span<const std::uint64_t> all, pages.numbers(column, page));
                field.bits = all[within];
            } else {
                TRY(const std::span<const std::uint16_t> all, pages.codes(column, page));
                if (all[within] == kAbsent) continue;
                TRY(field.bytes, dictionaries.value(column, all[within]));
            }
            TRY_VOID(visit(field));
        }
        return {};
    }

    Result<std::string> row(std::uint32_t row) {
        std::string out;
        TRY(const Nanoseconds time, pages.row_time(row));
        append_fixed(out, time);
        TRY_VOID(fields(row, nullptr, [&](const RowField& field) -> Result<void> {
            append_field(out, field);
            return {};
        }));
        return out;
    }

    Result<void> event(std::uint32_t row, model::Event& event, const FieldSet* only) {
        TRY(const Nanoseconds time, pages.row_time(row));
        event.clear(time);
        return fields(row, only, [&](const RowField& field) -> Result<void> {
            const auto id = layout.info.fields.id(field.number);
            return id ? put_field(field, *id, event) : Result<void>();
        });
    }

    Result<void> rows(std::size_t page, std::string& bytes, std::vector<std::uint32_t>& ends);

    std::shared_ptr<const Segment> segment;
    const Layout& layout;
    SegmentPages pages;
    SegmentDictionaries dictionaries;
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
    for (const std::size_t column : layout.by_field) {
        if (pages.at(column, page).rows == Rows::none) continue;
        const ColumnInfo& info = layout.info.columns[column];
        Source& source = sources.emplace_back();
        append_varint(source.tag, static_cast<std::uint64_t>(info.field) << 4U | static_cast<unsigned>(info.wire));
        source.wire = info.wire;
        source.sized = info.wire != Wire::ip4 && info.wire != Wire::ip6;
        if (is_number(info.wire)) {
            TRY(const PagePart* part, pages.presence(column, page));
            if (!part->presence.empty()) source.presence = part->presence.data();
            TRY(const std::span<const std::uint64_t> all, pages.numbers(column, page));
            source.numbers = all.data();
        } else {
            TRY(const std::span<const std::uint16_t> all, pages.codes(column, page));
            source.codes = all.data();
            TRY(source.values, dictionaries.values(column));
        }
    }
    TRY(const std::span<const Nanoseconds> all_times, pages.times(page));
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

const Segment& SegmentReader::segment() const { return *impl_->segment; }
Result<std::span<const Nanoseconds>> SegmentReader::times(std::size_t page) { return impl_->pages.times(page); }
Result<std::span<const std::uint64_t>> SegmentReader::presence(std::size_t column, std::size_t page) {
    TRY(const auto* part, impl_->pages.presence(column, page));
    return std::span<const std::uint64_t>(part->presence);
}
Result<std::uint32_t> SegmentReader::rows_present(std::size_t column, std::size_t page) {
    check(column < segment().info().columns.size() && page < segment().info().pages.size());
    return segment().layout().part(column, page).count;
}
Result<std::span<const std::uint64_t>> SegmentReader::numbers(std::size_t column, std::size_t page) {
    return impl_->pages.numbers(column, page);
}
Result<std::span<const std::uint16_t>> SegmentReader::codes(std::size_t column, std::size_t page) {
    return impl_->pages.codes(column, page);
}
Result<std::string_view> SegmentReader::value(std::size_t column, std::uint16_t code) {
    return impl_->dictionaries.value(column, code);
}
Result<std::span<const std::string_view>> SegmentReader::values(std::size_t column) {
    return impl_->dictionaries.values(column);
}
Result<std::optional<std::uint16_t>> SegmentReader::find(std::size_t column, std::string_view bytes) {
    return impl_->dictionaries.find(column, bytes);
}
Result<std::uint64_t> SegmentReader::pages_of(std::size_t column, std::uint16_t code) {
    return impl_->dictionaries.pages_of(column, code);
}
Result<std::optional<std::vector<std::uint32_t>>> SegmentReader::rows_of(std::size_t column, std::uint16_t code) {
    return impl_->dictionaries.rows_of(column, code);
}
Result<std::string> SegmentReader::row(std::uint32_t row) { return impl_->row(row); }
Result<void> SegmentReader::rows(std::size_t page, std::string& bytes, std::vector<std::uint32_t>& ends) {
    return impl_->rows(page, bytes, ends);
}
Result<void> SegmentReader::event(std::uint32_t row, model::Event& event, const FieldSet* only) {
    return impl_->event(row, event, only);
}
void SegmentReader::forget() { impl_->pages.forget(); }

}  // namespace plimsoll::ledger
