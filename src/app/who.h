#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "enrich/engine_access.h"
#include "ledger/reader.h"

namespace plimsoll::app {

/// One act, and the chain that leads from it to a person.
struct AttributedAct {
    ledger::RecordNumber number = 0;
    Nanoseconds time = 0;
    std::string act;        ///< "created", "exec “sh -c id”", …
    std::string container;  ///< name, or the id without one
    enrich::AccessChain chain;
};

struct WhoQuestion {
    std::string subject;               ///< a record's number, the id of an exec session, a container's name or id
    std::optional<Nanoseconds> since;  ///< inclusive
    std::optional<Nanoseconds> until;  ///< exclusive
    std::size_t limit = 100;           ///< newest acts of a container
};

struct WhoAnswer {
    std::vector<AttributedAct> acts;  ///< in order of time
    bool more = false;                ///< older acts were left out
    bool audited = false;             ///< the ledger holds audit records of the time in question
    std::vector<std::string> faults;  ///< parts of the ledger that could not be read
};

/// Finds who did it. What the recorder knew at the time stands in the record; where it knew nothing, the audit records
/// around it are read again, late and imported ones too. An empty answer: the ledger knows no such subject.
[[nodiscard]] Result<WhoAnswer> who(ledger::Reader& reader, const WhoQuestion& question);

}  // namespace plimsoll::app
