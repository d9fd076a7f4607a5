#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/text/arguments.h"
#include "audit/text/buffer.h"
#include "audit/text/escape.h"
#include "audit/text/field_kind.h"
#include "audit/text/id_names.h"

namespace plimsoll::audit {

/// One field as it stands in a record, and what its record says around it.
struct RawField {
    std::uint32_t type = 0;  ///< of the record
    std::string_view name;
    std::string_view value;     ///< without quotes
    bool quoted = false;        ///< stood in ""
    bool clean = false;         ///< all of the record is printable ASCII
    std::string_view enriched;  ///< the value that auditd resolved when it wrote the record; empty without
};

/// Writes values of fields for people, as ausearch -i does. Keeps names and caches.
class ValueWriter {
public:
    ValueWriter(const host::Accounts* accounts, Escape escape);

    /// `call` is what the record said of its system call before this field.
    void put(Buffer& out, FieldKind kind, const RawField& field, const Call& call) {
        if (field.clean && keeps_plain_text())
            put_value(out, kind, field, call);
        else
            put_checked(out, kind, field, call);
    }

    /// Whether printable ASCII stays as it is.
    [[nodiscard]] bool keeps_plain_text() const { return escape_ == Escape::tty || escape_ == Escape::raw; }

    /// Argument `index` of a call, of which `text` is the hexadecimal; only where plain text is kept.
    void put_argument(Buffer& out, const Call& call, unsigned index, std::string_view text) {
        arguments_.put(out, call, index, text);
    }

    /// What stands around values: control characters escaped, but no blanks for a shell.
    void put_around(Buffer& out, std::string_view text) {
        put_escaped(out, text, escape_ == Escape::raw ? Escape::raw : Escape::tty);
    }

    /// A value's text as the edge wants it.
    void put_text(Buffer& out, std::string_view text) { put_escaped(out, text, escape_); }

    [[nodiscard]] std::string_view user(std::uint32_t uid) { return users_.text(uid); }
    [[nodiscard]] std::string_view group(std::uint32_t gid) { return groups_.text(gid); }

private:
    /// The field's value as it stands, or a part of it.
    void put_part(Buffer& out, const RawField& field, std::string_view part) {
        if (field.clean && keeps_plain_text())
            out.put(part);
        else
            put_text(out, part);
    }
    void put_checked(Buffer& out, FieldKind kind, const RawField& field, const Call& call);
    void put_value(Buffer& out, FieldKind kind, const RawField& field, const Call& call);
    void put_id(Buffer& out, IdNames& names, const RawField& field);
    void put_decoded(Buffer& out, FieldKind kind, const RawField& field);
    void put_syscall(Buffer& out, const RawField& field, const Call& call);
    void put_capabilities(Buffer& out, std::string_view value);
    void put_by_number(Buffer& out, FieldKind kind, const RawField& field);

    Escape escape_;
    IdNames users_;
    IdNames groups_;
    Arguments arguments_;
    std::uint64_t set_ = 0;  ///< capabilities that `set_text_` names
    std::string set_text_;
    std::string decoded_;
};

/// The leading digits of that base; what follows them stays in `rest`. False when there is none or too many.
bool read_number(std::string_view text, int base, std::uint64_t& value, std::string_view& rest);

}  // namespace plimsoll::audit
