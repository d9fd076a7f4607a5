#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"

namespace plimsoll::audit {

enum class Outcome : std::uint8_t { unset, success, failed };

/// What reports count, read from the records of one event. Owns its text; filled again and again.
struct Facts {
    EventId id;
    std::uint32_t type = 0;  ///< of the first record
    std::vector<std::uint32_t> types;
    Outcome outcome = Outcome::unset;
    std::optional<std::uint32_t> loginuid;
    std::optional<std::int64_t> pid;
    std::optional<unsigned> syscall;
    std::uint32_t arch = 0;
    std::string session;
    std::string comm;
    std::string executable;
    std::string terminal;
    std::string host;
    std::string account;
    std::string loginuid_name;  ///< as the collecting host resolved it (ENRICHED); mostly empty
    std::vector<std::string> keys;
    std::vector<std::string> files;  ///< of PATH records, then of socket addresses, in the order of the records

    // Of decisions about access
    std::string subject;
    std::string object;
    std::string object_class;
    std::string permission;
    std::string decision;

    std::string input;  ///< what was typed, hexadecimal or text
    bool input_quoted = false;

    [[nodiscard]] bool has(std::uint32_t wanted) const;
    [[nodiscard]] bool has_between(std::uint32_t first, std::uint32_t last) const;
};

void read_facts(const LogEvent& event, Facts& facts);

}  // namespace plimsoll::audit
