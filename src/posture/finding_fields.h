#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/facts.h"
#include "model/finding.h"

namespace plimsoll::posture {

/// Outcomes of all checks about all objects.
class OutcomeTable {
public:
    /// Numbers the checks; `checks` must outlive the table.
    explicit OutcomeTable(const std::vector<model::Check>& checks);

    void add_object(const model::Facts& object) {
        rows_.emplace(&object, std::vector<std::int8_t>(numbers_.size(), kNone));
    }
    void set(const model::Facts& object, std::uint32_t check, model::Outcome outcome) {
        rows_.at(&object)[check] = static_cast<std::int8_t>(outcome);
    }

    /// The outcome for the object, or for what it belongs to.
    [[nodiscard]] std::optional<model::Outcome> find(const model::Facts& object, std::string_view check) const;

private:
    static constexpr std::int8_t kNone = -1;

    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::unordered_map<const model::Facts*, std::vector<std::int8_t>> rows_;
};

/// A finding as a record: its own fields, the outcomes of its object's checks (and of what the object belongs to), and
/// the object's facts. Borrows everything.
class FindingFields final : public model::Fields {
public:
    FindingFields(const model::Facts& object, const OutcomeTable& outcomes) : object_(object), outcomes_(outcomes) {}

    /// Sets finding.*; without it they are absent, as for an attack path that is only being looked for.
    void describe(const model::Check& check, std::string_view item);
    void set_item(std::string_view item) { item_ = item; }

    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

private:
    [[nodiscard]] model::Reading text(std::string_view value) const;

    const model::Facts& object_;
    const OutcomeTable& outcomes_;
    const model::Check* check_ = nullptr;
    std::string_view item_;
    mutable std::vector<model::Value> scratch_;
};

}  // namespace plimsoll::posture
