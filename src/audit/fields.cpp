#include "audit/fields.h"

#include <algorithm>
#include <array>
#include <deque>

#include "audit/field_rows.h"

namespace plimsoll::audit {

namespace {

constexpr model::FieldKey kField("audit.field");
constexpr model::FieldKey kClaim("audit.claim");

/// Times that do not fit stand at the end that they passed.
Nanoseconds time_of(const EventId& id) {
    constexpr std::int64_t kNanosecondsPerMs = 1'000'000;
    constexpr std::int64_t kMost = INT64_MAX / kNanosecondsPerMs;
    return std::clamp(id.milliseconds, std::int64_t{0}, kMost) * kNanosecondsPerMs;
}

}  // namespace

/// What was read of an event so far. Values stay where they are, so that readings stay valid.
struct EventFields::State {
    EventFacts facts;
    FieldValues values;
    std::deque<std::vector<model::Value>> answers;
};

EventFields::EventFields(const LogEvent& event, const host::Accounts* names) : event_(event), names_(names) {}
EventFields::~EventFields() = default;

model::Reading EventFields::read(model::FieldId field, std::string_view arg) const {
    const FieldRow* row = field_row(field);
    const bool keyed = field == kField.id() || field == kClaim.id();
    const bool time = field == model::FieldKey("evt.rawtime").id();
    if (row == nullptr && !keyed && !time) return model::Reading::missing();
    if (!state_) {
        state_ = std::make_unique<State>();
        state_->facts.read(event_);
    }
    const FieldContext context{state_->facts, names_, false};
    FieldValues& values = state_->values;
    values.clear();
    if (row != nullptr)
        row->give(context, values);
    else if (field == kField.id())
        give_other(context, arg, values);
    else if (field == kClaim.id())
        give_claim(context, arg, values);
    else
        values.count(static_cast<std::uint64_t>(time_of(event_.id)));
    if (values.all().empty()) return model::Reading::missing();
    state_->answers.push_back(values.all());
    return model::Reading::of(state_->answers.back());
}

void to_event(const EventFacts& facts, const EventOptions& options, model::Event& out) {
    const FieldContext context{facts, options.names, options.contained};
    FieldValues& values = facts.scratch();
    out.set_time(time_of(facts.event().id));
    // In the order of the table, so that each goes behind the others.
    constexpr auto kKeyed = std::to_array({kField, kClaim});
    static_assert(kField.id() < kClaim.id());
    const auto* keyed = kKeyed.begin();
    const auto put_keyed = [&](model::FieldKey field) {
        const auto all = field.id() == kField.id() ? all_others(context, values) : all_claims(context, values);
        for (const auto& [name, text] : all) out.put(field.id(), name, text);
    };
    for (const FieldRow& row : field_rows()) {
        while (keyed != kKeyed.end() && keyed->id() < row.field.id()) put_keyed(*keyed++);
        values.clear();
        row.give(context, values);
        if (!values.all().empty()) out.put_list(row.field.id(), {}, values.all());
    }
    while (keyed != kKeyed.end()) put_keyed(*keyed++);
    if (options.masker == nullptr || !options.masker->found_any()) return;
    std::vector<std::string> rules;
    for (const std::string_view rule : options.masker->found()) rules.emplace_back(rule);
    out.set_list("audit.masked", rules);
}

void to_event(const LogEvent& event, const host::Accounts* names, model::Event& out) {
    EventFacts facts;
    facts.read(event);
    to_event(facts, {.names = names}, out);
}

}  // namespace plimsoll::audit
