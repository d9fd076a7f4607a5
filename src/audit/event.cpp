#include "audit/event.h"

namespace plimsoll::audit {

const Record* LogEvent::first(std::uint32_t type) const {
    for (const Record& record : records)
        if (record.type == type) return &record;
    return nullptr;
}

}  // namespace plimsoll::audit
