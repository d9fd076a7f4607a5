#include "host/listening_sockets.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Any text as the tables of /proc/net.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const bool v6 : {false, true}) {
        for (const auto& socket : plimsoll::host::parse_proc_tcp(text, v6)) static_cast<void>(socket.to_text());
    }
    static_cast<void>(plimsoll::host::parse_proc_unix(text));
    return 0;
}
