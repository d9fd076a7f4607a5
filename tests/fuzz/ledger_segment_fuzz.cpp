#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/crc32c.h"
#include "ledger/segment.h"
#include "ledger/varint.h"

/// Any bytes as a segment, everything in it unpacked. The footer's CRC is put right first, so that what lies behind it
/// is reached; two ways to the same row must agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::ledger;
    std::string file(reinterpret_cast<const char*>(data), size);
    if (size >= 48) {
        std::uint64_t footer = 0;
        std::memcpy(&footer, file.data() + size - 24, 8);
        if (footer <= size - 48) {
            const std::uint32_t crc = crc32c(std::string_view(file).substr(size - 24 - footer, footer));
            std::memcpy(file.data() + size - 16, &crc, 4);
        }
    }
    const auto segment = Segment::parse(std::move(file));
    if (!segment) return 0;
    SegmentReader reader(*segment);
    const SegmentInfo& info = (*segment)->info();
    for (std::size_t page = 0; page < info.pages.size(); ++page) {
        std::string bytes;
        std::vector<std::uint32_t> ends;
        if (!reader.rows(page, bytes, ends)) continue;
        const auto first = reader.row(info.pages[page].first_row);
        if (!first || *first != bytes.substr(0, ends.front())) __builtin_trap();
    }
    for (std::size_t column = 0; column < info.columns.size(); ++column) {
        if (is_number(info.columns[column].wire)) continue;
        static_cast<void>(reader.find(column, "value 1"));
        static_cast<void>(reader.pages_of(column, 0));
        static_cast<void>(reader.rows_of(column, 1));
    }
    return 0;
}
