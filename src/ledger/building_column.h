#pragma once

#include <cstdint>
#include <vector>

#include "ledger/rare_rows.h"
#include "ledger/segment.h"
#include "ledger/value_table.h"

namespace plimsoll::ledger {

inline constexpr int kNoParent = -1;

/// A column while its segment is built: the values of the page that is being filled, and what is known of those before.
struct BuildingColumn {
    BuildingColumn(FieldNumber field, Wire wire, std::uint64_t seed, std::uint32_t page_rows) : table(seed) {
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

    [[nodiscard]] bool has(std::uint32_t row) const {
        if (!is_number(info.wire)) return codes[row] != kAbsent;
        return (bitmap[row / 64] >> (row % 64) & 1U) != 0;
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

}  // namespace plimsoll::ledger
