#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sensor/test_kernel.h"

// Each call for itself: one made for real is one event, with its number, its outcome and what it was given.

namespace plimsoll::sensor {
namespace {

/// Hands one request to io_uring; what the kernel made of it, below 0 where it has no io_uring.
int by_io_uring(const std::function<void(io_uring_sqe&)>& fill) {
    io_uring_params parameters{};
    const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters));
    if (ring < 0) return ring;
    const auto map = [&](std::size_t bytes, off_t what) {
        return static_cast<char*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what));
    };
    char* const queue = map(parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
    auto* const request =
        reinterpret_cast<io_uring_sqe*>(map(parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
    fill(*request);
    *reinterpret_cast<unsigned*>(queue + parameters.sq_off.array) = 0;
    *reinterpret_cast<unsigned*>(queue + parameters.sq_off.tail) = 1;
    return static_cast<int>(::syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0));
}

/// A call that is told by its numbers, made with these; what comes of it does not matter.
struct PlainCall {
    const char* name;
    long number;
    std::array<long, 4> given;
    std::size_t count;  ///< of these
};

constexpr long kNowhere = 0x1000;  // no memory of the process

constexpr PlainCall kPlain[] = {
    {"ptrace", SYS_ptrace, {2, 1, kNowhere, 3}, 4},
    {"process_vm_readv", SYS_process_vm_readv, {1, kNowhere, 1, kNowhere}, 4},
    {"process_vm_writev", SYS_process_vm_writev, {1, kNowhere, 2, kNowhere}, 4},
    {"bpf", SYS_bpf, {77, kNowhere, 8, 0}, 3},
    {"init_module", SYS_init_module, {kNowhere, 0, kNowhere, 0}, 3},
    {"delete_module", SYS_delete_module, {kNowhere, 0x800, 0, 0}, 2},
    {"userfaultfd", SYS_userfaultfd, {0x7f, 0, 0, 0}, 1},
    {"keyctl", SYS_keyctl, {0, -5, 0, 0}, 3},
    {"add_key", SYS_add_key, {kNowhere, kNowhere, kNowhere, 9}, 4},
    {"request_key", SYS_request_key, {kNowhere, kNowhere, 0, -5}, 4},
    {"io_uring_setup", SYS_io_uring_setup, {0, kNowhere, 0, 0}, 2},
    {"unshare", SYS_unshare, {0, 0, 0, 0}, 1},
    {"perf_event_open", SYS_perf_event_open, {kNowhere, 0, -1, -1}, 4},
    {"kexec_load", SYS_kexec_load, {kNowhere, 99, kNowhere, 0x7f}, 4},
    {"setsid", SYS_setsid, {0, 0, 0, 0}, 0},
    {"prctl", SYS_prctl, {3, 0, 0, 0}, 1},
    {"personality", SYS_personality, {0xffffffff, 0, 0, 0}, 1},
    {"pidfd_getfd", SYS_pidfd_getfd, {-1, 5, 0, 0}, 3},
};

TEST_F(KernelProgramsTest, EachPlainCallIsOneEventWithWhatItWasGiven) {
    const TestContainer container;
    KernelFilter filter;
    for (const PlainCall& call : kPlain)
        filter.succeeded.set(static_cast<std::size_t>(call.number)),
            filter.failed.set(static_cast<std::size_t>(call.number));
    Sensor sensor(filter);
    container.run([] {
        for (const PlainCall& call : kPlain)
            ::syscall(call.number, call.given[0], call.given[1], call.given[2], call.given[3]);
    });
    const std::vector<Seen> all = sensor.all();
    for (const PlainCall& call : kPlain) {
        SCOPED_TRACE(call.name);
        const auto told = of_kind(all, WIRE_CALL, static_cast<int>(call.number));
        EXPECT_THAT(told, SizeIs(1));
        if (told.empty() || told[0]->raw.arguments == nullptr) continue;
        for (std::size_t i = 0; i < call.count; ++i)
            EXPECT_EQ(static_cast<std::int32_t>(told[0]->raw.arguments->value[i]),
                      static_cast<std::int32_t>(call.given[i]))
                << "argument " << i;
    }
}

TEST_F(KernelProgramsTest, CallsThatNameADescriptorOrAPathTellWhatIsBehindIt) {
    write("module");
    const TestContainer container;
    KernelFilter filter;
    for (const int call : {SYS_setns, SYS_finit_module, SYS_memfd_create, SYS_umount2, SYS_mount, SYS_pivot_root,
                           SYS_setuid, SYS_capset, SYS_chdir})
        filter.succeeded.set(static_cast<std::size_t>(call)), filter.failed.set(static_cast<std::size_t>(call));
    Sensor sensor(filter);
    container.run([&] {
        ::syscall(SYS_setns, ::open("/proc/self/ns/uts", O_RDONLY), 0);
        ::syscall(SYS_finit_module, ::open(at("module").c_str(), O_RDONLY), "", 0);
        ::syscall(SYS_memfd_create, "hidden", 0);
        ::syscall(SYS_umount2, at("nothing").c_str(), 8);
        ::syscall(SYS_mount, "none", at("nothing").c_str(), "tmpfs", 0, nullptr);
        ::syscall(SYS_pivot_root, at("a").c_str(), at("b").c_str());
        ::syscall(SYS_setuid, 0);
        ::syscall(SYS_capset, kNowhere, kNowhere);
        std::filesystem::create_symlink(folder_, at("link"));
        ::syscall(SYS_chdir, at("link").c_str());
        ::syscall(SYS_chdir, at("nothing").c_str());
    });
    const std::vector<Seen> all = sensor.all();
    const auto told = [&](int call, std::size_t number = 0) -> const Seen& {
        const auto found = of_kind(all, WIRE_CALL, call);
        EXPECT_GT(found.size(), number) << "call " << call;
        return found.size() > number ? *found[number] : all.front();
    };
    ASSERT_FALSE(all.empty());
    EXPECT_NE(told(SYS_setns).raw.file, nullptr);
    EXPECT_EQ(told(SYS_setns)->result, 0);
    EXPECT_EQ(told(SYS_finit_module).text(WIRE_PATH), at("module"));
    EXPECT_LT(told(SYS_finit_module)->result, 0);
    EXPECT_EQ(told(SYS_memfd_create).text(WIRE_NAME), "hidden");
    EXPECT_EQ(told(SYS_umount2).text(WIRE_NAME), at("nothing"));
    EXPECT_EQ(told(SYS_mount).text(WIRE_NAME), at("nothing"));
    EXPECT_EQ(told(SYS_mount).text(WIRE_NAME2), "none");
    EXPECT_EQ(told(SYS_pivot_root).text(WIRE_NAME2), at("b"));
    EXPECT_EQ(told(SYS_setuid)->result, 0);
    EXPECT_LT(told(SYS_capset)->result, 0);
    EXPECT_EQ(told(SYS_chdir).text(WIRE_NAME), at("link"));
    EXPECT_EQ(told(SYS_chdir).text(WIRE_PATH), folder_) << "where it led";
    EXPECT_LT(told(SYS_chdir, 1)->result, 0);
    EXPECT_EQ(told(SYS_chdir, 1).text(WIRE_PATH), "") << "it led nowhere";
}

TEST_F(KernelProgramsTest, AnOpenByAHandleMayBeWantedWhateverItLeadsTo) {
    write("any");
    const TestContainer container;
    KernelFilter filter;
    filter.succeeded.set(SYS_open_by_handle_at);
    filter.failed.set(SYS_open_by_handle_at);
    Sensor sensor(filter);
    const int status = container.run([&] {
        alignas(file_handle) unsigned char bytes[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
        auto* const handle = reinterpret_cast<file_handle*>(bytes);
        handle->handle_bytes = MAX_HANDLE_SZ;
        int mount = 0;
        if (::name_to_handle_at(AT_FDCWD, at("any").c_str(), handle, &mount, 0) != 0) ::_exit(1);
        const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
        ::open(at("any").c_str(), O_RDONLY);
        if (::open_by_handle_at(folder, handle, O_RDONLY) < 0) ::_exit(1);
        ::open_by_handle_at(-1, handle, O_RDONLY);
    });
    if (status != 0) GTEST_SKIP() << "a file system without handles";
    const std::vector<Seen> all = sensor.all();
    const auto told = of_kind(all, WIRE_CALL);
    ASSERT_THAT(told, SizeIs(2)) << "the plain open is wanted by nobody";
    EXPECT_EQ(told[0]->raw.head->call, SYS_open_by_handle_at);
    EXPECT_EQ(told[0]->text(WIRE_PATH), at("any"));
    EXPECT_EQ(told[1]->raw.head->result, -EBADF);
}

TEST_F(KernelProgramsTest, ConnectsOfThe32BitInterfaceAreTheSame) {
    const TestContainer container;
    KernelFilter filter;
    filter.failed.set(SYS_connect);
    Sensor sensor(filter, {.ring_bytes = 1U << 20U, .fold_entries = 0});
    const int status = container.run([] {
        auto* const low = static_cast<char*>(
            ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
        const sockaddr_in address{
            .sin_family = AF_INET, .sin_port = ::htons(9), .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        std::memcpy(low, &address, sizeof address);
        const auto descriptor = static_cast<std::uint32_t>(::socket(AF_INET, SOCK_STREAM, 0));
        const auto place = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(low));
        const std::uint32_t words[3] = {descriptor, place, sizeof address};
        std::memcpy(low + 64, words, sizeof words);
        const auto call = [](long number, long first, long second, long third) {
            long result = number;
            asm volatile("int $0x80"
                         : "+a"(result)
                         : "b"(first), "c"(second), "d"(third)
                         : "memory", "r8", "r9", "r10", "r11");
            return result;
        };
        if (call(362, descriptor, place, sizeof address) != -ECONNREFUSED) ::_exit(1);  // connect
        call(102, 3, place + 64, 0);                                                    // socketcall, connect
    });
    if (status != 0) GTEST_SKIP() << "this kernel has no 32-bit calls";
    const std::vector<Seen> all = sensor.all();
    const auto told = of_kind(all, WIRE_CALL, SYS_connect);
    ASSERT_THAT(told, SizeIs(2));
    for (const Seen* each : told) {
        EXPECT_TRUE(each->raw.has(WIRE_COMPAT));
        ASSERT_NE(each->raw.socket, nullptr);
        EXPECT_EQ(each->raw.socket->remote_port, 9);
        EXPECT_EQ(each->raw.head->result, -ECONNREFUSED);
    }
}

TEST_F(KernelProgramsTest, PodmansContainersAreKnownWithAPodAndWithout) {
    const std::string own = v2_root() + "/plimsoll-pods-" + std::to_string(::getpid()), parent = own + "/libpod_parent";
    const std::string pod(64, 'b'), alone(64, 'c'), within(64, 'd'), monitor(64, 'e');
    Sensor sensor{KernelFilter{}};
    const std::vector<std::string> made = {own,
                                           parent,
                                           parent + "/libpod-" + alone,
                                           parent + "/libpod-conmon-" + monitor,
                                           parent + "/" + pod,
                                           parent + "/" + pod + "/libpod-" + within};
    for (const std::string& folder : made) std::filesystem::create_directory(folder);
    std::vector<std::string> told;
    for (const std::vector<Seen> all = sensor.all(); const Seen* each : of_kind(all, WIRE_CGROUP_MADE))
        if (const std::string id = each->text(WIRE_CONTAINER);
            id == pod || id == alone || id == within || id == monitor)
            told.push_back(id);
    for (auto each = made.rbegin(); each != made.rend(); ++each) ::rmdir(each->c_str());
    EXPECT_THAT(told, testing::ElementsAre(alone, within));
}

TEST_F(KernelProgramsTest, AnExecTellsHowItsProgramWasNamed) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    std::filesystem::create_symlink("/bin/true", at("tool"));
    std::ofstream(at("script")) << "#!/bin/sh\nexit 0\n";
    std::filesystem::permissions(at("script"), std::filesystem::perms::all);
    for (const std::string& name : {at("tool"), at("script")})
        container.run([&] { ::execl(name.c_str(), "renamed", nullptr); });
    const std::vector<Seen> all = sensor.all();
    const auto told = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(told, SizeIs(2));
    EXPECT_EQ(told[0]->text(WIRE_NAME), at("tool"));
    EXPECT_NE(told[0]->text(WIRE_EXE), at("tool"));
    EXPECT_FALSE(told[0]->raw.has(WIRE_SCRIPT));
    EXPECT_EQ(told[1]->text(WIRE_NAME), at("script"));
    EXPECT_EQ(told[1]->text(WIRE_SCRIPT), at("script"));
}

TEST_F(KernelProgramsTest, SeesRequestsThatIoUringTakesUp) {
    const TestContainer container;
    KernelFilter filter = reading({{PathTest::Kind::exact, "/etc/hostname"}});
    filter.succeeded.set(SYS_connect);
    Sensor sensor(filter);
    const int status = container.run([] {
        const int opened = by_io_uring([](io_uring_sqe& request) {
            request.opcode = IORING_OP_OPENAT;
            request.fd = AT_FDCWD;
            request.addr = reinterpret_cast<std::uint64_t>("/etc/hostname");
        });
        const sockaddr_in address{
            .sin_family = AF_INET, .sin_port = ::htons(9), .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        ::chdir("/etc");
        const int relative = by_io_uring([](io_uring_sqe& request) {
            request.opcode = IORING_OP_OPENAT;
            request.fd = AT_FDCWD;
            request.addr = reinterpret_cast<std::uint64_t>("hostname");
        });
        const int connected = by_io_uring([&](io_uring_sqe& request) {
            request.opcode = IORING_OP_CONNECT;
            request.fd = ::socket(AF_INET, SOCK_STREAM, 0);
            request.addr = reinterpret_cast<std::uint64_t>(&address);
            request.off = sizeof(address);
        });
        ::_exit(opened == 1 && relative == 1 && connected == 1 ? 0 : 1);
    });
    if (status != 0) {
        io_uring_params parameters{};
        ASSERT_LT(::syscall(SYS_io_uring_setup, 1, &parameters), 0) << "a request failed";
        GTEST_SKIP() << "this kernel refuses io_uring";
    }
    const auto blind = sensor.programs->blind();
    if (std::ranges::any_of(blind,
                            [](const std::string& each) { return each.find("io_uring are not seen") != each.npos; }))
        GTEST_SKIP() << "this kernel does not tell of io_uring's requests, and that is said";
    const std::vector<Seen> all = sensor.all();
    const auto requests = of_kind(all, WIRE_URING);
    ASSERT_THAT(requests, SizeIs(3));
    EXPECT_EQ(requests[0]->raw.head->call, SYS_openat);
    EXPECT_EQ(requests[0]->text(WIRE_NAME), "/etc/hostname");
    EXPECT_EQ(requests[1]->text(WIRE_NAME), "hostname");
    EXPECT_EQ(requests[1]->text(WIRE_CWD), "/etc");
    EXPECT_EQ(requests[2]->raw.head->call, SYS_connect);
    ASSERT_NE(requests[2]->raw.socket, nullptr);
    EXPECT_EQ(requests[2]->raw.socket->family, AF_INET);
    EXPECT_EQ(requests[2]->raw.socket->remote_port, 9);
    EXPECT_EQ(requests[2]->raw.socket->remote[0], 127);
}

TEST_F(KernelProgramsTest, SeesWhichSocketIoUringIsToUse) {
    const TestContainer container;
    KernelFilter filter;
    for (const int call : {SYS_sendto, SYS_sendmsg, SYS_accept4, SYS_socket})
        filter.succeeded.set(static_cast<std::size_t>(call));
    filter.files[static_cast<std::size_t>(FileAct::unlink)].all = true;
    Sensor sensor(filter);
    const int status = container.run([&] {
        sockaddr_in address{
            .sin_family = AF_INET, .sin_port = ::htons(9), .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        const int connected = ::socket(AF_INET, SOCK_DGRAM, 0);
        ::connect(connected, reinterpret_cast<sockaddr*>(&address), sizeof(address));
        int done = 0;
        for (const int operation : {IORING_OP_SEND, IORING_OP_SEND_ZC}) {
            done += by_io_uring([&](io_uring_sqe& request) {
                request.opcode = static_cast<std::uint8_t>(operation);
                request.fd = connected;
                request.addr = reinterpret_cast<std::uint64_t>("secret");
                request.len = 6;
            });
        }
        done += by_io_uring([&](io_uring_sqe& request) {
            request.opcode = IORING_OP_UNLINKAT;
            request.fd = AT_FDCWD;
            request.addr = reinterpret_cast<std::uint64_t>("/no/such/file");
        });
        ::dup2(connected, AF_INET);  // the number that a new socket's request has in a descriptor's place
        done += by_io_uring([](io_uring_sqe& request) {
            request.opcode = IORING_OP_SOCKET;
            request.fd = AF_INET;
            request.off = SOCK_STREAM;
        });
        ::_exit(done == 4 ? 0 : 1);
    });
    const auto blind = sensor.programs->blind();
    if (status != 0 || std::ranges::any_of(blind, [](const std::string& each) {
            return each.find("io_uring are not seen") != each.npos;
        }))
        GTEST_SKIP() << "this kernel refuses io_uring, or does not tell of its requests";
    const std::vector<Seen> all = sensor.all();
    const auto requests = of_kind(all, WIRE_URING);
    ASSERT_THAT(requests, SizeIs(4));
    EXPECT_EQ(requests[3]->raw.head->call, SYS_socket);
    EXPECT_EQ(requests[3]->raw.socket, nullptr);
    ASSERT_NE(requests[3]->raw.arguments, nullptr);
    EXPECT_EQ(requests[3]->raw.arguments->value[0], AF_INET);
    EXPECT_EQ(requests[3]->raw.arguments->value[1], SOCK_STREAM);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(requests[i]->raw.head->call, SYS_sendto);
        ASSERT_NE(requests[i]->raw.socket, nullptr);
        EXPECT_EQ(requests[i]->raw.socket->family, AF_INET);
        EXPECT_EQ(requests[i]->raw.socket->remote_port, 9);
    }
    EXPECT_EQ(requests[2]->raw.head->call, SYS_unlinkat);
    EXPECT_EQ(requests[2]->text(WIRE_NAME), "/no/such/file");
}

}  // namespace
}  // namespace plimsoll::sensor
