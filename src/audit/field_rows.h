#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "audit/field_facts.h"
#include "audit/field_values.h"
#include "host/accounts.h"
#include "model/fields.h"

namespace plimsoll::audit {

/// How a file was opened.
struct OpenFlags {
    std::uint64_t flags = 0;
    std::uint64_t mode = 0;
};

/// What a row of the mapping reads from.
struct FieldContext {
    const EventFacts& facts;
    const host::Accounts* names = nullptr;
    bool contained = false;
    mutable bool open_read = false;  ///< `open` is known: several rows ask for it
    mutable std::optional<OpenFlags> open;
};

/// One field and where its values come from.
struct FieldRow {
    model::FieldKey field;
    void (*give)(const FieldContext& context, FieldValues& out);
};

/// Every plain field of an audit event, in the order of the field table.
[[nodiscard]] std::span<const FieldRow> field_rows();
[[nodiscard]] const FieldRow* field_row(model::FieldId field);  ///< null for fields that audit events do not have

/// One value of `audit.field` or `audit.claim`; nothing when no record has it.
void give_other(const FieldContext& context, std::string_view name, FieldValues& out);
void give_claim(const FieldContext& context, std::string_view name, FieldValues& out);

/// Every other field and every claim, each name once, by name; valid until the next call.
[[nodiscard]] std::span<const NamedText> all_others(const FieldContext& context, FieldValues& values);
[[nodiscard]] std::span<const NamedText> all_claims(const FieldContext& context, FieldValues& values);

inline constexpr std::size_t kMostText = 4096;  ///< bytes of a text that is neither arguments nor a path

}  // namespace plimsoll::audit
