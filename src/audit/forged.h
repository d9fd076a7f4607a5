#pragma once

#include <string>
#include <string_view>

#include "audit/field_facts.h"

namespace plimsoll::audit {

/// What is known of the process that wrote a record.
struct Writer {
    std::string_view container;  ///< name or id of the container that it ran in; empty for the host, or not known
    std::string_view program;    ///< what it runs now, after the record; empty when it is gone
    std::string_view earlier;    ///< what it ran by earlier records; empty when not known
};

/// Whether a program wrote the event (USER_*): its claims prove nothing by themselves.
[[nodiscard]] bool is_claimed(const EventFacts& facts);

/// Why the claims of such an event cannot be true, or are not to be believed; empty when nothing speaks against them.
[[nodiscard]] std::string forged_reason(const EventFacts& facts, const Writer& writer);

/// The path that the record claims as its writer's program; empty without one.
[[nodiscard]] std::string_view claimed_program(const EventFacts& facts);

}  // namespace plimsoll::audit
