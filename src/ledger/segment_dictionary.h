#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/planes.h"
#include "ledger/segment.h"
#include "ledger/segment_layout.h"

namespace plimsoll::ledger {

/// The dictionaries of a segment's columns: what a code stands for, and where its rows are. Unpacks only the blocks and
/// indexes that are asked for, and keeps them. Borrows the layout. One thread.
class SegmentDictionaries {
public:
    SegmentDictionaries(const Segment::Layout& layout, std::shared_ptr<Unpacker> unpacker);

    // As SegmentReader has them.
    Result<std::string_view> value(std::size_t column, std::uint16_t code);
    Result<std::span<const std::string_view>> values(std::size_t column);
    Result<std::optional<std::uint16_t>> find(std::size_t column, std::string_view bytes);
    Result<std::optional<std::vector<std::uint32_t>>> rows_of(std::size_t column, std::uint16_t code);
    Result<std::uint64_t> pages_of(std::size_t column, std::uint16_t code);

private:
    struct Block {
        std::string text;                 ///< empty: not unpacked yet
        std::vector<std::uint32_t> ends;  ///< of its values
    };
    /// What was unpacked of one column's dictionary.
    struct Dictionary {
        std::vector<Block> blocks;             ///< one for each of the layout
        std::vector<std::string_view> values;  ///< by code; empty unless all were asked for
        std::vector<std::uint64_t> masks;
    };

    Dictionary& prepared(std::size_t column);
    Result<const Block*> unpacked(std::size_t column, std::size_t n);

    const Segment::Layout& layout_;
    std::vector<Dictionary> dictionaries_;
    std::shared_ptr<Unpacker> unpacker_;  ///< shared by the readers of one thread, which use it in turn
    std::vector<std::uint64_t> lengths_;
};

}  // namespace plimsoll::ledger
