#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "source/container_log_frames.h"
#include "source/journal/daemon_line.h"

/// Any bytes as a daemon's log line, and as frames of a container's log.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::source;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(parse_daemon_line(text));
    for (const bool tty : {false, true}) {
        LogFrames frames(tty, 64);
        std::vector<LogLine> lines;
        frames.add(text.substr(0, size / 3), lines);
        frames.add(text.substr(size / 3), lines);
        frames.finish(lines);
    }
    return 0;
}
