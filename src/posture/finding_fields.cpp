#include "posture/finding_fields.h"

namespace plimsoll::posture {

using model::FieldKey;
using model::Reading;

OutcomeTable::OutcomeTable(const std::vector<model::Check>& checks) {
    for (std::uint32_t i = 0; i < checks.size(); ++i) numbers_.emplace(checks[i].id, i);
}

std::optional<model::Outcome> OutcomeTable::find(const model::Facts& object, std::string_view check) const {
    const auto number = numbers_.find(check);
    if (number == numbers_.end()) return std::nullopt;
    for (const model::Facts* facts = &object; facts != nullptr; facts = facts->owner()) {
        const auto row = rows_.find(facts);
        if (row == rows_.end() || row->second[number->second] == kNone) continue;
        return static_cast<model::Outcome>(row->second[number->second]);
    }
    return std::nullopt;
}

void FindingFields::describe(const model::Check& check, std::string_view item) {
    check_ = &check;
    item_ = item;
}

Reading FindingFields::text(std::string_view value) const {
    scratch_.assign(1, model::Value(value));
    return Reading::of(scratch_);
}

Reading FindingFields::read(model::FieldId field, std::string_view arg) const {
    const auto is = [&](FieldKey key) { return field == key.id(); };
    if (is("check.outcome")) {
        const auto outcome = outcomes_.find(object_, arg);
        return outcome ? text(model::to_text(*outcome)) : Reading::missing();
    }
    if (is("finding.object")) return text(object_.name());
    if (is("finding.kind")) return text(model::to_text(object_.kind()));
    if (is("finding.item")) return item_.empty() ? Reading::missing() : text(item_);
    if (is("finding.check")) return check_ == nullptr ? Reading::missing() : text(check_->id);
    if (is("finding.severity")) return check_ == nullptr ? Reading::missing() : text(model::to_text(check_->severity));
    if (is("finding.subject")) return check_ == nullptr ? Reading::missing() : text(model::to_text(check_->subject));
    if (is("finding.tags")) {
        if (check_ == nullptr) return Reading::missing();
        scratch_.clear();
        for (const std::string& tag : check_->tags) scratch_.emplace_back(std::string_view(tag));
        for (const std::string& reference : check_->references) scratch_.emplace_back(std::string_view(reference));
        return Reading::of(scratch_);
    }
    // A waiver may name fields of another kind of object (container.name for all findings of a container): they are
    // absent here.
    if (!model::can_read(object_.kind(), model::field(field).name)) return Reading::missing();
    return object_.read(field, arg);
}

}  // namespace plimsoll::posture
