#pragma once

#include <string>

#include "audit/event.h"
#include "audit/text/clock.h"
#include "audit/text/told_before.h"
#include "audit/text/value.h"

namespace plimsoll::audit {

/// Writes records with names in place of numbers, as ausearch -i does.
class Interpreter {
public:
    Interpreter(const host::Accounts* accounts, Escape escape, Zone zone, bool iso_times);

    /// "type=SYSCALL msg=audit(11/21/26 00:37:43.857:2162636) : arch=x86_64 … \n", with node= before it where the
    /// record has one.
    void put_record(Buffer& out, const Record& record);

    [[nodiscard]] Clock& clock() { return clock_; }
    [[nodiscard]] ValueWriter& values() { return values_; }

private:
    void put_head(const EventId& id);
    void put_body(Buffer& out, const Record& record);

    Clock clock_;
    ValueWriter values_;
    ToldBefore told_;
    Buffer head_;  ///< of the event that `head_id_` names: its records share it
    EventId head_id_;
    std::string head_node_;
};

/// Goes through auditd's ENRICHED part beside the record's own fields: both have the same order, and a name may come
/// more than once.
class EnrichedCursor {
public:
    explicit EnrichedCursor(std::string_view enriched) : rest_(enriched) {}

    /// The next value of the field of that name (lower case, as in the record), without quotes; empty when there is
    /// none.
    [[nodiscard]] std::string_view value(std::string_view name);

private:
    std::string_view rest_;
};

}  // namespace plimsoll::audit
