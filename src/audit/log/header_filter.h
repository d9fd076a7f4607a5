#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "audit/record.h"

namespace plimsoll::audit {

/// Tells by a few instructions whether a line may be of one of some events, from its header as auditd writes it.
class HeaderFilter {
public:
    enum class Answer : std::uint8_t {
        no,
        maybe,    ///< it is, or another event has the same hash
        unusual,  ///< not the usual header `type=WORD msg=audit(SECONDS.MILLIS:SERIAL)`: read the line
    };

    void add(const EventId& id);
    void clear() {
        bits_.fill(0);
        empty_ = true;
    }
    [[nodiscard]] Answer look(std::string_view line) const;

private:
    static constexpr std::size_t kBits = 1U << 15U;
    std::array<std::uint64_t, kBits / 64> bits_{};
    bool empty_ = true;
};

}  // namespace plimsoll::audit
