#include "sensor/kernel_programs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "host/fd.h"
#include "rule/kernel_filter.h"
#include "sensor/filter_maps.h"
#include "sensor/test_kernel.h"

namespace plimsoll::sensor {
namespace {

TEST_F(KernelProgramsTest, KnowsAContainerBeforeItsFirstProcess) {
    if (std::system("docker image inspect bb:1.0 >/dev/null 2>&1") != 0) GTEST_SKIP() << "no Docker with image bb:1.0";
    Sensor sensor{KernelFilter{}};
    const std::string name = "kernel-test-" + std::to_string(::getpid());
    ASSERT_EQ(std::system(("docker run --rm --cidfile " + at("id") + " --name " + name +
                           " --network none -w /tmp bb:1.0 sh -c 'exit 7' >/dev/null 2>&1; test $? = 7")
                              .c_str()),
              0);
    const std::vector<Seen> all = sensor.all();
    std::string id;
    std::ifstream(at("id")) >> id;
    const auto of_it = [&](WireKind kind) {
        std::vector<const Seen*> found = of_kind(all, kind);
        std::erase_if(found, [&](const Seen* each) { return each->text(WIRE_CONTAINER) != id; });
        return found;
    };
    const auto made = of_it(WIRE_CGROUP_MADE);
    ASSERT_FALSE(made.empty());
    EXPECT_EQ(id.size(), 64U);
    EXPECT_THAT(made[0]->text(WIRE_PATH), testing::HasSubstr(id));

    const Seen* shell = nullptr;
    for (const Seen* each : of_kind(all, WIRE_EXEC))
        if (each->text(WIRE_ARGV).ends_with(std::string("exit 7\0", 7))) shell = each;
    ASSERT_NE(shell, nullptr);
    EXPECT_GT(shell->raw.head->time, made[0]->raw.head->time);
    EXPECT_EQ(shell->text(WIRE_EXE), "/bin/busybox");
    EXPECT_EQ(shell->text(WIRE_CWD), "/tmp");
    EXPECT_EQ(shell->text(WIRE_ARGV), std::string("sh\0-c\0exit 7\0", 13));
    EXPECT_EQ(shell->raw.task->ns_pid, 1U);
    EXPECT_EQ(shell->raw.file->layer, WIRE_LOWER);
    EXPECT_EQ(shell->raw.credentials->euid, 0U);
    EXPECT_EQ(shell->raw.credentials->ns_euid, 0U);
    bool listed = false;
    for (const Seen* each : made) listed |= each->raw.head->cgroup == shell->raw.head->cgroup;
    EXPECT_TRUE(listed);

    int code = -1;
    for (const Seen* each : of_kind(all, WIRE_EXIT))
        if (each->raw.head->pid == shell->raw.head->pid) code = static_cast<int>(each->raw.head->result);
    EXPECT_EQ(WEXITSTATUS(code), 7);
    EXPECT_THAT(of_it(WIRE_CGROUP_GONE), SizeIs(made.size()));
    for (const Seen& each : all) EXPECT_NE(each->kind, WIRE_CALL) << "nothing was asked for";
}

TEST_F(KernelProgramsTest, TellsDroppedProgramsFromTheImagesOwn) {
    if (std::system("docker image inspect bb:1.0 >/dev/null 2>&1") != 0) GTEST_SKIP() << "no Docker with image bb:1.0";
    Sensor sensor{KernelFilter{}};
    ASSERT_EQ(
        std::system("docker run --rm --network none bb:1.0 sh -c 'cp /bin/busybox /tmp/sleep; /tmp/sleep 0; chmod "
                    "700 /bin/busybox; /bin/busybox true' >/dev/null 2>&1"),
        0);
    std::vector<std::pair<std::string, int>> layers;
    for (const std::vector<Seen> all = sensor.all(); const Seen* each : of_kind(all, WIRE_EXEC))
        layers.emplace_back(each->text(WIRE_EXE), each->raw.file->layer);
    EXPECT_THAT(layers, testing::Contains(std::pair<std::string, int>("/tmp/sleep", WIRE_UPPER)));
    EXPECT_THAT(layers, testing::Contains(std::pair<std::string, int>("/bin/busybox", WIRE_LOWER)));
    EXPECT_THAT(layers, testing::Contains(std::pair<std::string, int>("/bin/busybox", WIRE_COPIED_UP)));
}

TEST_F(KernelProgramsTest, SendsWhatIsWantedAndNothingElse) {
    write("wanted");
    write("other");
    ASSERT_EQ(::symlink(at("wanted").c_str(), at("link").c_str()), 0);
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    container.run([&] {
        read_once(at("other").c_str());
        read_once(at("wanted").c_str());
        const host::Fd written(::open(at("wanted").c_str(), O_WRONLY));  // only reading is wanted
        read_once(at("link").c_str());
    });
    read_once(at("wanted").c_str());  // the host
    const std::vector<Seen> all = sensor.all();
    const auto opens = of_kind(all, WIRE_CALL);
    ASSERT_THAT(opens, SizeIs(1));  // the second, through a link, is the same file: folded
    EXPECT_EQ(opens[0]->text(WIRE_PATH), at("wanted"));
    EXPECT_EQ(opens[0]->text(WIRE_NAME), at("wanted"));
    EXPECT_EQ(opens[0]->raw.head->call, SYS_openat);
    EXPECT_GE(opens[0]->raw.head->result, 3);
    struct stat status {};
    ASSERT_EQ(::stat(at("wanted").c_str(), &status), 0);
    EXPECT_EQ(opens[0]->raw.file->inode, status.st_ino);
    EXPECT_EQ(opens[0]->raw.file->mode, status.st_mode);
    EXPECT_GE(sensor.programs->counts().dropped_by_filter, 2U);

    sensor.programs->flush_folded();
    const std::vector<Seen> later = sensor.all();
    const auto folded = of_kind(later, WIRE_FOLDED);
    ASSERT_THAT(folded, SizeIs(1));
    EXPECT_EQ(folded[0]->raw.arguments->value[0], 1U);
    EXPECT_EQ(folded[0]->text(WIRE_PATH), at("wanted"));
    EXPECT_EQ(folded[0]->raw.file->inode, status.st_ino);
}

TEST_F(KernelProgramsTest, FoldsRepetitionsExactly) {
    write("wanted");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::under, folder_}}));
    container.run([&] {
        for (int i = 0; i < 1000; ++i) read_once(at("wanted").c_str());
    });
    EXPECT_THAT(paths(sensor.all()), SizeIs(1));
    sensor.programs->flush_folded();
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(of_kind(all, WIRE_FOLDED), SizeIs(1));
    EXPECT_EQ(of_kind(all, WIRE_FOLDED)[0]->raw.arguments->value[0], 999U);
    EXPECT_EQ(sensor.programs->counts().folded, 999U);
}

TEST_F(KernelProgramsTest, FoldsWhatAProcessRepeatsOnAnotherProcessor) {
    write("wanted");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::under, folder_}}));
    const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
    container.run([&] {
        for (int i = 0; i < 20; ++i) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(static_cast<std::size_t>(i % processors), &one);
            ::sched_setaffinity(0, sizeof(one), &one);
            read_once(at("wanted").c_str());
        }
    });
    EXPECT_THAT(paths(sensor.all()), SizeIs(1));
}

TEST_F(KernelProgramsTest, AnotherNameOfAFileIsNoRepetition) {
    write("first");
    std::filesystem::create_hard_link(at("first"), at("second"));
    std::filesystem::create_directory(at("folder"));
    const TestContainer container;
    KernelFilter filter = reading({{PathTest::Kind::under, folder_}});
    filter.files[static_cast<std::size_t>(FileAct::read)].climbing = true;
    Sensor sensor(filter);
    container.run([&] {
        for (int i = 0; i < 2; ++i) {
            read_once(at("first").c_str());
            read_once(at("second").c_str());
            read_once(at("folder/../first").c_str());
            read_once(("/proc/self/root" + at("first")).c_str());
        }
    });
    const std::vector<Seen> all = sensor.all();
    EXPECT_THAT(paths(all), testing::ElementsAre(at("first"), at("second"), at("first"), at("first")));
    EXPECT_THAT(paths(all, WIRE_NAME), testing::ElementsAre(at("first"), at("second"), at("folder/../first"),
                                                            "/proc/self/root" + at("first")));
}

TEST_F(KernelProgramsTest, ANumberThatAFileSystemGivesAgainIsNoRepetition) {
    const TestContainer container;
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::create)].paths = {{PathTest::Kind::under, folder_}};
    Sensor sensor(filter);
    std::vector<std::string> made;
    for (int i = 0; i < 20; ++i) made.push_back(at(std::to_string(i)));
    container.run([&] {
        for (const std::string& path : made) {
            const host::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
            ::unlink(path.c_str());
        }
    });
    EXPECT_EQ(paths(sensor.all()), made);
}

TEST_F(KernelProgramsTest, TestsPathsOfAllKinds) {
    std::filesystem::create_directories(at("one/two"));
    for (const char* name : {"one/x", "one/two/x", "name", "two"}) write(name);
    write("long-name-of-more-than-eight-bytes");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::under, at("one/two")},
                           {PathTest::Kind::name, "long-name-of-more-than-eight-bytes"},
                           {PathTest::Kind::name, "name"},
                           {PathTest::Kind::part, "two"}}));
    container.run([&] {
        for (const char* name : {"one/x", "one/two/x", "name", "two", "long-name-of-more-than-eight-bytes"})
            read_once(at(name).c_str());
    });
    EXPECT_THAT(paths(sensor.all()),
                testing::ElementsAre(at("one/two/x"), at("name"), at("two"), at("long-name-of-more-than-eight-bytes")));
}

TEST_F(KernelProgramsTest, NoticesThatAFolderWasRenamedAfterItsVerdictWasRemembered) {
    std::filesystem::create_directories(at("harmless/deep"));
    write("harmless/deep/file");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::part, "wanted"}}));
    container.run([&] {
        for (int i = 0; i < 3; ++i) read_once(at("harmless/deep/file").c_str());
        ::rename(at("harmless").c_str(), at("wanted").c_str());
        read_once(at("wanted/deep/file").c_str());
        ::rename(at("wanted").c_str(), at("harmless").c_str());
        read_once(at("harmless/deep/file").c_str());
    });
    EXPECT_THAT(paths(sensor.all()), testing::ElementsAre(at("wanted/deep/file")));
}

TEST_F(KernelProgramsTest, SendsTheEnvironmentOnlyWhenAsked) {
    const TestContainer container;
    KernelFilter filter;
    Sensor sensor(filter, {.ring_bytes = 1U << 20U, .environment_bytes = 4096});
    const auto run = [&] {
        container.run([] {
            char name[] = "true", variable[] = "SECRET=1";
            char* const arguments[] = {name, nullptr};
            char* const environment[] = {variable, nullptr};
            ::execve("/bin/true", arguments, environment);
        });
        std::vector<std::string> told;
        for (const std::vector<Seen> all = sensor.all(); const Seen* each : of_kind(all, WIRE_EXEC))
            told.push_back(each->text(WIRE_ENV));
        return told;
    };
    EXPECT_THAT(run(), testing::ElementsAre(""));
    filter.environment = true;
    ASSERT_TRUE(sensor.programs->use(filter));
    EXPECT_THAT(run(), testing::ElementsAre(std::string("SECRET=1\0", 9)));
}

TEST_F(KernelProgramsTest, SendsAnswersOfNameServersOnlyWhenAsked) {
    const TestContainer container;
    KernelFilter filter;
    Sensor sensor(filter);
    const auto answers = [&] {
        const int status = container.run([] {
            const auto place = [](std::uint16_t port) {
                return sockaddr_in{.sin_family = AF_INET,
                                   .sin_port = ::htons(port),
                                   .sin_addr = {::htonl(0x7f000099)},
                                   .sin_zero = {}};
            };
            // One server answers as name servers do, the other speaks of something else.
            for (const std::uint16_t port : {std::uint16_t{53}, std::uint16_t{5399}}) {
                sockaddr_in from = place(port), to{};
                socklen_t size = sizeof(to);
                const int server = ::socket(AF_INET, SOCK_DGRAM, 0), client = ::socket(AF_INET, SOCK_DGRAM, 0);
                if (::bind(server, reinterpret_cast<sockaddr*>(&from), sizeof(from)) != 0) ::_exit(1);
                ::sendto(client, "question", 8, 0, reinterpret_cast<sockaddr*>(&from), sizeof(from));
                char text[16];
                ::recvfrom(server, text, sizeof(text), 0, reinterpret_cast<sockaddr*>(&to), &size);
                ::sendto(server, "answer", 6, 0, reinterpret_cast<sockaddr*>(&to), size);
                size = sizeof(from);
                ::recvfrom(client, text, sizeof(text), 0, reinterpret_cast<sockaddr*>(&from), &size);
            }
        });
        EXPECT_EQ(status, 0);
        std::vector<std::string> told;
        for (const std::vector<Seen> all = sensor.all(); const Seen* each : of_kind(all, WIRE_CALL, SYS_recvfrom))
            told.push_back(each->text(WIRE_DATA));
        return told;
    };
    EXPECT_THAT(answers(), IsEmpty());
    filter.names = true;
    ASSERT_TRUE(sensor.programs->use(filter));
    EXPECT_THAT(answers(), testing::ElementsAre("question", "answer"));
}

TEST_F(KernelProgramsTest, CountsWhatIsLostExactly) {
    const TestContainer container;
    KernelFilter filter;
    filter.succeeded.set(SYS_ptrace).set(SYS_sched_get_priority_max);
    Sensor sensor(filter, {.ring_bytes = 4096});
    container.run([] {
        for (int i = 0; i < 1000; ++i) ::syscall(SYS_sched_get_priority_max, 0);
    });
    const KernelCounts counts = sensor.programs->counts();
    std::uint64_t lost = 0;
    for (const auto& each : counts.lost) lost += each[WIRE_LOST_OTHER];
    const std::vector<Seen> all = sensor.all();
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(of_kind(all, WIRE_CALL, SYS_sched_get_priority_max).size() + lost, 1000U);
    EXPECT_FALSE(of_kind(all, WIRE_EXIT).empty()) << "processes have rings of their own";
}

TEST_F(KernelProgramsTest, SeesBothEndsOfConnections) {
    const TestContainer container;
    KernelFilter filter;
    for (const int call : {SYS_connect, SYS_bind, SYS_listen, SYS_accept4, SYS_sendto, SYS_socket, SYS_dup2})
        filter.succeeded.set(static_cast<std::size_t>(call)), filter.failed.set(static_cast<std::size_t>(call));
    Sensor sensor(filter);
    container.run([] {
        sockaddr_in address{
            .sin_family = AF_INET, .sin_port = 0, .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        const int server = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
        ::bind(server, any, sizeof(address));
        ::listen(server, 5);
        socklen_t size = sizeof(address);
        ::getsockname(server, any, &size);
        ::connect(client, any, sizeof(address));
        const int taken = ::accept4(server, nullptr, nullptr, 0);
        ::dup2(taken, 0);
        ::close(server);
        address.sin_port = ::htons(1);
        ::connect(::socket(AF_INET, SOCK_STREAM, 0), any, sizeof(address));  // refused
        address.sin_port = ::htons(53);
        ::sendto(::socket(AF_INET, SOCK_DGRAM, 0), "question", 8, 0, any, sizeof(address));
    });
    const std::vector<Seen> all = sensor.all();
    const auto connects = of_kind(all, WIRE_CALL, SYS_connect);
    ASSERT_THAT(connects, SizeIs(2));
    const WireSocket& first = *connects[0]->raw.socket;
    EXPECT_EQ(connects[0]->raw.head->result, 0);
    EXPECT_EQ(first.family, AF_INET);
    EXPECT_EQ(first.type, SOCK_STREAM);
    EXPECT_EQ(first.remote[0], 127);
    EXPECT_GT(first.remote_port, 0);
    EXPECT_GT(first.local_port, 0);
    EXPECT_EQ(connects[1]->raw.head->result, -ECONNREFUSED);
    EXPECT_EQ(connects[1]->raw.socket->remote_port, 1);
    const auto accepts = of_kind(all, WIRE_CALL, SYS_accept4);
    ASSERT_THAT(accepts, SizeIs(1));
    EXPECT_EQ(accepts[0]->raw.socket->remote_port, first.local_port);
    EXPECT_EQ(accepts[0]->raw.socket->local_port, first.remote_port);
    const auto copies = of_kind(all, WIRE_CALL, SYS_dup2);
    ASSERT_THAT(copies, SizeIs(1));
    ASSERT_NE(copies[0]->raw.socket, nullptr) << "what a reverse shell does";
    EXPECT_EQ(copies[0]->raw.socket->remote_port, first.local_port);
    const auto sent = of_kind(all, WIRE_CALL, SYS_sendto);
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(sent[0]->raw.socket->remote_port, 53);
    EXPECT_EQ(sent[0]->text(WIRE_DATA), "question") << "names that are looked up are sent without being asked for";
    EXPECT_THAT(of_kind(all, WIRE_CALL, SYS_socket), SizeIs(4));
}

TEST_F(KernelProgramsTest, FoldsConnectionsBetweenTheSameTwo) {
    const TestContainer container;
    KernelFilter filter;
    filter.succeeded.set(SYS_connect).set(SYS_accept4);
    Sensor sensor(filter);
    container.run([] {
        sockaddr_in address{
            .sin_family = AF_INET, .sin_port = 0, .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        const int server = ::socket(AF_INET, SOCK_STREAM, 0);
        ::bind(server, any, sizeof(address));
        ::listen(server, 5);
        socklen_t size = sizeof(address);
        ::getsockname(server, any, &size);
        for (int i = 0; i < 5; ++i) {
            const host::Fd client(::socket(AF_INET, SOCK_STREAM, 0));
            ::connect(client.get(), any, sizeof(address));
            const host::Fd taken(::accept4(server, nullptr, nullptr, 0));
        }
    });
    const std::vector<Seen> first = sensor.all();
    EXPECT_THAT(of_kind(first, WIRE_CALL, SYS_connect), SizeIs(1));
    EXPECT_THAT(of_kind(first, WIRE_CALL, SYS_accept4), SizeIs(1)) << "each came from another port";
    sensor.programs->flush_folded();
    const std::vector<Seen> later = sensor.all();
    const auto folded = of_kind(later, WIRE_FOLDED);
    ASSERT_THAT(folded, SizeIs(2));
    for (const Seen* each : folded) EXPECT_EQ(each->raw.arguments->value[0], 4U);
}

TEST_F(KernelProgramsTest, TellsWhatCallersWroteOfCallsThatNameFiles) {
    std::filesystem::create_directories(at("sub"));
    const TestContainer container;
    KernelFilter filter;
    for (const FileAct act : {FileAct::unlink, FileAct::rename, FileAct::mkdir, FileAct::chmod, FileAct::symlink})
        filter.files[static_cast<std::size_t>(act)].paths = {{PathTest::Kind::under, folder_}};
    Sensor sensor(filter);
    container.run([&] {
        ::mkdir("/tmp/plimsoll-kernel-elsewhere", 0700);  // not wanted
        ::rmdir("/tmp/plimsoll-kernel-elsewhere");
        ::mkdir(at("made").c_str(), 0700);
        ::symlink("/etc/shadow", at("link").c_str());
        ::rename(at("link").c_str(), at("renamed").c_str());
        ::chmod(at("made").c_str(), 0755);
        ::fchmod(::open(at("made").c_str(), O_RDONLY | O_DIRECTORY), 0700);
        ::chdir(at("sub").c_str());
        ::unlink("../renamed");
    });
    const std::vector<Seen> all = sensor.all();
    const auto calls = of_kind(all, WIRE_CALL);
    ASSERT_THAT(calls, SizeIs(6));
    EXPECT_EQ(calls[0]->text(WIRE_NAME), at("made"));
    EXPECT_EQ(calls[1]->text(WIRE_NAME), at("link"));
    EXPECT_EQ(calls[1]->text(WIRE_NAME2), "/etc/shadow");
    EXPECT_EQ(calls[2]->text(WIRE_NAME), at("link"));
    EXPECT_EQ(calls[2]->text(WIRE_NAME2), at("renamed"));
    EXPECT_EQ(calls[3]->text(WIRE_NAME), at("made"));
    EXPECT_EQ(calls[4]->text(WIRE_PATH), at("made"));
    EXPECT_EQ(calls[5]->text(WIRE_NAME), "../renamed");
    EXPECT_EQ(calls[5]->text(WIRE_CWD), at("sub"));
}

TEST_F(KernelProgramsTest, WhatACallWithADescriptorAloneChangesIsNamedByTheKernel) {
    write("file");
    const TestContainer container;
    KernelFilter filter;
    for (const FileAct act : {FileAct::chown, FileAct::chmod, FileAct::link})
        filter.files[static_cast<std::size_t>(act)].paths = {{PathTest::Kind::under, folder_}};
    Sensor sensor(filter);
    container.run([&] {
        const int file = ::open(at("file").c_str(), O_RDONLY);
        ::fchown(file, 0, 0);
        ::fchownat(file, "", 0, 0, AT_EMPTY_PATH);
        ::linkat(file, "", AT_FDCWD, at("other").c_str(), AT_EMPTY_PATH);
    });
    const std::vector<Seen> all = sensor.all();
    const auto calls = of_kind(all, WIRE_CALL);
    ASSERT_THAT(calls, SizeIs(3));
    for (const Seen* each : calls) EXPECT_EQ(each->text(WIRE_PATH), at("file"));
    EXPECT_EQ(calls[2]->text(WIRE_NAME2), at("other"));
}

TEST_F(KernelProgramsTest, WishesForProgramsGoByTheNameThatTheProgramBeganWith) {
    const TestContainer container;
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::read)].programs = {"cat"};
    Sensor sensor(filter);
    const auto run = [&](const char* path, const char* name) {
        container.run([&] {
            ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
            ::execl(path, name, "/etc/hostname", nullptr);
        });
    };
    run("/bin/cat", "cat");
    run("/usr/bin/head", "head");
    std::size_t hits = 0;
    const std::vector<Seen> all = sensor.all();
    for (const Seen* each : of_kind(all, WIRE_CALL)) {
        EXPECT_EQ(each->raw.head->comm, std::string_view("cat"));
        hits += each->text(WIRE_NAME) == "/etc/hostname" ? 1 : 0;
    }
    EXPECT_EQ(hits, 1U);
}

TEST_F(KernelProgramsTest, SeesTwoPointsInWhatTheCallerWrote) {
    std::filesystem::create_directories(at("deep"));
    write("a");
    write("b");
    const TestContainer container;
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::read)].climbing = true;
    Sensor sensor(filter);
    std::string far = folder_;
    for (int i = 0; i < 30; ++i) far += "/.";
    container.run([&] {
        read_once(at("a").c_str());
        read_once(at("deep/../a").c_str());
        read_once((far + "/b").c_str());  // longer than what is looked at first
        read_once((far + "/deep/../b").c_str());
    });
    EXPECT_THAT(paths(sensor.all(), WIRE_NAME), testing::ElementsAre(at("deep/../a"), far + "/deep/../b"));
}

TEST_F(KernelProgramsTest, SeesFailedOpensWhereTheyAreWanted) {
    const TestContainer container;
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::failed)].paths = {{PathTest::Kind::under, at("wanted")}};
    Sensor sensor(filter);
    container.run([&] {
        ::open(at("elsewhere").c_str(), O_RDONLY);
        ::open(at("wanted/missing").c_str(), O_RDONLY);
    });
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(of_kind(all, WIRE_CALL), SizeIs(1));
    EXPECT_EQ(of_kind(all, WIRE_CALL)[0]->text(WIRE_NAME), at("wanted/missing"));
    EXPECT_EQ(of_kind(all, WIRE_CALL)[0]->raw.head->result, -ENOENT);
}

TEST_F(KernelProgramsTest, AnotherFilterTakesOver) {
    write("first");
    write("second");
    write("both");
    const TestContainer container;
    const PathTest both{PathTest::Kind::exact, at("both")};
    Sensor sensor(reading({{PathTest::Kind::exact, at("first")}, both}), {.ring_bytes = 4U << 20U, .fold_entries = 0});
    const auto round = [&] {
        for (const char* name : {"first", "second", "both"}) read_once(at(name).c_str());
    };
    container.run(round);
    EXPECT_THAT(paths(sensor.all()), testing::ElementsAre(at("first"), at("both")));
    ASSERT_TRUE(sensor.programs->use(reading({{PathTest::Kind::exact, at("second")}, both})));
    container.run(round);
    EXPECT_THAT(paths(sensor.all()), testing::ElementsAre(at("second"), at("both")));

    // What both want is told without a gap while filters change.
    std::jthread changes([&](const std::stop_token& stop) {
        while (!stop.stop_requested())
            for (const char* name : {"first", "second"})
                EXPECT_TRUE(sensor.programs->use(reading({{PathTest::Kind::exact, at(name)}, both})));
    });
    container.run([&] {
        for (int i = 0; i < 3000; ++i) read_once(at("both").c_str());
    });
    changes.request_stop();
    changes.join();
    EXPECT_THAT(paths(sensor.all()), testing::AllOf(SizeIs(3000), testing::Each(at("both"))));
}

TEST_F(KernelProgramsTest, DecidesAsTheModelOfItDoes) {
    std::mt19937 random(4);
    const auto one_of = [&](std::initializer_list<const char*> all) { return all.begin()[random() % all.size()]; };
    const auto name = [&] {
        return std::string(one_of({"a", "bb", "ccc.d", "eight-by", "nine-byte", "seventeen-bytes-x"}));
    };
    std::vector<std::string> files;
    KernelFilter filter = reading({});
    auto& tests = filter.files[static_cast<std::size_t>(FileAct::read)].paths;
    for (int i = 0; i < 80; ++i) {
        std::string path = folder_;
        for (std::uint32_t parts = random() % 4; parts > 0; --parts) path += "/" + name() + "-folder";
        std::filesystem::create_directories(path);
        path += "/" + name();
        std::ofstream(path) << "x";
        files.push_back(path);
        if (i % 8 == 0) tests.push_back({PathTest::Kind::exact, path});
        if (i % 16 == 1) tests.push_back({PathTest::Kind::under, path.substr(0, path.rfind('/'))});
    }
    tests.erase(std::ranges::remove(tests, folder_, &PathTest::text).begin(), tests.end());
    tests.push_back({PathTest::Kind::name, "nine-byte"});
    tests.push_back({PathTest::Kind::part, "bb-folder"});
    const TestContainer container;
    Sensor sensor(filter, {.ring_bytes = 4U << 20U, .fold_entries = 0});
    for (int round = 0; round < 2; ++round) {  // judged, then remembered
        container.run([&] {
            for (const std::string& file : files) read_once(file.c_str());
        });
        std::vector<std::string> expected;
        for (const std::string& file : files)
            if (rule::sends(
                    filter,
                    {.call = SYS_openat, .acts = 1, .path = file, .name = file, .second_path = {}, .program = {}}))
                expected.push_back(file);
        EXPECT_FALSE(expected.empty());
        EXPECT_LT(expected.size(), files.size());
        EXPECT_EQ(paths(sensor.all()), expected);
    }
}

TEST_F(KernelProgramsTest, KnowsContainersThatWereThereBefore) {
    write("wanted");
    const TestContainer container;
    container.run([] {});
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    container.run([&] { read_once(at("wanted").c_str()); });
    EXPECT_THAT(paths(sensor.all()), IsEmpty());
    const std::pair<std::uint64_t, std::string> cgroup{container.number(), container.id()};
    sensor.programs->know(std::span(&cgroup, 1));
    container.run([&] { read_once(at("wanted").c_str()); });
    EXPECT_THAT(paths(sensor.all()), testing::ElementsAre(at("wanted")));
}

TEST_F(KernelProgramsTest, ReadsWhoAsksAnEngineForWhat) {
    Sensor sensor{KernelFilter{}};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, at("engine.sock").c_str(), sizeof(address.sun_path) - 1);
    const host::Fd listening(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(::listen(listening.get(), 1), 0);
    const pid_t engine = ::fork();
    if (engine == 0) {
        const int taken = ::accept(listening.get(), nullptr, nullptr);
        char request[4096];
        [[maybe_unused]] const auto ignored = ::read(taken, request, sizeof(request));
        ::_exit(0);
    }
    const std::uint32_t pid = static_cast<std::uint32_t>(engine);
    sensor.programs->watch_engines(std::span(&pid, 1));
    const host::Fd asking(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(asking.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const std::string_view request = "POST /v1.41/exec/0123/start HTTP/1.1\r\nHost: docker\r\n\r\n";
    ASSERT_EQ(::write(asking.get(), request.data(), request.size()), static_cast<ssize_t>(request.size()));
    ::waitpid(engine, nullptr, 0);
    const Seen* found = nullptr;
    const std::vector<Seen> all = sensor.all();
    for (const Seen& each : all)
        if (each->kind == WIRE_REQUEST) found = &each;
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->text(WIRE_DATA), "POST /v1.41/exec/0123/start HTTP/1.1");
    EXPECT_EQ(found->raw.socket->peer_pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(found->raw.socket->peer_uid, ::geteuid());
    EXPECT_EQ(found->raw.head->pid, pid);
}

}  // namespace
}  // namespace plimsoll::sensor
