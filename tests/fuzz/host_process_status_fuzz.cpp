#include "host/process.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Any text as the files of /proc/PID.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(plimsoll::host::parse_process_status(text));
    static_cast<void>(plimsoll::host::parse_id_map(text));
    static_cast<void>(plimsoll::host::parse_start_ticks(text));
    static_cast<void>(plimsoll::host::parse_cgroup_memberships(text));
    return 0;
}
