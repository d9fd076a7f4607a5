#pragma once

#include <string>

#include "audit/event.h"
#include "audit/text/clock.h"
#include "audit/text/told_before.h"
#include "audit/text/usual_begin.h"
#include "audit/text/value.h"

namespace plimsoll::audit {

class EnrichedCursor;

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
    /// False, and nothing is written, when more than the begin is needed to tell what it means.
    bool put_call_begin(Buffer& out, const CallBegin& begin);
    void put_path_begin(Buffer& out, const PathBegin& begin);
    /// True when what they mean depends on the call of their record.
    bool put_fields(Buffer& out, const Record& record, std::string_view fields, bool is_clean, const Call& call,
                    EnrichedCursor& enriched);

    Clock clock_;
    ValueWriter values_;
    ToldBefore told_;
    CallBegin call_begin_;  ///< of the record being written: clearing them for each would take longer than reading
    PathBegin path_begin_;
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
