#include "host/mountinfo.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Any text as mountinfo; every mount found must be found again by its own point.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto table = plimsoll::host::parse_mountinfo(text);
    for (const auto& mount : table.mounts) {
        if (mount.point.starts_with('/') && table.holding(mount.point) == nullptr) __builtin_trap();
        static_cast<void>(mount.super_option("lowerdir"));
    }
    return 0;
}
