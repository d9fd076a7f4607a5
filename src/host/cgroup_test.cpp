#include "host/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/process.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = CgroupLimit::State;

std::vector<CgroupHierarchy> hierarchies_of(std::string_view mountinfo) {
    return cgroup_hierarchies(parse_mountinfo(mountinfo));
}

constexpr std::string_view kV1 =
    "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 24 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
constexpr std::string_view kHybrid =
    "32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
    "34 24 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";
constexpr std::string_view kV2 = "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

TEST(Cgroup, Version1LimitsAreTheLeastOfAllAncestors) {
    const TemporaryTree tree;
    const std::string memory = "/sys/fs/cgroup/memory";
    tree.write(memory + "/memory.limit_in_bytes", "9223372036854771712\n");
    tree.write(memory + "/docker/memory.limit_in_bytes", "1000000\n");
    tree.write(memory + "/docker/c/memory.limit_in_bytes", "9223372036854771712\n");
    tree.write(memory + "/docker/c/memory.memsw.limit_in_bytes", "2000000\n");
    tree.write(memory + "/docker/c/memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 7\n");
    tree.write("/sys/fs/cgroup/cpu,cpuacct/docker/c/cpu.cfs_quota_us", "150000\n");
    tree.write("/sys/fs/cgroup/cpu,cpuacct/docker/c/cpu.cfs_period_us", "100000\n");
    tree.write("/sys/fs/cgroup/cpu,cpuacct/docker/c/cpu.shares", "512\n");
    tree.write("/sys/fs/cgroup/pids/docker/c/pids.max", "max\n");
    tree.write("/sys/fs/cgroup/cpuset/cpuset.effective_cpus", "0-3\n");
    tree.write("/sys/fs/cgroup/cpuset/docker/c/cpuset.effective_cpus", "0\n");
    const auto memberships = parse_cgroup_memberships(
        "5:memory:/docker/c\n4:cpu,cpuacct:/docker/c\n3:pids:/docker/c\n2:cpuset:/docker/c\n0::/\n");
    const auto limits = read_cgroup_limits(tree.root(), hierarchies_of(kV1), memberships);
    EXPECT_EQ(limits.memory.state, State::limited);
    EXPECT_EQ(limits.memory.value, 1'000'000U);
    EXPECT_EQ(limits.memory_and_swap.value, 2'000'000U);
    EXPECT_EQ(limits.oom_kills, 7U);
    EXPECT_EQ(limits.oom_killer_disabled, true);
    EXPECT_EQ(limits.cpu.value, 1500U);
    EXPECT_EQ(limits.cpu_weight, 512U);
    EXPECT_EQ(limits.pids.state, State::unlimited);
    EXPECT_EQ(limits.cpuset, "0");
    EXPECT_EQ(limits.cpuset_narrowed, true);
}

TEST(Cgroup, Version2) {
    const TemporaryTree tree;
    const std::string slice = "/sys/fs/cgroup/system.slice";
    tree.write(slice + "/pids.max", "100\n");
    tree.write(slice + "/c.scope/pids.max", "200\n");
    tree.write(slice + "/c.scope/memory.max", "1048576\n");
    tree.write(slice + "/c.scope/memory.swap.max", "0\n");
    tree.write(slice + "/c.scope/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
    tree.write(slice + "/c.scope/cpu.max", "max 100000\n");
    tree.write(slice + "/c.scope/cpu.weight", "79\n");
    tree.write("/sys/fs/cgroup/cpuset.cpus.effective", "0-1\n");
    const auto memberships = parse_cgroup_memberships("0::/system.slice/c.scope\n");
    const auto limits = read_cgroup_limits(tree.root(), hierarchies_of(kV2), memberships);
    EXPECT_EQ(limits.pids.value, 100U);
    EXPECT_EQ(limits.memory.value, 1048576U);
    EXPECT_EQ(limits.memory_and_swap.value, 1048576U);
    EXPECT_EQ(limits.oom_kills, 2U);
    EXPECT_FALSE(limits.oom_killer_disabled.has_value());
    EXPECT_EQ(limits.cpu.state, State::unlimited);
    EXPECT_EQ(limits.cpu_weight, 79U);
    EXPECT_EQ(limits.cpuset_narrowed, false);
}

TEST(Cgroup, WhatCannotBeReadIsUnknownWithTheReason) {
    const TemporaryTree tree;
    const auto memberships = parse_cgroup_memberships("0::/gone\n");
    const auto gone = read_cgroup_limits(tree.root(), hierarchies_of(kV2), memberships);
    EXPECT_EQ(gone.memory.state, State::unknown);
    EXPECT_EQ(gone.memory.reason, "the cgroup is gone");
    const auto unmounted = read_cgroup_limits(tree.root(), {}, memberships);
    EXPECT_THAT(unmounted.pids.reason, HasSubstr("no cgroup hierarchy of the controller pids"));
    tree.write("/sys/fs/cgroup/gone/memory.max", "lots\n");
    EXPECT_THAT(read_cgroup_limits(tree.root(), hierarchies_of(kV2), memberships).memory.reason,
                HasSubstr("malformed: lots"));
}

TEST(Cgroup, HybridHostsAndNamespaces) {
    const auto hierarchies = hierarchies_of(kHybrid);
    const auto memberships = parse_cgroup_memberships("3:pids:/docker/c\n1:name=systemd:/docker/c\n0::/\n");
    EXPECT_EQ(cgroup_place(hierarchies, memberships, "pids")->directory, "/sys/fs/cgroup/pids/docker/c");
    EXPECT_EQ(cgroup_place(hierarchies, memberships, "name=systemd")->directory, "/sys/fs/cgroup/systemd/docker/c");
    EXPECT_EQ(cgroup_place(hierarchies, memberships, "memory")->directory, "/sys/fs/cgroup/unified");
    EXPECT_EQ(deepest_cgroup_place(hierarchies, memberships)->directory, "/sys/fs/cgroup/pids/docker/c");
    const auto outside = parse_cgroup_memberships("0::/../other\n");
    EXPECT_FALSE(cgroup_place(hierarchies, outside, "memory").has_value());
    const auto partial = hierarchies_of("30 24 0:26 /docker/c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
    EXPECT_EQ(cgroup_place(partial, parse_cgroup_memberships("5:memory:/docker/c/sub\n"), "memory")->directory,
              "/sys/fs/cgroup/memory/sub");
    EXPECT_FALSE(cgroup_place(partial, parse_cgroup_memberships("5:memory:/docker/cc\n"), "memory").has_value());
}

TEST(Cgroup, ProcessesOfItAndOfAllBelow) {
    const TemporaryTree tree;
    tree.write("/cg/cgroup.procs", "30\n1\n0\n");
    tree.write("/cg/a/cgroup.procs", "7\n1\n");
    tree.write("/cg/t/cgroup.type", "threaded\n");
    tree.write("/cg/t/cgroup.procs", "99\n");
    EXPECT_THAT(cgroup_processes(tree.root(), "/cg").value().value(), ElementsAre(1, 7, 30));
    EXPECT_FALSE(cgroup_processes(tree.root(), "/none").value().has_value());
    EXPECT_THAT(cgroup_processes(tree.root(), "/cg", 2).error().message, HasSubstr("more processes than 2"));
}

TEST(Cgroup, ThisProcessIsInItsOwn) {
    const auto process = read_process(Root{}, ::getpid(), kCgroups).value().value();
    const auto hierarchies = cgroup_hierarchies(read_mounts(Root{}).value().value());
    const auto place = deepest_cgroup_place(hierarchies, *process.cgroups);
    if (!place) GTEST_SKIP() << "no cgroup hierarchy is mounted";
    EXPECT_THAT(cgroup_processes(Root{}, place->directory).value().value(), testing::Contains(::getpid()));
    const auto limits = read_cgroup_limits(Root{}, hierarchies, *process.cgroups);
    EXPECT_NE(limits.memory.state, State::unknown) << limits.memory.reason;
}

}  // namespace
}  // namespace plimsoll::host
