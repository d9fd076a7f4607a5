// Verifies 5 million audit-like records (or as many as the first argument says) that the real writer wrote.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "ledger/proof.h"
#include "ledger/verify.h"
#include "ledger/writer.h"
#include "ledger_events.h"

namespace {

using namespace plimsoll;
using Clock = std::chrono::steady_clock;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

void write(const std::string& path, std::uint64_t count) {
    auto writer = ledger::Writer::open({.path = path, .host = "bench"});
    check(writer.has_value());
    bench::EventGenerator events;
    model::Event event;
    for (std::uint64_t i = 0; i < count; ++i) {
        events.next(event);
        check((*writer)->append(event).has_value());
        if (i % 1000 == 0) (*writer)->tick();
    }
    check((*writer)->close().has_value());
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t count = argc > 1 ? std::stoull(argv[1]) : bench::kEvents;
    const std::string path =
        std::filesystem::temp_directory_path() / fmt::format("plimsoll-verify-bench-{}", ::getpid());
    write(path, count);
    for (const unsigned threads : {1U, 2U}) {
        const auto begin = Clock::now();
        const double before = processor_seconds();
        const auto report = ledger::verify({.path = path, .threads = threads});
        const double wall = seconds(Clock::now() - begin);
        const double processor = processor_seconds() - before;
        check(report.has_value() && report->verdict == ledger::Verdict::ok);
        const auto records = static_cast<double>(report->checked);
        fmt::print("verify, {} thread(s): {:.0f} records, {:.2f} s, {:.2f} million/s; {:.3f} us of processor each\n",
                   threads, records, wall, records / wall / 1e6, processor / records * 1e6);
    }
    const auto begin = Clock::now();
    const auto proof = ledger::prove(path, count / 3);
    check(proof.has_value());
    fmt::print("prove: {:.1f} ms, {} bytes\n", seconds(Clock::now() - begin) * 1e3, to_text(*proof).size());
    std::filesystem::remove_all(path);
}
