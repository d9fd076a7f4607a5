#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/event.h"
#include "model/kept_slots.h"

// The canonical bytes of one record: what the log frames, what segments give back, and what the tree hashes. Described
// in docs/ledger-format.md.
namespace plimsoll::ledger {

/// How a value stands in a row. The numbers are part of the format.
enum class Wire : std::uint8_t {
    u64 = 0,      ///< varint
    i64 = 1,      ///< zigzag varint
    f64 = 2,      ///< 8 bytes, IEEE 754, little endian
    boolean = 3,  ///< 1 byte, 0 or 1
    text = 4,     ///< varint length, bytes
    hex = 5,      ///< varint length, bytes: text of twice the length, in lower-case hexadecimal
    ip4 = 6,      ///< 4 bytes
    ip6 = 7,      ///< 16 bytes
    net = 8,      ///< prefix bits, then 4 or 16 bytes; varint length before
    list = 9,     ///< varint length, then (wire, value) for each item; the empty list has length 0
    map = 10,     ///< varint length, then (key length, key, wire, value) in ascending order of keys
    unknown = 11  ///< varint length, reason
};
inline constexpr std::uint8_t kLastWire = 11;

/// True for wires that hold a number (u64, i64, f64, boolean); the others hold bytes.
[[nodiscard]] constexpr bool is_number(Wire wire) { return wire <= Wire::boolean; }

/// Number that stands for a field in the rows of one ledger, assigned at first use.
using FieldNumber = std::uint16_t;

inline constexpr std::size_t kMaxRow = std::size_t{16} << 20U;  ///< bytes; a larger record is refused
inline constexpr std::size_t kMaxFields = 4096;                 ///< numbers that one ledger may assign

/// Which number stands for which field. A name that this build does not know keeps its number and has no id.
class FieldNumbers {
public:
    struct Entry {
        FieldNumber number = 0;
        std::string name;
        std::string type;  ///< as model::type_name says it: "string", "list of path", …
        std::optional<model::FieldId> id;
    };

    /// Holds the numbers that every ledger has: record.kind 0, ledger.field.number 1, .name 2, .type 3.
    FieldNumbers();

    [[nodiscard]] std::optional<FieldNumber> number(model::FieldId id) const {
        if (id >= by_id_.size() || by_id_[id] == 0) return std::nullopt;
        return static_cast<FieldNumber>(by_id_[id] - 1);
    }
    [[nodiscard]] std::optional<model::FieldId> id(FieldNumber number) const;
    [[nodiscard]] const Entry* find(FieldNumber number) const;                 ///< null when not assigned
    [[nodiscard]] std::span<const Entry> entries() const { return entries_; }  ///< in order of number, from 0, no gaps

    /// The number that the next field gets.
    [[nodiscard]] FieldNumber next() const { return static_cast<FieldNumber>(entries_.size()); }

    /// Takes over what a ledger says. An error when the number is not the next one, or the name is taken; saying again
    /// what is known already is no error.
    [[nodiscard]] Result<void> add(FieldNumber number, std::string_view name, std::string_view type);

    /// Reads the assignment out of a `field` record; any other row is left alone.
    [[nodiscard]] Result<void> learn(std::string_view row);

private:
    std::vector<Entry> entries_;
    std::vector<std::uint16_t> by_id_;  ///< number + 1
};

/// One field of a row.
struct RowField {
    FieldNumber number = 0;
    Wire wire = Wire::u64;
    std::uint64_t bits = 0;  ///< of a number: the value, two's complement, the IEEE bits, or 0 and 1
    std::string_view bytes;  ///< of all others: without the length in front
};

/// Appends the row of `event` to `out`. Every field must have its number; `record.number` is left out. `parts`, when
/// given, becomes what a RowReader would say of the row; it points into `out`. An error when the row would be larger
/// than kMaxRow; `out` is then as before.
[[nodiscard]] Result<void> encode_row(const model::Event& event, const FieldNumbers& fields, std::string& out,
                                      std::vector<RowField>* parts = nullptr);

/// encode_row for one ledger's rows, one after the other: slots that events share are encoded once. Borrows the
/// numbers; those that were given once do not change.
class RowEncoder {
public:
    explicit RowEncoder(const FieldNumbers& fields) : fields_(fields), kept_(kPlaces) {}
    [[nodiscard]] Result<void> encode(const model::Event& event, std::string& out, std::vector<RowField>& parts);

    /// A field as it stands in a row, and where in these bytes its value begins.
    struct Kept {
        std::string bytes;
        RowField part;
        std::size_t value = 0;
    };

private:
    static constexpr std::size_t kPlaces = 512;  // some ten processes' worth

    const FieldNumbers& fields_;
    model::KeptSlots<Kept> kept_;
};

/// The row that tells an assignment, with the bootstrap numbers alone.
[[nodiscard]] std::string encode_field_row(Nanoseconds time, const FieldNumbers::Entry& entry);

/// Walks over the fields of one row, which may be hostile: stops at the first byte that breaks the format.
class RowReader {
public:
    explicit RowReader(std::string_view row);

    [[nodiscard]] Nanoseconds time() const { return time_; }

    /// The next field, or false at the end or at a fault.
    [[nodiscard]] bool next(RowField& field);

    /// True once `next` gave false because all of a well-formed row was read.
    [[nodiscard]] bool complete() const { return whole_ && at_ == end_; }

private:
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    Nanoseconds time_ = 0;
    int last_ = -1;
    bool whole_ = false;
};

[[nodiscard]] inline Nanoseconds row_time(std::string_view row) { return RowReader(row).time(); }

/// Appends the canonical form of one field: what encode_row made it of.
void append_field(std::string& out, const RowField& field);

/// A set of fields, for decoding only some.
class FieldSet {
public:
    FieldSet() = default;  ///< empty
    explicit FieldSet(std::span<const model::FieldId> ids);
    [[nodiscard]] bool holds(model::FieldId id) const { return id < bits_.size() && bits_[id]; }

private:
    std::vector<bool> bits_;
};

/// Puts one field of a row into `event`; `id` is what the field's number stands for. An error when its bytes are
/// malformed.
[[nodiscard]] Result<void> put_field(const RowField& field, model::FieldId id, model::Event& event);

/// Fills `event`, cleared first, from a row: the fields in `only` when given, all that this build knows otherwise.
[[nodiscard]] Result<void> decode_row(std::string_view row, const FieldNumbers& fields, model::Event& event,
                                      const FieldSet* only = nullptr);

/// What encode_row would make of one value: compare with RowField or a segment's dictionary. Nothing for a value that
/// would be a number; `bits` then holds it.
struct WireValue {
    Wire wire = Wire::u64;
    std::uint64_t bits = 0;
    std::string bytes;
};
[[nodiscard]] WireValue wire_value(const model::Value& value);

/// The text that a dictionary value of this wire stands for (hex and addresses written out); empty for list and map.
[[nodiscard]] std::string wire_text(Wire wire, std::string_view bytes);

}  // namespace plimsoll::ledger
