#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/assembler.h"
#include "base/result.h"

namespace {

using namespace plimsoll::audit;

class Counter final : public EventHandler {
public:
    void event(const LogEvent& event) override {
        plimsoll::check(!event.records.empty());
        ++events;
        records += event.records.size();
        duplicates += event.duplicates;
        for (const Record& record : event.records) {
            plimsoll::check(record.id == event.id);
            text += record.line.size() + record.body.size();
        }
    }
    std::uint64_t events = 0;
    std::uint64_t records = 0;
    std::uint64_t duplicates = 0;
    std::size_t text = 0;
};

}  // namespace

/// Six bytes are a record (type, serial, time, text) or a tick; no record is lost or told twice, whatever the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::uint32_t kTypes[] = {1300, 1302, 1306, 1307, 1309, 1320, 1327, 1305, 1336, 1112, 1200, 0};
    if (size < 2) return 0;
    Counter counter;
    Assembler assembler(counter, {.timeout_ms = data[0] % 50,
                                  .open_events = 1U + data[1] % 16,
                                  .open_bytes = 64U + data[1] * 8U,
                                  .records = 1U + data[0] / 50,
                                  .linger = (data[0] & 1U) != 0});
    std::uint64_t given = 0;
    for (std::size_t at = 2; at + 6 <= size; at += 6) {
        const std::uint8_t* const bytes = data + at;
        if (bytes[0] == 255) {
            assembler.tick(bytes[2]);
            continue;
        }
        std::string line(bytes[4] % 64U, static_cast<char>('a' + bytes[5] % 4));
        line += std::to_string(bytes[5]);
        const std::uint32_t type = kTypes[bytes[0] % std::size(kTypes)];
        const std::string node(bytes[3] % 3U, 'n');
        if (type != 1320) ++given;
        assembler.add({.type = type,
                       .id = {.node = node, .milliseconds = bytes[2], .serial = bytes[1] % 8U},
                       .body = std::string_view(line).substr(1),
                       .enriched = {},
                       .line = line});
    }
    assembler.flush();
    const AssemblerCounts& counts = assembler.counts();
    plimsoll::check(counts.events == counter.events && counts.duplicates == counter.duplicates);
    plimsoll::check(counter.records + counter.duplicates == given);
    return 0;
}
