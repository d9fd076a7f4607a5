#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "source/engine/checkpoint.h"
#include "source/engine/event_record.h"
#include "source/engine/snapshot.h"

/// Any text as an engine's stream of events, as inspect data, and as a state file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::source;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    LineSplitter splitter(4096);
    std::vector<Line> lines;
    splitter.add(text.substr(0, size / 2), lines);
    splitter.add(text.substr(size / 2), lines);
    splitter.finish(lines);
    for (const Line& line : lines) {
        const auto event = parse_engine_event(line.text);
        if (!event) {
            static_cast<void>(malformed_record(line, event.error().message, "x"));
            continue;
        }
        const auto record = container_record(*event, "docker", "gone");
        static_cast<void>(event_record(*event, record.get(), "x"));
    }
    if (const auto document = plimsoll::JsonDocument::parse(text)) {
        const std::string kept = snapshot(document->root());
        static_cast<void>(container_record(kept, "docker", {}));
        static_cast<void>(changes(kept, "{}"));
    }
    static_cast<void>(parse_checkpoint(text, "docker"));
    return 0;
}
