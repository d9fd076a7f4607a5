#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <random>

#include "host/fd.h"
#include "host/temporary_tree.h"
#include "ledger/read_all.h"
#include "ledger/writer.h"

// A process that writes is killed at 1,000 random points of writing and sealing.
namespace plimsoll::ledger {

namespace {

using model::Event;

WriterOptions options(const std::string& path) {
    return {.path = path,
            .host = "host",
            .segment_rows = 37,
            .commit_after = std::chrono::milliseconds(0),
            .commit_bytes = 700,
            .checkpoint_every = std::chrono::milliseconds(2),
            .reserve_bytes = 0,
            .clock = {}};
}

struct Acknowledged {
    std::uint64_t serial = 0;  ///< what the record says
    RecordNumber number = 0;
};

/// The child: appends without end and tells each record once it is durable.
[[noreturn]] void write_until_killed(const std::string& path, std::uint64_t serial, int pipe) {
    auto writer = Writer::open(options(path));
    if (!writer) ::_exit(3);
    std::vector<Acknowledged> waiting;
    while (true) {
        Event event(static_cast<Nanoseconds>(serial));
        event.set("record.kind", "event");
        event.set_unsigned("evt.num", serial);
        event.set("record.summary", std::string(serial % 50, 'x'));
        const auto number = (*writer)->append(event);
        if (!number) ::_exit(4);
        waiting.push_back({serial++, *number});
        if (serial % 3 == 0) (*writer)->tick();
        std::size_t done = 0;
        while (done < waiting.size() && waiting[done].number < (*writer)->durable()) ++done;
        const auto size = static_cast<ssize_t>(done * sizeof(Acknowledged));
        if (done > 0 && ::write(pipe, waiting.data(), static_cast<std::size_t>(size)) != size) ::_exit(5);
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(done));
    }
}

TEST(WriterCrash, KilledAThousandTimesItLosesNothingAcknowledged) {
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);  // a kill leaves to the kernel what it has
    const host::TemporaryTree tree;
    std::mt19937 random(20261121);
    std::vector<Acknowledged> acknowledged;
    std::string path;
    std::uint64_t serial = 0;
    constexpr int kKills = 1000;
    constexpr int kKillsOfOneLedger = 50;
    for (int kill = 0; kill < kKills; ++kill) {
        if (kill % kKillsOfOneLedger == 0) {
            path = tree.at("/ledger" + std::to_string(kill));
            acknowledged.clear();
        }
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            write_until_killed(path, serial, ends[1]);
        }
        ::close(ends[1]);
        const host::Fd in(ends[0]);
        // After a number of acknowledgements and a moment more, so that any step may be the one that is cut.
        const std::size_t wanted = acknowledged.size() + random() % 60;
        Acknowledged one;
        while (acknowledged.size() < wanted && ::read(in.get(), &one, sizeof one) == sizeof one)
            acknowledged.push_back(one);
        ::usleep(static_cast<useconds_t>(random() % 1000));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
        while (::read(in.get(), &one, sizeof one) == sizeof one) acknowledged.push_back(one);
        serial += 100'000;

        if (kill % 25 != 24) continue;  // the child's own start has recovered in between
        ASSERT_TRUE(Writer::open(options(path)).has_value());
        const std::vector<Event> events = read_all(path);
        std::vector<bool> seen(events.size());
        for (const Acknowledged& record : acknowledged) {
            ASSERT_LT(record.number, events.size()) << "kill " << kill;
            ASSERT_EQ(events[record.number].number("evt.num"), record.serial) << "kill " << kill;
            ASSERT_EQ(events[record.number].text("record.summary").size(), record.serial % 50);
        }
        std::uint64_t last = 0;
        for (const Event& event : events) {
            if (event.text("record.kind") != "event" || event.number("evt.num") == 0) continue;
            ASSERT_GT(event.number("evt.num"), last) << "a record stands twice";
            last = event.number("evt.num");
        }
    }
}

}  // namespace

}  // namespace plimsoll::ledger
