#pragma once

// One event as rules and records see it, with a container, its engine's word and its account files: for tests.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "host/temporary_tree.h"
#include "sensor/kernel_event.h"
#include "sensor/process_table.h"
#include "sensor/test_events.h"
#include "sensor/test_fields.h"

namespace plimsoll::sensor {

inline constexpr std::uint64_t kCgroup = 77;

/// A container with a shell in it: process 50 runs bash, 51 a program that bash started.
class KernelEventTest : public testing::Test {
protected:
    KernelEventTest() {
        tree.write("/proc/51/cgroup", "0::/docker/" + kTestContainer + "\n");
        tree.write("/proc/51/root/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/srv:/bin/false\n");
        tree.write("/proc/51/root/etc/group", "root:x:0:\nweb:x:33:\n");
        tree.write("/host/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/zsh\n");
        table.take(TestEvent(WIRE_CGROUP_MADE).cgroup(kCgroup).text(WIRE_CONTAINER, kTestContainer).raw());
        Container container{.id = kTestContainer,
                            .name = "shop",
                            .image = "registry.example:5000/team/shop:1.2",
                            .image_id = "sha256:abc",
                            .engine = "docker",
                            .privileged = true,
                            .started = 1'000'000'000'000,
                            .ip = "172.17.0.2",
                            .health_command = "curl -f http://localhost/"};
        container.mounts.push_back({"/", "/host", "", true, "rslave"});
        container.mounts.push_back({"/srv/data", "/data", "ro", false, "rprivate"});
        container.labels.emplace_back("io.kubernetes.pod.name", "shop-1");
        container.labels.emplace_back("io.kubernetes.pod.namespace", "sales");
        containers.tell(container);
        start(40, 1, 1, "dockerd", "/usr/bin/dockerd", false);
        start(50, 40, 1, "bash", "/usr/bin/bash", true);
        start(51, 50, 1, "cat", "/usr/bin/cat", true);
    }

    void start(std::uint32_t pid, std::uint32_t parent, std::uint64_t parent_start, std::string_view name,
               std::string_view path, bool inside) {
        TestEvent fork(WIRE_FORK);
        fork.of(pid, 1).at(1).name(name).as(0, 1000).child_of(parent, parent_start);
        TestEvent exec(WIRE_EXEC);
        exec.of(pid, 1).at(2).name(name).as(0, 1000).child_of(parent, parent_start).text(WIRE_EXE, path);
        exec.task().tty = 34816;
        exec.task().session = exec.task().ns_session = 50;
        exec.task().group = exec.task().ns_group = pid;
        exec.task().ns_pid = pid;
        exec.text(WIRE_CWD, "/srv").words(WIRE_ARGV, {path, "-n", "x y"});
        exec.wire_file().inode = 99;
        exec.wire_file().layer = WIRE_UPPER;
        exec.wire_file().ctime = 900;
        exec.wire_file().mode = S_IFREG | 0755;
        exec.credentials().effective = exec.credentials().permitted = 1;
        if (inside) {
            fork.in_container(kCgroup);
            exec.in_container(kCgroup);
        }
        table.take(fork.raw());
        table.take(exec.raw());
    }

    /// Becomes the event that it is read from.
    void see(TestEvent event) {
        seen = std::move(event);
        const RawEvent raw = seen.raw();
        event_.start(raw, table.take(raw), ++number);
    }
    static TestEvent call(int number, std::int64_t result) {
        TestEvent out(WIRE_CALL);
        out.of(51, 1).in_container(kCgroup).name("cat").call(number, result);
        return out;
    }
    std::string operator[](std::string_view field) const { return field_text(event_, field); }

    host::TemporaryTree tree;
    TestContainers containers;
    ProcessTable table{containers, {}};
    Users users{tree.at("/proc"), tree.at("/host")};
    DnsNames names;
    Surroundings surroundings{1'000'000'000'000'000'000, "host1", &users, &names};
    TestEvent seen{WIRE_CALL};
    std::uint64_t number = 0;
    KernelEvent event_{surroundings};
};

}  // namespace plimsoll::sensor
