#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/load.h"

namespace plimsoll::audit {

/// What the records of one event share. Serials start again when a host boots, so time and node belong to the identity.
struct EventId {
    std::string_view node;          ///< of node=; empty without
    std::int64_t milliseconds = 0;  ///< since 1970 UTC
    std::uint64_t serial = 0;

    friend bool operator==(const EventId&, const EventId&) = default;
};

/// Why a line is no record, or was hard to read.
enum class Damage : std::uint8_t {
    none,
    empty,         ///< nothing but blanks and NULs: padding, not a loss
    no_type,       ///< neither type=NAME nor type=NUMBER nor a kernel's prefix
    no_header,     ///< no audit(SECONDS.MILLIS:SERIAL)
    unknown_type,  ///< a name that no table holds
    too_long,      ///< beyond kLongestLine
};
inline constexpr std::size_t kDamages = 6;
[[nodiscard]] std::string_view to_text(Damage damage);

inline constexpr std::size_t kLongestLine = std::size_t{1} << 24;

/// One record of a Linux audit event: a line of a log, or a message of the kernel. Borrows the text it was read from.
struct Record {
    std::uint32_t type = 0;  ///< number (linux/audit.h); tables.h has the names
    EventId id;
    std::string_view body;         ///< the fields, as the kernel or a program wrote them
    std::string_view enriched;     ///< what auditd's ENRICHED format appended after 0x1d; empty otherwise
    std::string_view line;         ///< all of it, from node= or type= on, without the line's end
    Damage mended = Damage::none;  ///< what was wrong with the line, although it could be read
};

/// Reads one line of a log: RAW or ENRICHED, with or without node=, carried by syslog or dmesg, with CR, with NULs
/// before it (all found in the wild; docs/auditd.md). Sets `record` when the answer is Damage::none; a line that is
/// damaged but says what it is gives a record too, with `mended`: no type= before a header (the first field tells the
/// type), one wrong byte in the header, a type that no table holds (type 0), a line of which only the ends are left.
[[nodiscard]] Damage parse_line(std::string_view line, Record& record);

/// The header of the line read last: the next line is of the same event more often than not.
struct LastHeader {
    std::array<char, 48> text{};  ///< msg=audit(SECONDS.MILLIS:SERIAL):, of `size` bytes
    std::size_t size = 0;         ///< 0: none
    EventId id;                   ///< without node
};

/// The same, one line after the other.
[[nodiscard]] Damage parse_line(std::string_view line, Record& record, LastHeader& last);

/// Reads a netlink message: its type, and its payload `audit(SECONDS.MILLIS:SERIAL): …`.
[[nodiscard]] Damage parse_message(std::uint32_t type, std::string_view payload, Record& record);

/// One NAME=VALUE of a record.
struct RecordField {
    std::string_view name;
    std::string_view value;  ///< as written, without the quotes
    bool quoted = false;     ///< stood in "": literal. Otherwise a string field may be hexadecimal (decode.h)
    bool claim = false;      ///< within msg='…': what a program wrote of itself
};

/// "NAME=", of at most 16 bytes, as two words: comparing these takes no loop.
class FieldStart {
public:
    template <std::size_t N>
    consteval FieldStart(const char (&text)[N]) : text_(text, N - 1) {
        static_assert(N > 1 && N <= 17);
        for (std::size_t i = 0; i + 1 < N; ++i)
            (i < 8 ? low_ : high_) |= std::uint64_t{static_cast<unsigned char>(text[i])} << (i % 8 * 8);
    }
    [[nodiscard]] constexpr std::string_view text() const { return text_; }
    [[nodiscard]] constexpr std::string_view name() const { return text_.substr(0, text_.size() - 1); }

    /// Whether the text at `at`, of which `left` bytes may be read, begins so.
    [[nodiscard]] bool begins(const char* at, std::size_t left) const {
        if (left < 16 || std::endian::native != std::endian::little)
            return std::string_view(at, left).starts_with(text_);
        const auto differs = [&](std::size_t offset, std::uint64_t wanted, std::size_t bytes) {
            return ((load(at + offset) ^ wanted) << (64 - 8 * bytes)) != 0;
        };
        if (text_.size() <= 8) return !differs(0, low_, text_.size());
        return !differs(0, low_, 8) && !differs(8, high_, text_.size() - 8);
    }

private:
    std::string_view text_;
    std::uint64_t low_ = 0;
    std::uint64_t high_ = 0;
};

/// Goes through the fields of a body in order. Survives missing blanks (`ses=1op=x`), double blanks, quotes without
/// end, `op` with blanks, and whatever a program puts in msg='…'. Never fails: text that is no field is passed over.
class FieldCursor {
public:
    explicit FieldCursor(std::string_view body) : rest_(body) {}
    [[nodiscard]] std::optional<RecordField> next();

    /// When the next field is the one that is expected, after one blank, and written plainly: gives its value, without
    /// the quotes. What cannot be read so is left for `next`, whose answer would be the same.
    [[nodiscard]] bool take_expected(const FieldStart& start, std::string_view& value, bool& quoted);

private:
    std::string_view rest_;
    bool claims_ = false;
};

/// The first field of that name that the kernel wrote (not a claim); only the body is looked at.
[[nodiscard]] std::optional<RecordField> find(const Record& record, std::string_view name);

/// The first field of that name within msg='…'.
[[nodiscard]] std::optional<RecordField> find_claim(const Record& record, std::string_view name);

}  // namespace plimsoll::audit
