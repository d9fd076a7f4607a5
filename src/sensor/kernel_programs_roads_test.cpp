#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "sensor/test_kernel.h"

// Roads round a rule about a path: other calls, other spellings, names that change while the kernel looks.

namespace plimsoll::sensor {
namespace {

ino_t number_of(const char* path) {
    struct stat status {};
    return ::stat(path, &status) == 0 ? status.st_ino : 0;
}

/// Opens a path that changes under it until it was the file of that number, and was not, often enough; how often it
/// was.
std::uint32_t hits(const char* path, ino_t wanted) {
    std::uint32_t count = 0, others = 0;
    for (int i = 0; (count < 50 || others < 50) && i < 1'000'000; ++i) {
        const host::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
        struct stat status {};
        if (!file || ::fstat(file.get(), &status) != 0) continue;
        (status.st_ino == wanted ? count : others)++;
        if (i % 50 == 49) ::usleep(100);  // the other thread is to run, on one processor too
    }
    return count;
}

/// A number that a process of the container tells the test.
class Told {
public:
    Told()
        : place_(static_cast<std::atomic<std::uint32_t>*>(
              ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;
    ~Told() { ::munmap(place_, 4096); }
    void operator=(std::uint32_t number) const { place_->store(number); }
    [[nodiscard]] std::uint32_t value() const { return place_->load(); }

private:
    std::atomic<std::uint32_t>* place_;
};

TEST_F(KernelProgramsTest, FollowsMagicLinksOfProc) {
    write("target");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, "/proc/self/environ"}, {PathTest::Kind::exact, at("target")}}));
    container.run([&] {
        read_once("/proc/self/environ");
        read_once(("/proc/self/root" + at("target")).c_str());
    });
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(paths(all, WIRE_NAME), testing::ElementsAre("/proc/self/environ", "/proc/self/root" + at("target")));
    EXPECT_THAT(paths(all)[0], testing::MatchesRegex("/proc/[0-9]+/environ"));
    EXPECT_EQ(paths(all)[1], at("target"));
}

TEST_F(KernelProgramsTest, ARootOfItsOwnHidesNoFile) {
    ::mkdir(at("jail").c_str(), 0755);
    write("jail/wanted");
    const TestContainer container;
    KernelFilter filter = reading({{PathTest::Kind::exact, at("jail/wanted")}});
    filter.files[static_cast<std::size_t>(FileAct::unlink)].paths = {{PathTest::Kind::exact, at("jail/gone")}};
    Sensor sensor(filter);
    const int status = container.run([&] {
        if (::chroot(at("jail").c_str()) != 0 || ::chdir("/") != 0) ::_exit(1);
        read_once("/wanted");
        ::unlink("/gone");
    });
    ASSERT_EQ(status, 0);
    const std::vector<Seen> all = sensor.all();
    const auto calls = of_kind(all, WIRE_CALL);
    ASSERT_THAT(calls, SizeIs(2));
    EXPECT_EQ(calls[0]->text(WIRE_PATH), at("jail/wanted"));
    EXPECT_EQ(calls[0]->text(WIRE_NAME), "/wanted");
    EXPECT_EQ(calls[1]->text(WIRE_NAME), "/gone");
    for (const Seen* each : calls) EXPECT_EQ(each->text(WIRE_ROOT), at("jail"));
}

TEST_F(KernelProgramsTest, TwoRelativeNamesHaveAFolderEach) {
    ::mkdir(at("from").c_str(), 0755);
    ::mkdir(at("to").c_str(), 0755);
    write("from/x");
    const TestContainer container;
    KernelFilter filter;
    filter.succeeded.set(SYS_renameat2);
    Sensor sensor(filter);
    container.run([&] {
        const host::Fd to(::open(at("to").c_str(), O_RDONLY | O_DIRECTORY));
        ::chdir(at("from").c_str());
        ::syscall(SYS_renameat2, AT_FDCWD, "x", to.get(), "y", 0);
    });
    const std::vector<Seen> all = sensor.all();
    const auto renames = of_kind(all, WIRE_CALL, SYS_renameat2);
    ASSERT_THAT(renames, SizeIs(1));
    EXPECT_EQ(renames[0]->text(WIRE_CWD), at("from"));
    EXPECT_EQ(renames[0]->text(WIRE_CWD2), at("to"));
    EXPECT_FALSE(renames[0]->raw.has(WIRE_ROOT));
}

TEST_F(KernelProgramsTest, WhatAContainerCallsItsOwnCgroupsDoesNotMatter) {
    const TestContainer container;
    container.run([] {});
    Sensor sensor{KernelFilter{}};
    std::string folder = container.folder();
    std::vector<std::string> made;
    const std::string other(64, 'e');
    for (int depth = 0; depth < 20; ++depth) {
        folder += depth % 2 == 0 ? "/" + other : "/deep";
        ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
        made.push_back(folder);
    }
    std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> told;  // what stands above, and the container
    const auto take = [&](std::span<const std::byte> bytes) {
        const Seen seen(bytes);
        if (seen->kind == WIRE_CGROUP_MADE)
            told[seen->cgroup] = {seen.raw.arguments->value[0], seen.text(WIRE_CONTAINER)};
    };
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (told.size() < made.size() && std::chrono::steady_clock::now() < until) {
        sensor.rings->drain(1U << 20U, take);  // what is younger than a tenth of a millisecond waits
        sensor.rings->wait(std::chrono::milliseconds(20));
    }
    std::uint64_t above = container.number();
    for (std::size_t i = 0; i < made.size(); ++i) {
        struct stat status {};
        EXPECT_EQ(::stat(made[i].c_str(), &status), 0);
        EXPECT_TRUE(told.contains(status.st_ino)) << i;
        EXPECT_EQ(told[status.st_ino].first, above) << i;
        if (i < 8) {  // further down what stands above tells
            EXPECT_EQ(told[status.st_ino].second, container.id()) << i;
        }
        above = status.st_ino;
    }
    for (auto each = made.rbegin(); each != made.rend(); ++each) ::rmdir(each->c_str());
}

TEST_F(KernelProgramsTest, KeepsPathsOfFourThousandBytes) {
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::name, "at-the-end"}}));
    const std::string part(190, 'd');
    container.run([&] {
        ::chdir(folder_.c_str());
        for (int i = 0; i < 20; ++i) {
            ::mkdir(part.c_str(), 0700);
            ::chdir(part.c_str());
        }
        const host::Fd file(::open("at-the-end", O_RDWR | O_CREAT, 0600));
    });
    const std::vector<Seen> all = sensor.all();
    const auto opens = of_kind(all, WIRE_CALL);
    ASSERT_THAT(opens, SizeIs(1));
    EXPECT_EQ(opens[0]->text(WIRE_PATH).size(), folder_.size() + 20 * 191 + 11);
    EXPECT_THAT(opens[0]->text(WIRE_PATH), EndsWith("/at-the-end"));
    EXPECT_THAT(opens[0]->text(WIRE_PATH), StartsWith(folder_));
    EXPECT_EQ(opens[0]->raw.file->created, 1);
    EXPECT_EQ(opens[0]->text(WIRE_CWD).size(), folder_.size() + 20 * 191);
    EXPECT_FALSE(opens[0]->raw.has(WIRE_PATH_LOST) || opens[0]->raw.has(WIRE_CUT));
}

TEST_F(KernelProgramsTest, APathTooLongToKeepIsSentAndMarked) {
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, "/never"}}));
    const std::string part(250, 'd');
    container.run([&] {
        ::chdir(folder_.c_str());
        for (int i = 0; i < 17; ++i) {
            ::mkdir(part.c_str(), 0700);
            ::chdir(part.c_str());
        }
        read_once("/etc/hostname");
        const host::Fd file(::open("deep", O_RDWR | O_CREAT, 0600));
    });
    const std::vector<Seen> all = sensor.all();
    const auto opens = of_kind(all, WIRE_CALL);
    ASSERT_THAT(opens, SizeIs(1)) << "what cannot be judged is sent";
    EXPECT_TRUE(opens[0]->raw.has(WIRE_CUT));
    EXPECT_EQ(opens[0]->text(WIRE_NAME), "deep");
    EXPECT_THAT(opens[0]->text(WIRE_PATH), StartsWith(folder_ + "/" + part));
}

TEST_F(KernelProgramsTest, AClaimOfAsManyBytesAsACallTakesIsKept) {
    const TestContainer container;
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::mkdir)].all = true;
    Sensor sensor(filter);
    const std::string tail = "/new";
    std::string claim = folder_;
    while (claim.size() + 2 + tail.size() < PATH_MAX) claim += "/.";
    if (claim.size() + tail.size() < PATH_MAX - 1) claim.insert(0, "/");
    claim += tail;
    ASSERT_EQ(claim.size(), static_cast<std::size_t>(PATH_MAX - 1));
    const int status = container.run([&] { ::_exit(::mkdir(claim.c_str(), 0700) == 0 ? 0 : 1); });
    ASSERT_EQ(status, 0);
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(of_kind(all, WIRE_CALL), SizeIs(1));
    EXPECT_EQ(of_kind(all, WIRE_CALL)[0]->text(WIRE_NAME), claim);
    EXPECT_FALSE(of_kind(all, WIRE_CALL)[0]->raw.has(WIRE_CUT));
}

TEST_F(KernelProgramsTest, NamesAreAnyBytes) {
    const std::string name = "\xff\xfe\x80 \n\x01\xc3";
    write(name);
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at(name)}}));
    container.run([&] { read_once(at(name).c_str()); });
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(paths(all), testing::ElementsAre(at(name)));
    EXPECT_THAT(paths(all, WIRE_NAME), testing::ElementsAre(at(name)));
}

TEST_F(KernelProgramsTest, EveryCallThatOpensIsSeen) {
    write("wanted");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}), {.ring_bytes = 1U << 20U, .fold_entries = 0});
    container.run([&] {
        ::syscall(SYS_open, at("wanted").c_str(), O_RDONLY);
        ::syscall(SYS_openat, ::open(folder_.c_str(), O_PATH | O_DIRECTORY), "wanted", O_RDONLY);
        open_how how{.flags = O_RDONLY, .mode = 0, .resolve = RESOLVE_BENEATH};
        ::syscall(SYS_openat2, ::open(folder_.c_str(), O_PATH | O_DIRECTORY), "wanted", &how, sizeof(how));
        alignas(file_handle) unsigned char bytes[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
        auto* const handle = reinterpret_cast<file_handle*>(bytes);
        handle->handle_bytes = MAX_HANDLE_SZ;
        int mount = 0;
        if (::name_to_handle_at(AT_FDCWD, at("wanted").c_str(), handle, &mount, 0) != 0) return;
        ::open_by_handle_at(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY), handle, O_RDONLY);
    });
    std::vector<int> calls;
    const std::vector<Seen> all = sensor.all();
    for (const Seen* each : of_kind(all, WIRE_CALL))
        if (each->raw.head->result >= 0 && each->text(WIRE_PATH) == at("wanted")) calls.push_back(each->raw.head->call);
    ASSERT_GE(calls.size(), 3U);
    if (calls.size() == 3) calls.push_back(SYS_open_by_handle_at);  // a file system without handles
    EXPECT_THAT(calls, testing::ElementsAre(SYS_open, SYS_openat, SYS_openat2, SYS_open_by_handle_at));
}

TEST_F(KernelProgramsTest, ANameThatAnotherThreadSwapsIsTheFileThatWasOpened) {
    write("wanted");
    write("warted");
    const TestContainer container;
    const Told told;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}), {.ring_bytes = 4U << 20U, .fold_entries = 0});
    container.run([&] {
        std::string path = at("warted");
        std::atomic_ref<char> letter(path[folder_.size() + 3]);
        std::jthread swaps([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                letter = 'n';
                letter = 'r';
            }
        });
        told = hits(path.c_str(), number_of(at("wanted").c_str()));
    });
    const std::vector<std::string> seen = paths(sensor.all());
    EXPECT_GT(told.value(), 0U);
    EXPECT_EQ(seen.size(), told.value());
    EXPECT_THAT(seen, testing::Each(at("wanted")));
}

TEST_F(KernelProgramsTest, ALinkThatIsSwappedMeanwhileIsTheFileThatWasOpened) {
    write("wanted");
    write("harmless");
    const TestContainer container;
    const Told told;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}), {.ring_bytes = 4U << 20U, .fold_entries = 0});
    container.run([&] {
        std::jthread swaps([&](const std::stop_token& stop) {
            for (bool first = true; !stop.stop_requested(); first = !first) {
                ::symlink(at(first ? "wanted" : "harmless").c_str(), at("next").c_str());
                ::rename(at("next").c_str(), at("link").c_str());
            }
        });
        while (number_of(at("link").c_str()) == 0) ::sched_yield();
        told = hits(at("link").c_str(), number_of(at("wanted").c_str()));
    });
    const std::vector<std::string> seen = paths(sensor.all());
    EXPECT_GT(told.value(), 0U);
    EXPECT_EQ(seen.size(), told.value());
    EXPECT_THAT(seen, testing::Each(at("wanted")));
}

TEST_F(KernelProgramsTest, ProgramsForNewKernelsAreTakenByThem) {
    utsname kernel{};
    ASSERT_EQ(::uname(&kernel), 0);
    if (int major = 0, minor = 0;
        std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2 || major * 100 + minor < 601)
        GTEST_SKIP() << "an old kernel: " << kernel.release;
    const Sensor sensor{KernelFilter{}};
    EXPECT_THAT(sensor.programs->blind(), testing::Each(testing::Not(testing::HasSubstr("stand in"))));
}

TEST_F(KernelProgramsTest, CallsOfThe32BitInterfaceAreTheSame) {
    write("wanted");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    const int status = container.run([&] {
        auto* const low = static_cast<char*>(
            ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
        std::strcpy(low, at("wanted").c_str());
        long result = 5;  // open
        asm volatile("int $0x80" : "+a"(result) : "b"(low), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
        ::_exit(result >= 0 ? 0 : 1);
    });
    if (status != 0) GTEST_SKIP() << "this kernel takes no 32-bit calls";
    const std::vector<Seen> all = sensor.all();
    const auto opens = of_kind(all, WIRE_CALL);
    ASSERT_THAT(opens, SizeIs(1));
    EXPECT_TRUE(opens[0]->raw.has(WIRE_COMPAT));
    EXPECT_EQ(opens[0]->raw.head->call, SYS_open);
    EXPECT_EQ(opens[0]->text(WIRE_PATH), at("wanted"));
}

}  // namespace
}  // namespace plimsoll::sensor
