#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "audit/record.h"

namespace plimsoll::audit {

/// The records of one event, in the order in which they came; without EOE. Borrows their text.
struct LogEvent {
    EventId id;
    std::span<const Record> records;
    bool complete = false;         ///< it ended by EOE, by its PROCTITLE, or is of a kind that has one record
    std::uint32_t duplicates = 0;  ///< lines that stood there before, byte by byte, and were dropped

    /// The first record of a type, or null.
    [[nodiscard]] const Record* first(std::uint32_t type) const;
};

/// Takes events as they are finished; what an event borrows is valid during the call only.
class EventHandler {
public:
    virtual ~EventHandler() = default;
    virtual void event(const LogEvent& event) = 0;
};

}  // namespace plimsoll::audit
