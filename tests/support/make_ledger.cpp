// Writes a ledger for end-to-end tests: make_ledger DIR COUNT [MICROSECONDS [BYTES]], so long between two records, and
// so many bytes of sealed segments kept. Small segments, so that sealing happens; text that an attacker would choose.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "ledger/writer.h"

int main(int argc, char** argv) {
    using namespace plimsoll;
    if (argc < 3) return 2;
    ledger::WriterOptions options;
    options.path = argv[1];
    options.host = "test";
    options.segment_rows = 300;
    options.reserve_bytes = 0;
    const long count = std::strtol(argv[2], nullptr, 10);
    const auto pause = static_cast<useconds_t>(argc > 3 ? std::strtol(argv[3], nullptr, 10) : 0);
    if (argc > 4) options.keep_bytes = std::strtoull(argv[4], nullptr, 10);
    auto writer = ledger::Writer::open(std::move(options));
    if (!writer) {
        std::fprintf(stderr, "%s\n", writer.error().message.c_str());
        return 1;
    }
    for (long n = 1; n <= count; ++n) {
        model::Event event(pause > 0 ? now() : 1'763'434'800 * kSecond + n * kSecond);  // from 2025-11-18 03:00 UTC on
        event.set("record.kind", "event");
        event.set("docker.type", "container");
        event.set("docker.action", n % 10 == 0 ? "die" : "start");
        event.set("container.name", n % 10 == 0 ? "web" : "db");
        event.set("container.id", n % 10 == 0 ? "0123456789ab" : "ba9876543210");
        event.set_number("exec.pid", n);
        event.set_keyed("docker.attributes", "signal", n % 2 == 0 ? "9" : "15");
        if (n == 7) event.set("exec.command", "=cmd|' /C calc'!A0\x1b]0;owned\x07 \xff\u202e");
        if (!(*writer)->append(event)) return 1;
        if (n % 50 == 0 || pause > 0) (*writer)->tick();
        if (pause > 0) ::usleep(pause);
    }
    return (*writer)->close() ? 0 : 1;
}
