#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/segment.h"
#include "ledger/segment_format.h"

namespace plimsoll::ledger {

/// Where everything of a segment lies, checked when it was opened.
struct Segment::Layout {
    struct Chunk {
        std::size_t offset = 0;
        std::size_t size = 0;
    };
    /// One column in one page.
    struct Part {
        segment_format::Rows rows = segment_format::Rows::none;
        std::uint16_t presence_parent = 0;  ///< column, of by_parent
        std::uint32_t parent = 0;           ///< column that foretells the values, + 1; 0 for none
        std::uint32_t count = 0;            ///< rows that have a value
        std::uint32_t known = 0;            ///< values of the dictionary before this page
        Chunk presence;                     ///< of bitmap and by_parent
        Chunk values;                       ///< codes or numbers
    };
    /// Values that are packed together.
    struct Block {
        std::uint32_t first = 0;  ///< code
        std::uint32_t count = 0;
        std::size_t raw = 0;  ///< bytes unpacked
        Chunk chunk;
    };

    Layout() = default;
    Layout(const Layout&) = delete;
    Layout& operator=(const Layout&) = delete;
    ~Layout();

    [[nodiscard]] std::string_view at(const Chunk& chunk) const { return bytes.substr(chunk.offset, chunk.size); }
    [[nodiscard]] const Part& part(std::size_t column, std::size_t page) const {
        return parts[page * info.columns.size() + column];
    }

    /// The page that holds a row of the segment.
    [[nodiscard]] std::size_t page_of(std::uint32_t row) const {
        check(row < info.rows);
        std::size_t page = 0;
        while (row >= info.pages[page].first_row + info.pages[page].rows) ++page;
        return page;
    }

    SegmentInfo info;
    std::string owned;
    void* mapped = nullptr;
    std::string_view bytes;
    std::size_t body_end = 0;
    std::vector<Chunk> times;                ///< by page
    std::vector<Part> parts;                 ///< by page, then column
    std::vector<std::vector<Block>> blocks;  ///< by column
    std::vector<Chunk> hashes;               ///< by column
    std::vector<Chunk> masks;                ///< by column
    std::vector<Chunk> rare;                 ///< by column: rows of the values that few rows have
    std::vector<std::size_t> by_field;       ///< columns in order of field number
};

/// A chunk of a segment that is not what its format says.
[[nodiscard]] inline Error cannot_unpack(std::string_view what) {
    return {"the segment's " + std::string(what) + " cannot be unpacked"};
}

}  // namespace plimsoll::ledger
