#include "host/os_release.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Any text as os-release.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(plimsoll::host::parse_os_release(text));
    return 0;
}
