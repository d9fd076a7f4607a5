#include "ledger/segment_pages.h"

#include <bit>
#include <cstring>

#include "ledger/varint.h"

namespace plimsoll::ledger {

using segment_format::Rows;
using Layout = Segment::Layout;

namespace {

constexpr std::uint32_t kManyTimes = 48;  // from here on the page's times are unpacked together

template <typename Visit>
void each_row(const std::vector<std::uint64_t>& presence, Visit visit) {
    for (std::size_t word = 0; word < presence.size(); ++word) {
        for (std::uint64_t bits = presence[word]; bits != 0; bits &= bits - 1) {
            visit(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
        }
    }
}

}  // namespace

SegmentPages::SegmentPages(const Layout& layout, std::shared_ptr<Unpacker> unpacker)
    : layout_(layout),
      times_(layout.info.pages.size()),
      single_times_(layout.info.pages.size()),
      parts_(layout.parts.size()),
      unpacker_(std::move(unpacker)) {}

Result<std::span<const Nanoseconds>> SegmentPages::times(std::size_t page) {
    check(page < times_.size());
    std::vector<Nanoseconds>& times = times_[page];
    if (!times.empty()) return std::span<const Nanoseconds>(times);
    numbers_.resize(layout_.info.pages[page].rows);
    ByteReader in(layout_.at(layout_.times[page]));
    if (!unpacker_->numbers(in, numbers_)) return cannot_unpack("times");
    times.assign(numbers_.begin(), numbers_.end());
    return std::span<const Nanoseconds>(times);
}

Result<const PagePart*> SegmentPages::presence(std::size_t column, std::size_t page) {
    const Layout::Part& place = at(column, page);
    PagePart& part = this->part(column, page);
    if (part.has_presence) return &part;
    const std::uint32_t rows = layout_.info.pages[page].rows;
    part.presence.clear();
    if (place.rows == Rows::bitmap) {
        bytes_.resize((rows + 7) / 8);
        ByteReader in(layout_.at(place.presence));
        if (!unpacker_->plane(in, bytes_)) return cannot_unpack("presence");
        part.presence.resize((rows + 63) / 64);
        std::memcpy(part.presence.data(), bytes_.data(), bytes_.size());
        if (rows % 64 != 0) part.presence.back() &= (std::uint64_t{1} << (rows % 64)) - 1;
    } else if (place.rows == Rows::by_parent) {
        const std::uint32_t known = values_until(place.presence_parent, page);
        TRY(const std::span<const std::uint16_t> codes, this->codes(place.presence_parent, page));
        set_.resize((known + 7) / 8);
        ByteReader in(layout_.at(place.presence));
        if (!unpacker_->plane(in, set_)) return cannot_unpack("presence");
        part.presence.assign((rows + 63) / 64, 0);
        for (std::uint32_t row = 0; row < rows; ++row) {
            const std::uint16_t code = codes[row];
            if (code >= known) return cannot_unpack("presence");
            part.presence[row / 64] |= static_cast<std::uint64_t>(set_[code / 8] >> (code % 8) & 1U) << (row % 64);
        }
    } else if (place.rows == Rows::none) {
        part.presence.assign((rows + 63) / 64, 0);
    }
    if (place.rows != Rows::all) {
        std::uint32_t count = 0;
        for (const std::uint64_t word : part.presence) count += static_cast<std::uint32_t>(std::popcount(word));
        if (count != place.count) return cannot_unpack("presence");
    }
    part.has_presence = true;
    return &part;
}

Result<std::span<const std::uint64_t>> SegmentPages::numbers(std::size_t column, std::size_t page) {
    check(is_number(layout_.info.columns[column].wire));
    const Layout::Part& place = at(column, page);
    PagePart& part = this->part(column, page);
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

Result<std::span<const std::uint16_t>> SegmentPages::codes(std::size_t column, std::size_t page) {
    check(!is_number(layout_.info.columns[column].wire));
    const Layout::Part& place = at(column, page);
    PagePart& part = this->part(column, page);
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

Result<Nanoseconds> SegmentPages::row_time(std::uint32_t row) {
    const std::size_t page = layout_.page_of(row);
    const PageInfo& info = layout_.info.pages[page];
    if (times_[page].empty() && single_times_[page] < kManyTimes) {
        ++single_times_[page];
        ByteReader in(layout_.at(layout_.times[page]));
        std::uint64_t time = 0;
        if (Unpacker::one_number(in, info.rows, row - info.first_row, time)) {
            if (!in.ok()) return cannot_unpack("times");
            return static_cast<Nanoseconds>(time);
        }
    }
    TRY(const std::span<const Nanoseconds> all, times(page));
    return all[row - info.first_row];
}

void SegmentPages::forget() {
    for (auto& times : times_) times.clear();
    for (PagePart& part : parts_) {
        if (!part.has_presence && !part.has_values) continue;
        spare_.push_back(std::move(part));
        part = {};
    }
}

PagePart& SegmentPages::part(std::size_t column, std::size_t page) {
    PagePart& part = parts_[page * layout_.info.columns.size() + column];
    const bool bare = part.presence.data() == nullptr && part.numbers.data() == nullptr && part.codes.data() == nullptr;
    if (bare && !part.has_presence && !part.has_values && !spare_.empty()) {
        part = std::move(spare_.back());
        spare_.pop_back();
        part.has_presence = part.has_values = false;
    }
    return part;
}

/// Values of the dictionary at the end of a page.
std::uint32_t SegmentPages::values_until(std::size_t column, std::size_t page) const {
    if (page + 1 < layout_.info.pages.size()) return layout_.part(column, page + 1).known;
    return layout_.info.columns[column].values;
}

/// For each row that has a value, the place of the code of the column that foretells it; fills places_.
Result<std::size_t> SegmentPages::read_places(const Layout::Part& place, std::size_t page, const PagePart& part) {
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
Result<void> SegmentPages::read_numbers(const Layout::Part& place, std::size_t page) {
    const PagePart& part = parts_[static_cast<std::size_t>(&place - layout_.parts.data())];
    ByteReader in(layout_.at(place.values));
    if (place.parent == 0) {
        numbers_.resize(place.count);
        return unpacker_->numbers(in, numbers_) ? Result<void>() : cannot_unpack("numbers");
    }
    TRY(const std::size_t places, read_places(place, page, part));
    misses_.resize(in.varint(place.count));
    set_.resize(place.count);
    if (!unpacker_->plane(in, set_) || !unpacker_->numbers(in, misses_)) return cannot_unpack("numbers");
    std::vector<std::uint64_t> last(places);
    numbers_.resize(place.count);
    std::size_t miss = 0;
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
        std::uint64_t& known = last[places_[i]];
        if (set_[i] != 0) {
            if (miss == misses_.size()) return cannot_unpack("numbers");
            known = misses_[miss++];
        }
        numbers_[i] = known;
    }
    return {};
}

Result<void> SegmentPages::read_codes(std::size_t column, std::size_t page, PagePart& part) {
    const Layout::Part& place = at(column, page);
    std::vector<std::uint16_t> last;
    if (place.parent != 0) {
        TRY(const std::size_t places, read_places(place, page, part));
        last.assign(places, kAbsent);
    }
    codes_.resize(place.count);
    ByteReader in(layout_.at(place.values));
    if (!unpacker_->words(in, codes_)) return cannot_unpack("codes");
    std::uint32_t next = place.known;
    const std::uint32_t known = values_until(column, page);
    for (std::size_t i = 0; i < codes_.size(); ++i) {
        std::uint16_t& code = codes_[i];
        if (code == 0) {
            if (last.empty()) return cannot_unpack("codes");
            code = last[places_[i]];
        } else {
            code = static_cast<std::uint16_t>(code == 1 ? next++ : code - 2U);
        }
        if (code >= next) return cannot_unpack("codes");
        if (!last.empty()) last[places_[i]] = code;
    }
    if (next > known) return cannot_unpack("codes");
    if (part.presence.empty()) {
        part.codes.swap(codes_);
        return {};
    }
    part.codes.assign(layout_.info.pages[page].rows, kAbsent);
    const std::uint16_t* from = codes_.data();
    each_row(part.presence, [&](std::size_t row) { part.codes[row] = *from++; });
    return {};
}

}  // namespace plimsoll::ledger
