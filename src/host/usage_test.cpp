#include "host/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/container_cgroups.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::HasSubstr;

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

TEST(UsageParse, OneFigurePerFile) {
    EXPECT_EQ(keyed_number("usage_usec 12\nthrottled_usec 5\n", "throttled_usec"), 5U);
    EXPECT_EQ(keyed_number("oom_kill_disable 1\noom_kill 3", "oom_kill"), 3U);
    EXPECT_EQ(keyed_number("MemFree:     123 kB\n", "MemFree:"), 123U);
    EXPECT_EQ(keyed_number("oom_kill -1\n", "oom_kill"), std::nullopt);
    EXPECT_EQ(pressure_some("some avg10=4.62 avg60=1.27 avg300=1.15 total=48\nfull avg10=0.00\n"), 4.62);
    EXPECT_EQ(pressure_some("some avg10=nan avg60=0"), std::nullopt);
    EXPECT_EQ(pressure_some("full avg10=1.00"), std::nullopt);
    EXPECT_EQ(busy_ticks("cpu  10 1 5 1000 7 2 3 0 0 0\ncpu0 1\n"), 21U);
    EXPECT_EQ(busy_ticks("cpu  10 1\n"), std::nullopt);
}

TEST(UsageParse, VolumesAreSummedOverDevices) {
    EXPECT_EQ(parse_io_stat("254:0 rbytes=100 wbytes=7 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=1\n7:0 \n"),
              (TwoWay{101, 8}));
    EXPECT_EQ(parse_io_stat(""), (TwoWay{0, 0}));
    EXPECT_EQ(parse_io_stat("254:0 rbytes=x"), std::nullopt);
    EXPECT_EQ(parse_blkio_bytes("8:0 Read 5\n8:0 Write 6\n8:0 Total 11\n8:16 Read 1\nTotal 12\n"), (TwoWay{6, 6}));

    std::vector<std::string> seen;
    constexpr std::string_view kDevices =
        "Inter-|   Receive   |  Transmit\n face |bytes    packets\n"
        "    lo:       9       0    0    0    0     0          0         0        9       0    0    0    0 0 0 0\n"
        "  eth0:     486       5    0    0    0     0          0         0        78       0    0    0    0 0 0 0\n";
    EXPECT_TRUE(each_network_device(kDevices, [&](std::string_view name, TwoWay bytes) {
        seen.push_back(std::string(name) + " " + std::to_string(bytes.in) + " " + std::to_string(bytes.out));
    }));
    EXPECT_TRUE(each_disk(" 254       0 vda 10 0 4 0 20 0 8 0 0 0 0\n", [&](std::string_view name, TwoWay bytes) {
        seen.push_back(std::string(name) + " " + std::to_string(bytes.in) + " " + std::to_string(bytes.out));
    }));
    EXPECT_THAT(seen, testing::ElementsAre("lo 9 9", "eth0 486 78", "vda 2048 4096"));
    EXPECT_FALSE(each_network_device("a\nb\nnonsense\n", [](std::string_view, TwoWay) {}));
    EXPECT_FALSE(each_disk("254 0 vda 10\n", [](std::string_view, TwoWay) {}));
}

TEST(ContainerCgroups, NamesThatEnginesGive) {
    const auto named = [](const std::string& name) {
        const ContainerCgroup found = container_of_cgroup(name);
        return found.id.empty() ? "none" : found.engine + " " + found.id.substr(0, 2);
    };
    EXPECT_EQ(named(kId), " aa");
    EXPECT_EQ(named("docker-" + kId + ".scope"), "docker aa");
    EXPECT_EQ(named("libpod-" + kId), "libpod aa");
    EXPECT_EQ(named("cri-containerd-" + kId + ".scope"), "cri-containerd aa");
    EXPECT_EQ(named("crio-" + kId + ".scope"), "crio aa");
    EXPECT_EQ(named("libpod-conmon-" + kId + ".scope"), "none");
    EXPECT_EQ(named("crio-conmon-" + kId + ".scope"), "none");
    EXPECT_EQ(named("x" + kId), "none");
    EXPECT_EQ(named(std::string(63, 'a')), "none");
    EXPECT_EQ(named(std::string(64, 'A')), "none");
    EXPECT_EQ(named("docker.service"), "none");
}

/// A host of cgroup version 2 with one container that runs an init system, so that its processes stand deeper.
struct HostV2 : TemporaryTree {
    std::string directory = "/sys/fs/cgroup/system.slice/docker-" + kId + ".scope";

    HostV2() {
        write("/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");
        write("/proc/1/ns/net", "");
        write("/proc/77/ns/net", "");
        write("/proc/77/cgroup", "0::/system.slice/docker-" + kId + ".scope/init.scope\n");
        write("/proc/77/net/dev",
              "h\nh\n lo: 5 0 0 0 0 0 0 0 5 0\n eth0: 100 0 0 0 0 0 0 0 200 0\n eth1: 1 0 0 0 0 0 0 0 2 0\n");
        write("/sys/fs/cgroup/system.slice/memory.max", "8192\n");
        write(directory + "/init.scope/cgroup.procs", "77\n78\n");
        write(directory + "/cgroup.procs", "");
        write(directory + "/cpu.stat", "usage_usec 1000\nuser_usec 1\nthrottled_usec 30\n");
        write(directory + "/memory.current", "5000\n");
        write(directory + "/memory.stat", "anon 1\ninactive_file 2000\n");
        write(directory + "/memory.max", "max\n");
        write(directory + "/memory.events", "low 0\noom 4\noom_kill 3\n");
        write(directory + "/pids.current", "7\n");
        write(directory + "/pids.max", "max\n");
        write(directory + "/io.stat", "8:0 rbytes=10 wbytes=20\n");
        for (const char* which : {"cpu", "memory", "io"})
            write(directory + "/" + which + ".pressure", "some avg10=1.50 avg60=0.00 avg300=0.00 total=1\n");
    }
};

TEST(Usage, Version2) {
    const HostV2 tree;
    const auto reader = UsageReader::open(tree.root());
    ASSERT_TRUE(reader) << reader.error().message;
    const auto watch = (*reader)->watch({77, kId, {}});
    ASSERT_TRUE(watch) << watch.error().message;
    const auto usage = (*reader)->sample(**watch);
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->cpu.value, 1'000'000U);
    EXPECT_EQ(usage->throttled.value, 30'000U);
    EXPECT_EQ(usage->memory.value, 3000U);
    EXPECT_EQ(usage->memory_total.value, 5000U);
    EXPECT_EQ(usage->memory_limit.value, 8192U) << "the limit of the slice around it";
    EXPECT_EQ(usage->oom_kills.value, 3U);
    EXPECT_EQ(usage->pids.value, 7U);
    EXPECT_EQ(usage->pids_limit.value, std::nullopt);
    EXPECT_EQ(usage->pids_limit.reason, "");
    EXPECT_EQ(usage->io_read.value, 10U);
    EXPECT_EQ(usage->io_written.value, 20U);
    EXPECT_EQ(usage->net_received.value, 101U);
    EXPECT_EQ(usage->net_sent.value, 202U);
    EXPECT_EQ(usage->pressure_io.value, 1.5);
}

TEST(Usage, FilesThatStayOpenShowWhatIsNew) {
    const HostV2 tree;
    const auto reader = UsageReader::open(tree.root());
    const auto watch = (*reader)->watch({77, kId, {}});
    const std::uint64_t before = (*reader)->system_calls();
    tree.write(tree.directory + "/pids.current", "12\n");
    EXPECT_EQ((*reader)->sample(**watch)->pids.value, 12U);
    EXPECT_LE((*reader)->system_calls() - before, 14U);
}

TEST(Usage, WhatCannotBeReadIsUnknownWithItsReason) {
    const HostV2 tree;
    std::filesystem::remove(tree.at(tree.directory + "/io.stat"));
    std::filesystem::remove(tree.at(tree.directory + "/cpu.pressure"));
    tree.write(tree.directory + "/memory.current", "nonsense");
    const auto reader = UsageReader::open(tree.root());
    const auto watch = (*reader)->watch({77, kId, {}});
    const auto usage = (*reader)->sample(**watch);
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->io_read.value, std::nullopt);
    EXPECT_THAT(usage->io_read.reason, HasSubstr("io.stat"));
    EXPECT_THAT(usage->pressure_cpu.reason, HasSubstr("no such file"));
    EXPECT_THAT(usage->memory.reason, HasSubstr("memory.current is malformed"));
    EXPECT_EQ(usage->memory.value, std::nullopt);
    EXPECT_EQ(usage->pressure_memory.value, 1.5);
}

TEST(Usage, AContainerOnTheHostsNetworkHasNoVolumeOfItsOwn) {
    const HostV2 tree;
    std::filesystem::remove(tree.at("/proc/77/ns/net"));
    std::filesystem::create_hard_link(tree.at("/proc/1/ns/net"), tree.at("/proc/77/ns/net"));
    const auto reader = UsageReader::open(tree.root());
    const auto watch = (*reader)->watch({77, kId, {}});
    const auto usage = (*reader)->sample(**watch);
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->net_sent.value, std::nullopt);
    EXPECT_EQ(usage->net_sent.reason, "it shares the host's network");
}

/// The hybrid layout: controllers in version 1, pressure in version 2, as an engine with cgroupfs makes it.
TEST(Usage, HybridOfVersions1And2) {
    const TemporaryTree tree;
    tree.write("/proc/self/mountinfo",
               "31 1 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
               "32 1 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
               "33 1 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
               "34 1 0:34 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
               "35 1 0:35 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    const std::string path = "/docker/" + kId;
    tree.write("/proc/77/cgroup", "4:pids:" + path + "\n3:blkio:" + path + "\n2:memory:" + path +
                                      "\n1:cpu,cpuacct:" + path + "\n0::" + path + "\n");
    tree.write("/sys/fs/cgroup/cpu,cpuacct" + path + "/cpuacct.usage", "123456\n");
    tree.write("/sys/fs/cgroup/cpu,cpuacct" + path + "/cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_time 77\n");
    tree.write("/sys/fs/cgroup/memory" + path + "/memory.usage_in_bytes", "9000\n");
    tree.write("/sys/fs/cgroup/memory" + path + "/memory.stat",
               "inactive_file 1\nhierarchical_memory_limit 9223372036854771712\ntotal_inactive_file 1000\n");
    tree.write("/sys/fs/cgroup/memory" + path + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
    tree.write("/sys/fs/cgroup/pids" + path + "/pids.current", "3\n");
    tree.write("/sys/fs/cgroup/pids" + path + "/pids.max", "100\n");
    tree.write("/sys/fs/cgroup/pids" + path + "/cgroup.procs", "77\n");
    tree.write("/sys/fs/cgroup/blkio" + path + "/blkio.throttle.io_service_bytes_recursive",
               "8:0 Read 5\n8:0 Write 6\nTotal 11\n");
    tree.write("/sys/fs/cgroup/unified" + path + "/memory.pressure", "some avg10=2.00 avg60=0.00\n");
    const auto reader = UsageReader::open(tree.root());
    ASSERT_TRUE(reader) << reader.error().message;

    const auto found = find_container_cgroups(tree.root(), (*reader)->hierarchies());
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().id, kId);
    EXPECT_EQ(found->front().path, path);
    EXPECT_EQ(found->front().pid, 77);

    const auto watch = (*reader)->watch({77, kId, {}});
    ASSERT_TRUE(watch) << watch.error().message;
    const auto usage = (*reader)->sample(**watch);
    ASSERT_TRUE(usage);
    EXPECT_EQ(usage->cpu.value, 123456U);
    EXPECT_EQ(usage->throttled.value, 77U);
    EXPECT_EQ(usage->memory.value, 8000U);
    EXPECT_EQ(usage->memory_limit.value, std::nullopt);
    EXPECT_EQ(usage->memory_limit.reason, "");
    EXPECT_EQ(usage->oom_kills.value, 2U);
    EXPECT_EQ(usage->pids_limit.value, 100U);
    EXPECT_EQ(usage->io_written.value, 6U);
    EXPECT_EQ(usage->pressure_memory.value, 2.0);
    EXPECT_THAT(usage->net_sent.reason, HasSubstr("network namespace"));

    const auto by_path = (*reader)->watch({0, kId, path});
    ASSERT_TRUE(by_path) << by_path.error().message;
    EXPECT_EQ((*reader)->sample(**by_path)->cpu.value, 123456U);
    EXPECT_FALSE((*reader)->watch({0, kOther, "/docker/" + kOther}));
    EXPECT_FALSE((*reader)->watch({78, kOther, {}}));
}

TEST(Usage, TheHostCountsHardwareOnce) {
    const TemporaryTree tree;
    tree.write("/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    tree.write("/proc/stat", "cpu  100 0 0 50 0 0 0 0\n");
    tree.write("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\n");
    tree.write("/proc/vmstat", "pgfault 1\noom_kill 4\n");
    tree.write("/proc/loadavg", "0.1 0.2 0.3 1/234 999\n");
    tree.write("/proc/sys/kernel/threads-max", "5000\n");
    tree.write("/proc/sys/kernel/pid_max", "4000\n");
    tree.write("/proc/pressure/cpu", "some avg10=3.00 avg60=0\n");
    tree.write("/proc/diskstats", "8 0 sda 1 0 2 0 1 0 4 0\n8 1 sda1 1 0 2 0 1 0 4 0\n253 0 dm-0 1 0 2 0 1 0 4 0\n");
    tree.write("/proc/1/net/dev",
               "h\nh\nlo: 9 0 0 0 0 0 0 0 9\neth0: 10 0 0 0 0 0 0 0 20\nbr-1: 10 0 0 0 0 0 0 0 20\n");
    for (const char* made :
         {"/sys/class/net/eth0/x", "/sys/class/net/br-1/x", "/sys/devices/virtual/net/br-1/x", "/sys/class/net/lo/x",
          "/sys/devices/virtual/net/lo/x", "/sys/class/block/sda/x", "/sys/class/block/sda1/partition",
          "/sys/class/block/dm-0/x", "/sys/devices/virtual/block/dm-0/x"}) {
        tree.write(made, "1");
    }
    const auto reader = UsageReader::open(tree.root());
    ASSERT_TRUE(reader) << reader.error().message;
    const Usage usage = (*reader)->sample_host();
    EXPECT_EQ(usage.cpu.value,
              std::uint64_t{100} * 1'000'000'000U / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
    EXPECT_EQ(usage.memory.value, 400U * 1024);
    EXPECT_EQ(usage.memory_limit.value, 1000U * 1024);
    EXPECT_EQ(usage.oom_kills.value, 4U);
    EXPECT_EQ(usage.pids.value, 234U);
    EXPECT_EQ(usage.pids_limit.value, 4000U);
    EXPECT_EQ(usage.io_read.value, 1024U);
    EXPECT_EQ(usage.io_written.value, 2048U);
    EXPECT_EQ(usage.net_received.value, 10U);
    EXPECT_EQ(usage.net_sent.value, 20U);
    EXPECT_EQ(usage.pressure_cpu.value, 3.0);
    EXPECT_THAT(usage.pressure_io.reason, HasSubstr("no such file"));
}

TEST(Usage, ThisMachine) {
    const auto reader = UsageReader::open();
    if (!reader) GTEST_SKIP() << reader.error().message;
    const Usage usage = (*reader)->sample_host();
    EXPECT_GT(usage.cpu.value.value_or(0), 0U);
    EXPECT_GT(usage.memory.value.value_or(0), 0U);
    EXPECT_LT(usage.memory.value.value_or(0), usage.memory_limit.value.value_or(0));
}

TEST(UsageFile, ALongFileIsReadWholeAndDescriptorsAreBounded) {
    const TemporaryTree tree;
    const std::string text(100'000, 'x');
    tree.write("/long", text);
    UsageBuffer buffer(1);
    UsageFile first("/long"), second("/long");
    EXPECT_EQ(first.read(tree.root(), buffer).text.size(), text.size());
    EXPECT_EQ(second.read(tree.root(), buffer).text.size(), text.size());
    std::filesystem::remove(tree.at("/long"));
    EXPECT_EQ(first.read(tree.root(), buffer).error, 0) << "it stayed open";
    EXPECT_EQ(second.read(tree.root(), buffer).error, ENOENT) << "there was no descriptor left for it";
    first.close(buffer);
    EXPECT_TRUE(first.read(tree.root(), buffer).gone());
}

}  // namespace
}  // namespace plimsoll::host
