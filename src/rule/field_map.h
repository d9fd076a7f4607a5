#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/reading.h"
#include "rule/field_ref.h"
#include "rule/position.h"

namespace plimsoll::rule {

/// A record written down by hand, field by field: examples of rules, tests, recordings. What is not named is absent.
/// Values are read from text by the field's type.
class FieldMap final : public model::Fields {
public:
    FieldMap() = default;
    FieldMap(FieldMap&&) = default;
    FieldMap& operator=(FieldMap&&) = default;

    /// `name` as in a condition, brackets included; the fault says what does not fit (its position is `at`).
    [[nodiscard]] Parsed<FieldUse> set(std::string_view name, const std::vector<std::string>& values, Position at = {});
    [[nodiscard]] Parsed<FieldUse> set_unknown(std::string_view name, std::string_view reason, Position at = {});
    [[nodiscard]] Parsed<FieldUse> set_absent(std::string_view name, Position at = {});

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

private:
    struct Entry {
        model::Reading::State state = model::Reading::State::absent;
        std::vector<model::OwnedValue> owned;
        std::vector<model::Value> values;
        std::string reason;
    };

    [[nodiscard]] Parsed<FieldRef> find(std::string_view name, Position at) const;
    Entry& entry(const FieldUse& use);

    std::map<model::FieldId, std::map<std::string, Entry, std::less<>>> entries_;
};

}  // namespace plimsoll::rule
