#pragma once

#include <cstdint>
#include <string_view>

// Constants of docs/ledger-format.md, "Segments".
namespace plimsoll::ledger::segment_format {

inline constexpr std::string_view kMagic = "PLMSEG1\n";
inline constexpr std::string_view kEndMagic = "PLMSEGE\n";
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHead = 24;                            // magic, version, 0, first record
inline constexpr std::size_t kTrail = 24;                           // length of the footer, its CRC, version, end magic
inline constexpr std::size_t kMaxPages = 64;                        // one bit each
inline constexpr std::size_t kBlockBytes = std::size_t{32} << 10U;  // of values, before packing
/// Of rows; then the segment is full: who reads a log that is being written holds all of it.
inline constexpr std::size_t kMaxSegmentBytes = std::size_t{32} << 20U;
inline constexpr std::size_t kMaxValueBytes = std::size_t{128} << 20U;  // of all values together, when reading
inline constexpr std::uint32_t kHashesFrom = 64;    // values; a smaller dictionary is compared value by value
inline constexpr std::uint32_t kSmallParent = 256;  // values of a column that may say which rows have another

/// Which rows of a page have a value of a column.
enum class Rows : std::uint8_t {
    none = 0,
    all = 1,
    bitmap = 2,
    by_parent = 3,  ///< those whose code in another column is in a set
};

}  // namespace plimsoll::ledger::segment_format
