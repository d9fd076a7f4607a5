#pragma once

#include <span>
#include <string_view>

#include "model/fields.h"
#include "model/value.h"

namespace plimsoll::model {

/// What a record says about one field. `absent`: the record has no such value, which is knowledge. `unknown`: it could
/// not be found out, and `reason` says why; a condition that needs it is neither true nor false.
struct Reading {
    enum class State : std::uint8_t { absent, present, unknown };

    State state = State::absent;
    std::span<const Value>
        values;               ///< one for a plain field, any number for a list field; valid until the record changes
    std::string_view reason;  ///< set when unknown

    static Reading of(std::span<const Value> values) { return {State::present, values, {}}; }
    static Reading missing() { return {}; }
    static Reading cannot_know(std::string_view reason) { return {State::unknown, {}, reason}; }
};

/// Anything with fields: an event, a container's facts, a finding, a stored record.
class Fields {
public:
    virtual ~Fields() = default;

    /// `arg` is the text between the brackets of `proc.aname[2]`; empty when the condition gave none.
    [[nodiscard]] virtual Reading read(FieldId field, std::string_view arg) const = 0;
};

}  // namespace plimsoll::model
