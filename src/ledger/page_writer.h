#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/building_column.h"
#include "ledger/planes.h"

namespace plimsoll::ledger {

/// The rows of a page: how many, behind how many of the segment, and their times.
struct PageRows {
    std::uint32_t number = 0;  ///< of the page
    std::uint32_t first = 0;   ///< row of the segment
    std::span<const std::uint64_t> times;
};

/// Encodes the columns of one page after the other. One thread.
class PageWriter {
public:
    /// Appends the page to `body`, and to `entry` what the footer says of it behind the times' bounds.
    void put(const PageRows& page, std::vector<BuildingColumn>& columns, std::string& body, std::string& entry);

private:
    template <typename Write>
    void put_chunk(std::string& entry, Write write);
    void choose_parent(BuildingColumn& column);
    [[nodiscard]] int index(const BuildingColumn& column) const;
    static std::size_t place(const BuildingColumn& parent, std::uint32_t row);
    std::uint32_t foretell_codes(const BuildingColumn& column, const BuildingColumn& parent, std::uint32_t most);
    std::uint32_t foretell_numbers(const BuildingColumn& column, const BuildingColumn& parent, std::uint32_t most);
    void put_page(BuildingColumn& column, std::string& entry);
    void note_masks(BuildingColumn& column);
    void put_presence(BuildingColumn& column, std::string& entry);
    bool says_rows(const BuildingColumn& column, int candidate);
    void put_values(BuildingColumn& column);
    void put_blocks(const BuildingColumn& column, std::string& entry);
    void put_block(const ValueTable& table, std::uint32_t first, std::uint32_t end);

    // Of the page that is being put.
    std::vector<BuildingColumn>* columns_ = nullptr;
    std::string* body_ = nullptr;
    std::uint32_t rows_ = 0;
    std::uint32_t first_ = 0;
    std::uint32_t number_ = 0;

    Packer packer_;
    std::vector<std::uint8_t> set_;
    std::vector<std::uint64_t> packed_numbers_;
    std::vector<std::uint16_t> packed_codes_;
    std::vector<std::uint16_t> last_code_;
    std::vector<std::uint64_t> last_number_;
};

}  // namespace plimsoll::ledger
