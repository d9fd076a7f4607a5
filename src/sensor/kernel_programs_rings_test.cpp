// The rings between the kernel and the agent, with real programs: what goes round their end, and who may fill them.

#include <sched.h>
#include <sys/syscall.h>

#include "sensor/test_kernel.h"

namespace plimsoll::sensor {
namespace {

void stay_on_first_processor() {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof(first), &first);
}

TEST_F(KernelProgramsTest, EventsThatGoRoundTheEndOfARingAreWhole) {
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::under, folder_}}), {.ring_bytes = 4096, .fold_entries = 0});
    std::vector<std::string> opened;
    std::vector<std::string> told;
    for (int round = 0; round < 100; ++round) {
        const std::string name = std::to_string(round) + std::string(static_cast<std::size_t>(round * 2 + 1), 'n');
        write(name);
        opened.push_back(at(name));
        container.run([&] {
            stay_on_first_processor();
            read_once(at(name).c_str());
        });
        for (const std::string& path : paths(sensor.all())) told.push_back(path);
    }
    EXPECT_EQ(told, opened);
}

TEST_F(KernelProgramsTest, AFloodLeavesRoomForOthers) {
    constexpr int kFlood = 5000, kQuiet = 20;
    const TestContainer flood, quiet('b');
    KernelFilter filter;
    filter.succeeded.set(SYS_ptrace).set(SYS_sched_get_priority_max);
    Sensor sensor(filter, {.ring_bytes = 65536});
    const auto act = [](int times) {
        stay_on_first_processor();
        for (int i = 0; i < times; ++i) ::syscall(SYS_sched_get_priority_max, 0);
    };
    quiet.run([&] { act(1); });
    flood.run([&] { act(kFlood); });
    quiet.run([&] { act(kQuiet); });

    std::map<std::uint64_t, int> seen;
    const auto take = [&](std::span<const std::byte> bytes) {
        const Seen event(bytes);
        if (event->kind == WIRE_CALL && event->call == SYS_sched_get_priority_max) ++seen[event->cgroup];
    };
    while (sensor.rings->drain(1U << 20U, take) > 0) {
    }
    EXPECT_EQ(seen[quiet.number()], kQuiet + 1);
    EXPECT_GT(seen[flood.number()], 0);
    EXPECT_LT(seen[flood.number()], kFlood);
    const std::vector<KernelLoser> losers = sensor.programs->losers();
    const auto loser = std::ranges::find(losers, flood.number(), &KernelLoser::cgroup);
    ASSERT_NE(loser, losers.end());
    EXPECT_EQ(loser->lost, static_cast<std::uint64_t>(kFlood - seen[flood.number()]));
    EXPECT_EQ(std::ranges::find(losers, quiet.number(), &KernelLoser::cgroup), losers.end());
}

TEST_F(KernelProgramsTest, WhoFloodedBeforeMayAddAgainOnceThatIsRead) {
    const TestContainer container;
    KernelFilter filter;
    filter.succeeded.set(SYS_ptrace).set(SYS_sched_get_priority_max);
    Sensor sensor(filter, {.ring_bytes = 65536});
    const auto run = [&](int times) {
        container.run([&] {
            stay_on_first_processor();
            for (int i = 0; i < times; ++i) ::syscall(SYS_sched_get_priority_max, 0);
        });
        const std::vector<Seen> all = sensor.all();
        return of_kind(all, WIRE_CALL, SYS_sched_get_priority_max).size();
    };
    EXPECT_LT(run(5000), 5000U);
    EXPECT_EQ(run(100), 100U);
}

}  // namespace
}  // namespace plimsoll::sensor
