#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "ledger/planes.h"
#include "ledger/segment.h"
#include "ledger/segment_layout.h"

namespace plimsoll::ledger {

/// What was unpacked of one column in one page.
struct PagePart {
    bool has_presence = false;
    bool has_values = false;
    std::vector<std::uint64_t> presence;  ///< empty: all rows
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint16_t> codes;
};

/// The rows of a segment by page and column, unpacked when they are asked for: times, who has a value, numbers, codes.
/// Borrows the layout. One thread.
class SegmentPages {
public:
    SegmentPages(const Segment::Layout& layout, std::shared_ptr<Unpacker> unpacker);

    Result<std::span<const Nanoseconds>> times(std::size_t page);
    Result<const PagePart*> presence(std::size_t column, std::size_t page);
    Result<std::span<const std::uint64_t>> numbers(std::size_t column, std::size_t page);
    Result<std::span<const std::uint16_t>> codes(std::size_t column, std::size_t page);

    /// Time of one row of the segment; the first few of a page are read singly.
    Result<Nanoseconds> row_time(std::uint32_t row);

    /// Gives back memory, to be used for the pages that are asked for next.
    void forget();

    [[nodiscard]] const Segment::Layout::Part& at(std::size_t column, std::size_t page) const {
        check(column < layout_.info.columns.size() && page < layout_.info.pages.size());
        return layout_.part(column, page);
    }

private:
    PagePart& part(std::size_t column, std::size_t page);
    [[nodiscard]] std::uint32_t values_until(std::size_t column, std::size_t page) const;
    Result<std::size_t> read_places(const Segment::Layout::Part& place, std::size_t page, const PagePart& part);
    Result<void> read_numbers(const Segment::Layout::Part& place, std::size_t page);
    Result<void> read_codes(std::size_t column, std::size_t page, PagePart& part);

    const Segment::Layout& layout_;
    std::vector<std::vector<Nanoseconds>> times_;
    std::vector<std::uint32_t> single_times_;  ///< by page: times that were read one by one
    std::vector<PagePart> parts_;
    std::vector<PagePart> spare_;         ///< memory of parts that were forgotten
    std::shared_ptr<Unpacker> unpacker_;  ///< shared by the readers of one thread, which use it in turn
    std::vector<std::uint64_t> numbers_;
    std::vector<std::uint64_t> misses_;
    std::vector<std::uint32_t> places_;
    std::vector<std::uint16_t> codes_;
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint8_t> set_;
};

}  // namespace plimsoll::ledger
