#include "source/audit/attribution.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "host/temporary_tree.h"

namespace plimsoll::source {
namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');
const std::string kLayer(64, 'c');

/// A host on which a container runs from an overlay: its device is 00:32.
struct OneHost : host::TemporaryTree {
    OneHost() {
        mounts("");
        write("/var/lib/docker/image/overlay2/layerdb/mounts/" + kId + "/mount-id", kLayer);
        process(1, 0, "systemd", "/");
    }
    void mounts(const std::string& more) const {
        write("/proc/1/mountinfo",
              fmt::format("30 1 0:50 / /var/lib/docker/overlay2/{}/merged rw - overlay overlay rw,lowerdir=/l\n",
                          kLayer) +
                  more);
    }
    static std::string zeros(int count) {
        std::string out;
        for (; count > 0; --count) out += " 0";
        return out;
    }
    void process(int pid, int parent, const std::string& name, const std::string& cgroup, const std::string& exe = "",
                 const std::string& arguments = "", std::uint64_t started = 1) const {
        const std::string folder = "/proc/" + std::to_string(pid);
        write(folder + "/status",
              fmt::format("Name:\t{}\nState:\tS "
                          "(sleeping)\nTgid:\t{}\nPid:\t{}\nPPid:\t{}\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n"
                          "CapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t0\nCapAmb:\t0\n",
                          name, pid, pid, parent));
        write(folder + "/cgroup", "0::" + cgroup + "\n");
        write(folder + "/stat", fmt::format("{} ({}) S {}{} {} 0 0\n", pid, name, parent, zeros(17), started));
        if (!exe.empty()) link(folder + "/exe", exe);
        std::string line;
        for (const char c : arguments) line += c == ' ' ? '\0' : c;
        if (!arguments.empty()) write(folder + "/cmdline", line + '\0');
    }
};

/// One event, made of what matters here.
class Made {
public:
    Made(int pid, int ppid, const std::string& rest = "syscall=42 exe=\"/bin/x\"", std::vector<std::string> more = {}) {
        const std::int64_t time = now() / 1'000'000;  // attribution asks the clock, too
        lines_.push_back(fmt::format(
            "type=SYSCALL msg=audit({}.{:03}:7): arch=c000003e success=yes exit=0 {} ppid={} pid={} euid=0 items=1",
            time / 1000, time % 1000, rest, ppid, pid));
        for (const std::string& line : more) lines_.push_back(fmt::format("type={}", line));
        records_.resize(lines_.size());
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            auto& line = lines_[i];
            if (i > 0) line.insert(line.find(' '), fmt::format(" msg=audit({}.{:03}:7):", time / 1000, time % 1000));
            EXPECT_EQ(audit::parse_line(line, records_[i]), audit::Damage::none) << line;
        }
        event_ = {.id = records_[0].id, .records = records_, .complete = true};
        facts_.read(event_);
    }
    const audit::EventFacts& facts() const { return facts_; }
    void set_time(std::int64_t milliseconds) {
        event_.id.milliseconds = milliseconds;
        facts_.read(event_);
    }

private:
    std::vector<std::string> lines_;
    std::vector<audit::Record> records_;
    audit::LogEvent event_;
    audit::EventFacts facts_;
};

Made exec(int pid, int ppid, const std::string& exe, const std::string& arguments, const std::string& device = "fe:00",
          const std::string& cwd = "/", int uid = 0) {
    std::string list = "EXECVE argc=9";
    std::size_t at = 0;
    for (int i = 0; at < arguments.size(); ++i) {
        const std::size_t end = std::min(arguments.find(' ', at), arguments.size());
        list += fmt::format(" a{}=\"{}\"", i, arguments.substr(at, end - at));
        at = end + 1;
    }
    return {pid,
            ppid,
            fmt::format("syscall=59 uid={} exe=\"{}\"", uid, exe),
            {list, fmt::format("CWD cwd=\"{}\"", cwd),
             fmt::format("PATH item=0 name=\"{}\" inode=5 dev={} nametype=NORMAL", exe, device)}};
}

struct AttributionTest : testing::Test {
    OneHost tree;
    Attribution attribution{{.root = tree.root()}};

    /// `container how`, "host" or "unknown".
    std::string where(const Made& made) {
        const Attributed found = attribution.resolve(made.facts());
        if (!found.known) return "unknown";
        if (found.container == kHost) return "host";
        return fmt::format("{} {}", attribution.id(found.container).substr(0, 1), to_text(found.found));
    }
};

TEST_F(AttributionTest, AProgramRunFromAContainersFileSystemRunsThere) {
    attribution.seed();
    EXPECT_EQ(where(exec(900, 800, "/bin/sh", "sh", "00:32")), "a mount");  // 0:50 in decimal; the parent is gone
    EXPECT_EQ(where(Made(901, 900)), "a ancestor");
    EXPECT_EQ(where(Made(902, 901)), "a ancestor");
}

TEST_F(AttributionTest, ADoubleForkWhoseParentNobodySawIsFoundByItsFile) {
    attribution.seed();
    EXPECT_EQ(where(exec(905, 904, "/bin/busybox", "true", "00:32")), "a mount");
    EXPECT_EQ(where(Made(906, 904)), "unknown");
}

TEST_F(AttributionTest, ShimAndRuntimeNameTheContainer) {
    attribution.seed();
    const std::string shim = "/usr/bin/containerd-shim-runc-v2 -namespace moby -id " + kId + " -address s";
    EXPECT_EQ(where(exec(700, 1, "/usr/bin/containerd-shim-runc-v2", shim)), "a runtime");
    EXPECT_EQ(where(exec(701, 700, "/usr/sbin/runc", "runc --root r create --bundle b " + kId)), "a runtime");
    EXPECT_EQ(where(Made(702, 701)), "a ancestor");
    EXPECT_EQ(where(exec(703, 700, "/x/nop", "nop")), "a shim");  // a program on a volume
    EXPECT_EQ(where(Made(704, 703)), "a ancestor");
    EXPECT_EQ(where(exec(705, 700, "/usr/bin/containerd", "containerd publish", "fe:00", "/run/moby/" + kId)),
              "a runtime");
}

TEST_F(AttributionTest, AContainersOwnRuncIsNotBelieved) {
    attribution.seed();
    const std::string shim = "/usr/bin/containerd-shim-runc-v2 -namespace moby -id " + kId + " -address s";
    EXPECT_EQ(where(exec(700, 1, "/usr/bin/containerd-shim-runc-v2", shim)), "a runtime");
    EXPECT_EQ(where(exec(703, 700, "/bin/sh", "sh", "00:32")), "a mount");
    EXPECT_EQ(where(exec(704, 703, "/usr/bin/runc", "runc create " + kOther, "00:32")), "a mount");
    EXPECT_EQ(where(exec(705, 703, "/volume/runc", "runc create " + kOther)), "a ancestor");
    EXPECT_EQ(where(exec(706, 700, "/volume/runc", "runc create " + kOther)), "a shim");
}

TEST_F(AttributionTest, WhatRunsAlreadyIsTakenOverAtTheStart) {
    tree.process(50, 1, "containerd-shim", "/", "/usr/bin/containerd-shim-runc-v2",
                 "containerd-shim-runc-v2 -namespace moby -id " + kOther);
    tree.process(60, 50, "sleep", "/docker/" + kOther, "/bin/sleep");
    attribution.seed();
    EXPECT_EQ(where(Made(60, 50)), "b cgroup");
    EXPECT_EQ(where(exec(61, 50, "/bin/sh", "sh")), "b shim");
    EXPECT_EQ(where(Made(1, 0)), "host");
    EXPECT_EQ(where(exec(62, 1, "/usr/sbin/cron", "cron")), "host");
}

TEST_F(AttributionTest, AHostsProcessThatReadsAContainersFileStaysTheHosts) {
    attribution.seed();
    const std::string merged = "/var/lib/docker/overlay2/" + kLayer + "/merged/etc/passwd";
    EXPECT_EQ(where(Made(80, 1, "syscall=257 exe=\"/bin/cat\"",
                         {"CWD cwd=\"/\"", "PATH item=0 name=\"" + merged + "\" inode=5 dev=00:32 nametype=NORMAL"})),
              "host");
}

TEST_F(AttributionTest, ADeviceNumberBelongsToWhoeverHadItThen) {
    ContainerMounts mounts(tree.root());
    const auto table = [](const std::string& id, const std::string& more = "") {
        return host::parse_mountinfo(
            fmt::format(
                "30 1 0:50 / /run/containerd/io.containerd.runtime.v2.task/x/{}/rootfs rw - overlay overlay rw\n", id) +
            more);
    };
    mounts.update(table(kId), 10'000);
    mounts.update(table(kId), 12'000);
    mounts.update({}, 20'000);
    mounts.update(table(kOther), 30'000);
    const auto at = [&](std::int64_t time) {
        const auto hit = mounts.find("00:32", time);
        return hit ? std::string(hit->id.substr(0, 1)) + (hit->sure ? "" : "?") : std::string("-");
    };
    EXPECT_EQ(at(9'000), "a");  // the table was read a little after the mount
    EXPECT_EQ(at(12'000), "a");
    EXPECT_EQ(at(15'000), "a?");
    EXPECT_EQ(at(20'000), "a?");  // it went after 12'000, and somebody else may have come and gone
    EXPECT_EQ(at(25'000), "-");
    EXPECT_EQ(at(30'000), "b");
    EXPECT_EQ(at(99'000), "b");
    EXPECT_FALSE(mounts.find("00:33", 15'000));
    EXPECT_FALSE(mounts.find("x", 15'000));
}

TEST_F(AttributionTest, ANumberWhoseContainerMayBeGoneTellsNothingAgainstItsAncestors) {
    const Made early = exec(707, 706, "/bin/true", "true", "00:32");
    attribution.seed();
    const std::string shim = "/usr/bin/containerd-shim-runc-v2 -namespace moby -id " + kOther + " -address s";
    EXPECT_EQ(where(exec(700, 1, "/usr/bin/containerd-shim-runc-v2", shim)), "b runtime");
    attribution.mounts().update({}, now() / 1'000'000 + 10);  // between two looks a ended, and b came and went
    Made late = exec(703, 700, "/bin/true", "true", "00:32");
    late.set_time(now() / 1'000'000 + 5);
    EXPECT_EQ(where(late), "b shim");
    Made orphan = exec(705, 704, "/bin/true", "true", "00:32");
    orphan.set_time(now() / 1'000'000 + 5);
    EXPECT_EQ(where(orphan), "unknown");
    EXPECT_EQ(where(early), "a mount");  // while it was seen there
}

TEST_F(AttributionTest, WhatOrdinaryUsersCallThemselvesIsNotBelieved) {
    attribution.seed();
    tree.process(90, 1, "containerd-shim", "/user.slice", "/tmp/containerd-shim-x", "containerd-shim-x -id " + kOther);
    tree.write(
        "/proc/90/status",
        "Name:\tcontainerd-shim\nState:\tS (sleeping)\nTgid:\t90\nPid:\t90\nPPid:\t1\nUid:\t1000\t1000\t1000\t1000\n"
        "Gid:\t0\t0\t0\t0\nGroups:\t\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t0\nCapAmb:\t0\n");
    EXPECT_EQ(where(Made(91, 90)), "host");
    EXPECT_EQ(where(exec(92, 1, "/tmp/runc", "runc create " + kOther, "fe:00", "/", 1000)), "host");
    EXPECT_EQ(where(exec(93, 1, "/usr/sbin/runc", "runc create " + kOther)), "b runtime");
}

TEST_F(AttributionTest, AProcessThatSeesAnothersFilesStaysWhereItIs) {
    attribution.seed();
    const std::string shim = "/usr/bin/containerd-shim-runc-v2 -namespace moby -id " + kOther + " -address s";
    EXPECT_EQ(where(exec(700, 1, "/usr/bin/containerd-shim-runc-v2", shim)), "b runtime");
    EXPECT_EQ(where(exec(701, 700, "/volume/sh", "sh")), "b shim");
    EXPECT_EQ(where(exec(702, 701, "/rootfs/bin/busybox", "busybox sh", "00:32")), "b ancestor");
    tree.process(703, 701, "busybox", "/docker/" + kOther, "/bin/busybox");
    EXPECT_EQ(where(exec(703, 701, "/rootfs/bin/busybox", "busybox sh", "00:32")), "b cgroup");
}

TEST_F(AttributionTest, ANumberThatIsAnotherProcesssByNowTellsNothing) {
    attribution.seed();
    tree.process(60, 1, "sleep", "/docker/" + kOther, "/bin/sleep", "", 1ULL << 40U);  // it began long after the event
    EXPECT_EQ(where(Made(60, 59)), "unknown");
}

TEST_F(AttributionTest, AnOldLogTellsByItselfAndNothingElseIsAsked) {
    Attribution old({.root = tree.root(), .live = false});
    const auto where_then = [&](const Made& made) {
        const Attributed found = old.resolve(made.facts());
        return found.known ? std::string(old.id(found.container).substr(0, 1)) : "unknown";
    };
    tree.process(60, 1, "sleep", "/docker/" + kOther, "/bin/sleep");
    EXPECT_EQ(where_then(Made(60, 1)), "unknown");
    EXPECT_EQ(where_then(exec(700, 1, "/usr/bin/containerd-shim-runc-v2", "shim -namespace moby -id " + kId)), "a");
    EXPECT_EQ(where_then(exec(701, 700, "/bin/sh", "sh")), "a");
    EXPECT_EQ(where_then(Made(702, 701)), "a");
    EXPECT_EQ(old.asked(), 0U);
}

TEST(RuntimeCommand, CommandLinesOfEveryRuntime) {
    const auto id_of = [](const char* exe, std::vector<std::string> arguments) {
        const RuntimeCommand command = runtime_command(exe, arguments);
        return std::pair(command.kind, std::string(command.id));
    };
    using Kind = RuntimeCommand::Kind;
    EXPECT_EQ(id_of("/usr/bin/conmon", {"conmon", "--api-version", "1", "-c", kId, "-u", kId}),
              std::pair(Kind::shim, kId));
    EXPECT_EQ(id_of("/usr/bin/crun", {"crun", "--systemd-cgroup", "create", "--bundle", "b", kId}),
              std::pair(Kind::runtime, kId));
    EXPECT_EQ(id_of("/usr/sbin/runc", {"runc", "--log", "/run/x/" + kId + "/log.json", "events", "--stats"}),
              std::pair(Kind::runtime, kId));
    EXPECT_EQ(id_of("/usr/sbin/runc", {"runc", "exec", kId, "echo", kOther}), std::pair(Kind::runtime, kId));
    EXPECT_EQ(id_of("/usr/sbin/runc", {"runc", "--version"}), std::pair(Kind::none, std::string()));
    EXPECT_EQ(id_of("/bin/echo", {"echo", kId}), std::pair(Kind::none, std::string()));
    EXPECT_EQ(id_of("/usr/bin/containerd-shim-runc-v2", {"shim", "-id", "short"}),
              std::pair(Kind::none, std::string()));
}

}  // namespace
}  // namespace plimsoll::source
