#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "sensor/wire.h"

namespace plimsoll::sensor {

/// An event as it lies in a ring or a recording, its blocks found: borrowed from those bytes.
struct RawEvent {
    const WireEvent* head = nullptr;
    const WireTask* task = nullptr;  ///< null when it is not there; so with the others
    const WireCredentials* credentials = nullptr;
    const WireFile* file = nullptr;
    const WireSocket* socket = nullptr;
    const WireArguments* arguments = nullptr;
    std::array<std::string_view, WIRE_CWD2 + 1> strings;  ///< by WireTag; data() is null when it is not there

    [[nodiscard]] std::string_view string(WireTag tag) const { return strings[tag]; }
    [[nodiscard]] bool has(WireTag tag) const { return strings[tag].data() != nullptr; }
    [[nodiscard]] bool has(WireFlag flag) const { return (head->flags & flag) != 0; }
};

/// Finds the blocks; false when the bytes are no event (too short, a block or string that leaves its bounds, an unknown
/// kind). The bytes must be aligned to 8.
[[nodiscard]] bool parse(std::span<const std::byte> bytes, RawEvent& out);

}  // namespace plimsoll::sensor
