#pragma once

#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "model/facts.h"
#include "model/finding.h"

namespace plimsoll::posture {

/// Outcomes of all checks about one object, by check id.
using Outcomes = std::map<std::string_view, model::Outcome, std::less<>>;

/// A finding as a record: its own fields, the outcomes of its object's checks (and of what the object belongs to), and the
/// object's facts. Borrows everything.
class FindingFields final : public model::Fields {
public:
    FindingFields(const model::Facts& object, const std::map<const model::Facts*, Outcomes>& outcomes) : object_(object), outcomes_(outcomes) {}

    /// Sets finding.*; without it they are absent, as for an attack path that is only being looked for.
    void describe(const model::Check& check, std::string_view item);
    void set_item(std::string_view item) { item_ = item; }

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

private:
    [[nodiscard]] model::Reading text(std::string_view value) const;

    const model::Facts& object_;
    const std::map<const model::Facts*, Outcomes>& outcomes_;
    const model::Check* check_ = nullptr;
    std::string_view item_;
    mutable std::vector<model::Value> scratch_;
};

}  // namespace plimsoll::posture
