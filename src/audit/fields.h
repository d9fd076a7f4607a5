#pragma once

#include <memory>

#include "audit/event.h"
#include "base/secret_mask.h"
#include "host/accounts.h"
#include "model/event.h"

namespace plimsoll::audit {

class EventFacts;
class FieldValues;

/// An audit event by the names of the field table, read from its records when asked: `audit.*`, `proc.*`, `user.*`,
/// `fd.*`, `fs.path.*`, `evt.type` (name of the system call, or the type of the main record in lower case),
/// `evt.rawres`, `evt.failed`, … Kernel's fields are facts; what stands in msg='…' appears under `audit.claim` alone.
/// Borrows. Nothing is masked.
class EventFields final : public model::Fields {
public:
    /// `names` resolves user and group ids where the log itself does not (ENRICHED); null: ids stay numbers.
    explicit EventFields(const LogEvent& event, const host::Accounts* names = nullptr);
    ~EventFields() override;
    [[nodiscard]] model::Reading read(model::FieldId field, std::string_view arg) const override;

private:
    struct State;
    const LogEvent& event_;
    const host::Accounts* names_;
    mutable std::unique_ptr<State> state_;  ///< made when the first field is read
};

/// How an event is made for the recorder.
struct EventOptions {
    const host::Accounts* names = nullptr;  ///< as for EventFields
    bool contained = false;  ///< its process is in a container: the host's names for its user and group are not its own
    SecretMasker* masker = nullptr;  ///< masks secrets in arguments, title and claims; null: nothing is masked
};

/// The same, whole, as the recorder keeps it: every field that the event has, `record.kind` event, `evt.source` audit.
/// `audit.field` is left out but for what has no field of its own and is not 0. Adds to `out`, sets its time. What is
/// endless is cut: 64 KiB of arguments, 256 paths, 4 KiB of any other text.
void to_event(const LogEvent& event, const host::Accounts* names, model::Event& out);
void to_event(const EventFacts& facts, const EventOptions& options, model::Event& out);

}  // namespace plimsoll::audit
