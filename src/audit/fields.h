#pragma once

#include "audit/event.h"
#include "host/accounts.h"
#include "model/event.h"

namespace plimsoll::audit {

/// An audit event by the names of the field table, read from its records when asked: `audit.*`, `proc.*`, `user.*`,
/// `fd.*`, `fs.path.*`, `evt.type` (name of the system call, or the type of the main record in lower case),
/// `evt.rawres`, `evt.failed`, … Kernel's fields are facts; what stands in msg='…' appears under `audit.claim` alone.
/// Borrows.
class EventFields final : public model::Fields {
public:
    /// `names` resolves user and group ids where the log itself does not (ENRICHED); null: ids stay numbers.
    explicit EventFields(const LogEvent& event, const host::Accounts* names = nullptr) : event_(event), names_(names) {}
    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

private:
    const LogEvent& event_;
    const host::Accounts* names_;
};

/// The same, whole, as the recorder keeps it: every field that the event has, `record.kind` event, `evt.source` audit.
/// `audit.field` is left out but for what has no field of its own.
void to_event(const LogEvent& event, const host::Accounts* names, model::Event& out);

}  // namespace plimsoll::audit
