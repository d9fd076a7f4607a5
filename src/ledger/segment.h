#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/row.h"
#include "ledger/writer.h"

// A sealed, immutable file of up to 65,536 rows, by columns. Described in docs/ledger-format.md.
namespace plimsoll::ledger {

class Unpacker;

inline constexpr std::uint32_t kPageRows = 8192;         ///< rows that are encoded together
inline constexpr std::uint32_t kMaxSegmentRows = 65536;  ///< and at most 64 pages
inline constexpr std::uint16_t kAbsent = 0xffff;         ///< no code: the row has no value of this column

/// One column: a field in one wire form. A field whose values came in several forms has several columns, and a row has
/// a value in at most one of them.
struct ColumnInfo {
    FieldNumber field = 0;
    Wire wire = Wire::u64;
    std::uint32_t values = 0;    ///< distinct values (dictionary columns); codes are below this
    std::uint32_t rows = 0;      ///< rows that have a value
    std::uint64_t min_bits = 0;  ///< least and greatest value (number columns), compared as their wire says
    std::uint64_t max_bits = 0;
};

struct PageInfo {
    std::uint32_t first_row = 0;  ///< within the segment
    std::uint32_t rows = 0;
    Nanoseconds min_time = 0;
    Nanoseconds max_time = 0;
};

/// What a segment says about itself, without its values.
struct SegmentInfo {
    RecordNumber first = 0;
    std::uint32_t rows = 0;
    Nanoseconds min_time = 0;
    Nanoseconds max_time = 0;
    std::string root;      ///< 32 bytes: of the tree of all records up to this segment's last
    std::string frontier;  ///< of that tree, as Tree writes it
    std::string sha256;    ///< 32 bytes: of everything in front of the footer
    std::uint64_t file_bytes = 0;
    FieldNumbers fields;  ///< all that were assigned up to this segment's last row
    std::vector<ColumnInfo> columns;
    std::vector<PageInfo> pages;
};

/// An open segment: the mapped file and its checked footer. Never changes; any number of threads may read from it.
/// Every length and offset is checked, so a hostile file gives errors, not faults.
class Segment {
public:
    static Result<std::shared_ptr<const Segment>> open(const std::string& path);
    static Result<std::shared_ptr<const Segment>> parse(std::string bytes);  ///< the same from memory
    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    [[nodiscard]] const SegmentInfo& info() const;

    /// Index into info().columns, or nothing.
    [[nodiscard]] std::optional<std::size_t> column(FieldNumber field, Wire wire) const;
    /// All columns of a field.
    [[nodiscard]] std::vector<std::size_t> columns(FieldNumber field) const;

    /// Recomputes the SHA-256 of what stands in front of the footer and compares.
    [[nodiscard]] bool body_is_intact() const;

    struct Layout;
    [[nodiscard]] const Layout& layout() const { return *layout_; }

private:
    explicit Segment(std::unique_ptr<Layout> layout);
    std::unique_ptr<Layout> layout_;
};

/// Decodes parts of one segment and keeps what it decoded. One thread; several may each have their own. What is
/// returned stays valid as long as the SegmentReader, but for `forget` and where said otherwise.
class SegmentReader {
public:
    explicit SegmentReader(std::shared_ptr<const Segment> segment);
    /// The same with an unpacker that several of one thread use in turn.
    SegmentReader(std::shared_ptr<const Segment> segment, std::shared_ptr<Unpacker> unpacker);
    ~SegmentReader();
    SegmentReader(SegmentReader&&) noexcept;
    SegmentReader& operator=(SegmentReader&&) noexcept;

    [[nodiscard]] const Segment& segment() const;

    /// Time of each row of a page.
    [[nodiscard]] Result<std::span<const Nanoseconds>> times(std::size_t page);

    /// One bit per row of a page, lowest bit first; an empty span when every row has a value. Ask `rows_present` first
    /// to tell "all" from "none".
    [[nodiscard]] Result<std::span<const std::uint64_t>> presence(std::size_t column, std::size_t page);
    [[nodiscard]] Result<std::uint32_t> rows_present(std::size_t column, std::size_t page);

    /// Number columns: one value per row of the page, 0 where absent (see `presence`).
    [[nodiscard]] Result<std::span<const std::uint64_t>> numbers(std::size_t column, std::size_t page);

    /// Dictionary columns: one code per row of the page, kAbsent where there is none.
    [[nodiscard]] Result<std::span<const std::uint16_t>> codes(std::size_t column, std::size_t page);

    /// Bytes that a code stands for, as RowField::bytes has them. Decodes only the block that the code lies in.
    [[nodiscard]] Result<std::string_view> value(std::size_t column, std::uint16_t code);

    /// All values of a dictionary column by code.
    [[nodiscard]] Result<std::span<const std::string_view>> values(std::size_t column);

    /// The code of a value, found through the index of hashes: touches no strings unless a hash fits.
    [[nodiscard]] Result<std::optional<std::uint16_t>> find(std::size_t column, std::string_view bytes);

    /// Bit n set: page n has rows with this code.
    [[nodiscard]] Result<std::uint64_t> pages_of(std::size_t column, std::uint16_t code);

    /// The rows (indexes within the segment) that have this code, ascending, when they are few; nothing when they are
    /// more. Unpacks no page.
    [[nodiscard]] Result<std::optional<std::vector<std::uint32_t>>> rows_of(std::size_t column, std::uint16_t code);

    /// The canonical bytes of one row (index within the segment).
    [[nodiscard]] Result<std::string> row(std::uint32_t row);

    /// The canonical bytes of every row of a page, one behind the other; row n ends at ends[n].
    [[nodiscard]] Result<void> rows(std::size_t page, std::string& bytes, std::vector<std::uint32_t>& ends);

    /// Fills `event` (cleared first) with the values of one row: the fields in `only`, or all that this build knows.
    [[nodiscard]] Result<void> event(std::uint32_t row, model::Event& event, const FieldSet* only = nullptr);

    /// Gives back the memory of pages, not of dictionaries.
    void forget();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Builds a segment row by row; each full page is encoded at once, so that sealing has little left to do.
class SegmentBuilder {
public:
    explicit SegmentBuilder(RecordNumber first, std::uint32_t most_rows = kMaxSegmentRows,
                            std::uint32_t page_rows = kPageRows);
    ~SegmentBuilder();
    SegmentBuilder(SegmentBuilder&&) noexcept;
    SegmentBuilder& operator=(SegmentBuilder&&) noexcept;

    /// Takes a canonical row. An error, and nothing taken, when the row is malformed. Not when full.
    [[nodiscard]] Result<void> add(std::string_view row);

    /// The same for a row that encode_row has just made, of `bytes` bytes: its time and parts, not read again.
    void add(Nanoseconds time, std::span<const RowField> parts, std::size_t bytes);

    [[nodiscard]] RecordNumber first() const;
    [[nodiscard]] std::uint32_t rows() const;
    [[nodiscard]] bool full() const;

    /// The whole file. Does not change the builder but for encoding its last page; no row may be added afterwards.
    [[nodiscard]] std::string finish(const FieldNumbers& fields, std::string_view root, std::string_view frontier);

    /// Begins anew, keeping memory.
    void reset(RecordNumber first);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Name of the segment whose first record is `first` ("0000000000065536.seg"), and back.
[[nodiscard]] std::string segment_name(RecordNumber first);
[[nodiscard]] std::optional<RecordNumber> parse_segment_name(std::string_view name);

}  // namespace plimsoll::ledger
