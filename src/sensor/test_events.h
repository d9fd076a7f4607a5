#pragma once

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <arpa/inet.h>

#include "sensor/containers.h"
#include "sensor/event_writer.h"
#include "sensor/raw_event.h"

namespace plimsoll::sensor {

/// For tests: an event as the kernel programs would write it, put together in the order in which one tells it.
///
///     TestEvent(WIRE_CALL).of(42, 1000).call(SYS_openat, 3).arguments({AT_FDCWD, 0, O_RDONLY}).file("/etc/shadow")
class TestEvent {
public:
    explicit TestEvent(WireKind kind) {
        writer_.start(kind);
        writer_.head.time = 5'000'000'000;
        writer_.head.flags = WIRE_HOST;
        name("test");
    }

    TestEvent& of(std::uint32_t pid, std::uint64_t start) {
        writer_.head.pid = writer_.head.tid = pid;
        writer_.head.start = start;
        return *this;
    }
    TestEvent& thread(std::uint32_t tid) {
        writer_.head.tid = tid;
        writer_.head.flags = static_cast<wire_u16>(writer_.head.flags | WIRE_THREAD);
        return *this;
    }
    TestEvent& at(std::uint64_t time) { return writer_.head.time = time, *this; }
    TestEvent& name(std::string_view comm) { return writer_.name(comm), *this; }
    TestEvent& cgroup(std::uint64_t number) { return writer_.head.cgroup = number, *this; }
    TestEvent& in_container(std::uint64_t number) {
        writer_.head.flags = static_cast<wire_u16>(writer_.head.flags & ~WIRE_HOST);
        return cgroup(number);
    }
    TestEvent& flag(WireFlag bit) {
        writer_.head.flags = static_cast<wire_u16>(writer_.head.flags | bit);
        return *this;
    }
    TestEvent& call(int number, std::int64_t result) {
        writer_.head.call = static_cast<wire_u16>(number);
        writer_.head.result = result;
        return *this;
    }
    TestEvent& result(std::int64_t result) { return writer_.head.result = result, *this; }
    TestEvent& arguments(std::initializer_list<std::int64_t> values) {
        writer_.has_arguments = true;
        std::size_t i = 0;
        for (const std::int64_t value : values) writer_.arguments.value[i++] = static_cast<wire_u64>(value);
        return *this;
    }
    TestEvent& text(WireTag tag, std::string_view bytes) { return writer_.add(tag, bytes), *this; }
    TestEvent& words(WireTag tag, std::initializer_list<std::string_view> all) {
        return writer_.add_words(tag, std::span(all.begin(), all.size())), *this;
    }
    /// A regular file as the kernel names it.
    TestEvent& file(std::string_view path, std::uint32_t mode = S_IFREG | 0644) {
        writer_.has_file = true;
        writer_.file.mode = mode;
        writer_.file.inode = 4711;
        writer_.file.device = 8U << 20U | 1U;
        return text(WIRE_PATH, path);
    }
    TestEvent& child_of(std::uint32_t parent, std::uint64_t start) {
        writer_.has_task = true;
        writer_.task.parent = writer_.task.ns_parent = parent;
        writer_.task.parent_start = start;
        if (writer_.task.ns_pid == 0) writer_.task.ns_pid = writer_.head.pid;
        writer_.task.threads = 1;
        return *this;
    }
    TestEvent& as(std::uint32_t uid, std::uint32_t loginuid = UINT32_MAX) {
        writer_.has_credentials = true;
        WireCredentials& who = writer_.credentials;
        who.uid = who.euid = who.suid = who.fsuid = who.ns_euid = uid;
        who.gid = who.egid = who.sgid = who.fsgid = uid;
        who.loginuid = loginuid;
        writer_.head.euid = uid;
        return *this;
    }
    TestEvent& socket(int family, int type, std::string_view local, std::uint16_t local_port, std::string_view remote,
                      std::uint16_t remote_port) {
        writer_.has_socket = true;
        WireSocket& to = writer_.socket;
        to.family = static_cast<wire_u16>(family);
        to.type = static_cast<wire_u8>(type);
        to.protocol = static_cast<wire_u16>(family == AF_UNIX ? 0 : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
        to.local_port = local_port;
        to.remote_port = remote_port;
        if (!local.empty()) ::inet_pton(family, std::string(local).c_str(), to.local);
        if (!remote.empty()) ::inet_pton(family, std::string(remote).c_str(), to.remote);
        return *this;
    }

    WireEvent& head() { return writer_.head; }
    WireTask& task() { return writer_.has_task = true, writer_.task; }
    WireCredentials& credentials() { return writer_.has_credentials = true, writer_.credentials; }
    WireFile& wire_file() { return writer_.has_file = true, writer_.file; }
    WireSocket& wire_socket() { return writer_.has_socket = true, writer_.socket; }

    /// As it lies in a ring; valid while this lives and is not changed.
    [[nodiscard]] std::span<const std::byte> bytes() { return writer_.finish(); }
    [[nodiscard]] RawEvent raw() {
        RawEvent out;
        check(parse(bytes(), out));
        return out;
    }

private:
    static void check(bool holds) {
        if (!holds) __builtin_trap();
    }
    EventWriter writer_;
};

/// For tests: containers that a test tells of.
class TestContainers final : public Containers {
public:
    void tell(Container container) {
        container.known = true;
        auto shared = std::make_shared<const Container>(std::move(container));
        known_[shared->id] = shared;
        ++generation_;
    }
    [[nodiscard]] std::shared_ptr<const Container> find(std::string_view id) const override {
        const auto found = known_.find(id);
        return found == known_.end() ? nullptr : found->second;
    }
    [[nodiscard]] std::uint64_t generation() const override { return generation_; }

private:
    std::map<std::string, std::shared_ptr<const Container>, std::less<>> known_;
    std::uint64_t generation_ = 1;
};

inline const std::string kTestContainer = std::string(32, 'a') + std::string(32, '1');

}  // namespace plimsoll::sensor
