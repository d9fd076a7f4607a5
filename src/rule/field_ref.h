#pragma once

#include <string>
#include <string_view>

#include "model/fields.h"
#include "rule/expression.h"

namespace plimsoll::rule {

/// One field as a condition or template reads it.
struct FieldUse {
    model::FieldId field = 0;
    std::string arg;

    friend bool operator==(const FieldUse&, const FieldUse&) = default;
};

/// A field that was found in the table, with the type that its argument gives it.
struct FieldRef {
    FieldUse use;
    model::Type type = model::Type::string;
    bool list = false;
    model::Several several = model::Several::no;
};

/// Looks the operand's name and brackets up in the field table.
[[nodiscard]] Parsed<FieldRef> resolve_field(const Operand& operand);

/// Whether the table holds `name`, further name parts as argument included.
[[nodiscard]] bool is_field(std::string_view name);

/// `proc.aname[2]`: the field as a person writes it.
[[nodiscard]] std::string to_text(const FieldUse& use);

[[nodiscard]] constexpr bool is_number(model::Type type) {
    using enum model::Type;
    return type == uint64 || type == int64 || type == f64 || type == duration || type == time;
}

[[nodiscard]] constexpr bool is_text(model::Type type) {
    return type == model::Type::string || type == model::Type::path;
}

}  // namespace plimsoll::rule
