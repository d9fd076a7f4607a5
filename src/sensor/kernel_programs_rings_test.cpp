// The rings between the kernel and the agent, with real programs: what goes round their end, and who may fill them.

#include <sched.h>
#include <sys/syscall.h>

#include <fstream>
#include <map>

#include "bpf/shared.h"
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

std::uint64_t place_of(const std::string& id) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), id.data(), sizeof words);
    return SHARE_PLACE(CONTAINER_NUMBER(words[0], words[1]));
}

/// A container whose share is another one than this test's other container has.
char another() {
    char filled = 'b';
    while (place_of(test_container_id(filled)) == place_of(test_container_id())) ++filled;
    return filled;
}

// Each test floods with a call of its own: others may run beside it, and their containers are seen too.

KernelFilter filter_of(int number) {
    KernelFilter filter;
    filter.succeeded.set(static_cast<std::size_t>(number));
    return filter;
}

void call(int number, int times) {
    stay_on_first_processor();
    for (int i = 0; i < times; ++i) ::syscall(number, 0, 0);
}

/// How many of these calls were told, by cgroup.
std::map<std::uint64_t, int> told(Sensor& sensor, int number) {
    std::map<std::uint64_t, int> seen;
    const auto take = [&](std::span<const std::byte> bytes) {
        const Seen event(bytes);
        if (event->kind == WIRE_CALL && event->call == number) ++seen[event->cgroup];
    };
    while (sensor.rings->drain(1U << 20U, take) > 0) sensor.rings->wait(std::chrono::milliseconds(20));
    return seen;
}

std::uint64_t lost(const Sensor& sensor, const TestContainer& container) {
    std::uint64_t sum = 0;
    for (const KernelLosers& losers : sensor.programs->losers())
        if (losers.cgroup == container.number()) sum += losers.lost;
    return sum;
}

TEST_F(KernelProgramsTest, AFloodLeavesRoomForOthers) {
    constexpr int kFlood = 5000, kQuiet = 20;
    const TestContainer flood, quiet(another());
    Sensor sensor(filter_of(SYS_sched_get_priority_min), {.ring_bytes = 65536});
    flood.run([&] { call(SYS_sched_get_priority_min, kFlood); });
    quiet.run([&] { call(SYS_sched_get_priority_min, kQuiet); });
    auto seen = told(sensor, SYS_sched_get_priority_min);
    EXPECT_EQ(seen[quiet.number()], kQuiet);
    EXPECT_GT(seen[flood.number()], 0);
    EXPECT_LT(seen[flood.number()], kFlood);
    EXPECT_EQ(lost(sensor, flood), static_cast<std::uint64_t>(kFlood - seen[flood.number()]));
    EXPECT_EQ(lost(sensor, quiet), 0U);
}

TEST_F(KernelProgramsTest, WhoWroteMuchThatIsReadIsNotTakenForTheOneWhoFloodsNow) {
    const TestContainer flood, once(another());
    Sensor sensor(filter_of(SYS_sched_getscheduler), {.ring_bytes = 65536});
    once.run([&] { call(SYS_sched_getscheduler, 5000); });
    told(sensor, SYS_sched_getscheduler);
    flood.run([&] { call(SYS_sched_getscheduler, 5000); });
    once.run([&] { call(SYS_sched_getscheduler, 20); });
    EXPECT_EQ(told(sensor, SYS_sched_getscheduler)[once.number()], 20);
}

TEST_F(KernelProgramsTest, CgroupsWithinAContainerShareWhatItMayAdd) {
    const TestContainer flood, quiet(another());
    Sensor sensor(filter_of(SYS_getpriority), {.ring_bytes = 65536});
    flood.run([&] {
        for (int i = 0; i < 50; ++i) {
            const std::string inner = flood.folder() + "/" + std::to_string(i);
            ::mkdir(inner.c_str(), 0700);
            std::ofstream(inner + "/cgroup.procs") << ::getpid() << std::flush;
            call(SYS_getpriority, 1000);
            std::ofstream(flood.folder() + "/cgroup.procs") << ::getpid() << std::flush;
            ::rmdir(inner.c_str());
        }
    });
    quiet.run([&] { call(SYS_getpriority, 20); });
    EXPECT_EQ(told(sensor, SYS_getpriority)[quiet.number()], 20);
}

TEST_F(KernelProgramsTest, WhoFloodedBeforeMayAddAgainOnceThatIsRead) {
    const TestContainer container;
    Sensor sensor(filter_of(SYS_getpgid), {.ring_bytes = 65536});
    const auto run = [&](int times) {
        container.run([&] { call(SYS_getpgid, times); });
        return told(sensor, SYS_getpgid)[container.number()];
    };
    EXPECT_LT(run(5000), 5000);
    EXPECT_EQ(run(100), 100);
}

}  // namespace
}  // namespace plimsoll::sensor
