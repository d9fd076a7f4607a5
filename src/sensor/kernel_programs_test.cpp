#include "sensor/kernel_programs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "host/fd.h"
#include "rule/kernel_filter.h"
#include "sensor/filter_maps.h"
#include "sensor/raw_event.h"
#include "sensor/rings.h"

namespace plimsoll::sensor {
namespace {

using model::FileAct;
using model::KernelFilter;
using model::PathTest;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// An event with bytes of its own.
struct Seen {
    explicit Seen(std::span<const std::byte> bytes) : words((bytes.size() + 7) / 8) {
        std::memcpy(words.data(), bytes.data(), bytes.size());
        EXPECT_TRUE(parse(std::as_bytes(std::span(words)).first(bytes.size()), raw));
    }
    Seen(Seen&&) = default;
    Seen(const Seen&) = delete;
    std::vector<std::uint64_t> words;
    RawEvent raw;

    [[nodiscard]] const WireEvent* operator->() const { return raw.head; }
    [[nodiscard]] std::string text(WireTag tag) const { return std::string(raw.string(tag)); }
};

/// The programs in the kernel, and what they told.
class Sensor {
public:
    explicit Sensor(const KernelFilter& filter, const KernelSettings& settings = {.ring_bytes = 1U << 20U}) {
        auto loaded = KernelPrograms::load(settings, filter);
        if (!loaded) {
            ADD_FAILURE() << loaded.error().message;
            std::exit(1);
        }
        programs = std::move(*loaded);
        rings = std::move(*Rings::open(programs->rings()));
    }

    /// Everything that is told until it has been quiet for a moment.
    std::vector<Seen> all() {
        std::vector<Seen> seen;
        const auto take = [&](std::span<const std::byte> bytes) { seen.emplace_back(bytes); };
        while (rings->drain(1U << 20U, take) > 0) rings->wait(std::chrono::milliseconds(20));
        return seen;
    }

    std::unique_ptr<KernelPrograms> programs;
    std::unique_ptr<Rings> rings;
};

std::string v2_root() {
    std::ifstream mounts("/proc/mounts");
    for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);)
        if (type == "cgroup2") return place;
    return {};
}

/// A cgroup named as containers' are, in which this test's children run; made with the first of them.
class Container {
public:
    Container() : id_(64, 'a') {
        const std::string number = std::to_string(::getpid());
        id_.replace(64 - number.size(), number.size(), number);
        folder_ = v2_root() + "/plimsoll-kernel-test-" + id_;
    }
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;
    ~Container() {
        std::error_code ignored;  // a cgroup that stays behind fails no test
        std::filesystem::remove(folder_, ignored);
    }

    /// Does it in a process of the container; what that process ended with.
    int run(const std::function<void()>& act) const {
        std::filesystem::create_directory(folder_);
        const pid_t child = ::fork();
        if (child == 0) {
            std::ofstream(folder_ + "/cgroup.procs") << ::getpid() << std::flush;
            act();
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }
    [[nodiscard]] const std::string& id() const { return id_; }
    /// As the wire numbers it: the version 2 hierarchy is the first.
    [[nodiscard]] std::uint64_t number() const {
        struct stat status {};
        EXPECT_EQ(::stat(folder_.c_str(), &status), 0);
        return status.st_ino;
    }

private:
    std::string id_, folder_;
};

/// Those of one kind that are of containers.
std::vector<const Seen*> of_kind(const std::vector<Seen>& all, WireKind kind, std::optional<int> call = {}) {
    std::vector<const Seen*> found;
    for (const Seen& each : all)
        if (each->kind == kind && !each.raw.has(WIRE_HOST) && (!call || each->call == *call)) found.push_back(&each);
    return found;
}

std::vector<std::string> paths(const std::vector<Seen>& all, WireTag tag = WIRE_PATH) {
    std::vector<std::string> found;
    for (const Seen& each : all)
        if (each->kind == WIRE_CALL) found.push_back(each.text(tag));
    return found;
}

KernelFilter reading(std::initializer_list<PathTest> tests) {
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::read)].paths = tests;
    return filter;
}

void read_once(const char* path) {
    const host::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
    char byte = 0;
    [[maybe_unused]] const auto ignored = ::read(file.get(), &byte, 1);
}

class KernelProgramsTest : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string why = KernelPrograms::obstacle(); !why.empty()) GTEST_SKIP() << why;
        if (v2_root().empty()) GTEST_SKIP() << "no cgroups of version 2 are mounted";
        folder_ = std::filesystem::temp_directory_path() / ("plimsoll-kernel-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] std::string at(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, const std::string& text = "x") const { std::ofstream(at(name)) << text; }
    std::string folder_;
};

TEST_F(KernelProgramsTest, KnowsAContainerBeforeItsFirstProcess) {
    if (std::system("docker image inspect bb:1.0 >/dev/null 2>&1") != 0) GTEST_SKIP() << "no Docker with image bb:1.0";
    Sensor sensor{KernelFilter{}};
    const std::string name = "kernel-test-" + std::to_string(::getpid());
    ASSERT_EQ(std::system(("docker run --rm --name " + name +
                           " --network none -w /tmp bb:1.0 sh -c 'exit 7' >/dev/null 2>&1; test $? = 7")
                              .c_str()),
              0);
    const std::vector<Seen> all = sensor.all();
    const auto made = of_kind(all, WIRE_CGROUP_MADE);
    ASSERT_FALSE(made.empty());
    const std::string id = made[0]->text(WIRE_CONTAINER);
    EXPECT_EQ(id.size(), 64U);
    EXPECT_THAT(made[0]->text(WIRE_PATH), testing::HasSubstr(id));

    const Seen* shell = nullptr;
    for (const Seen* each : of_kind(all, WIRE_EXEC))
        if (each->raw.head->comm == std::string_view("sh")) shell = each;
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
    EXPECT_THAT(of_kind(all, WIRE_CGROUP_GONE), SizeIs(made.size()));
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
    const Container container;
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
    ASSERT_THAT(opens, SizeIs(1));  // the second, by another name, is the same file: folded
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
    const Container container;
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

TEST_F(KernelProgramsTest, TestsPathsOfAllKinds) {
    std::filesystem::create_directories(at("one/two"));
    for (const char* name : {"one/x", "one/two/x", "name", "two"}) write(name);
    write("long-name-of-more-than-eight-bytes");
    const Container container;
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
    const Container container;
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

TEST_F(KernelProgramsTest, FollowsMagicLinksOfProc) {
    write("target");
    const Container container;
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

TEST_F(KernelProgramsTest, KeepsPathsOfFourThousandBytes) {
    const Container container;
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

TEST_F(KernelProgramsTest, KeepsAHundredThousandBytesOfArguments) {
    const Container container;
    Sensor sensor{KernelFilter{}};
    const std::string word(1000, 'w');
    container.run([&] {
        std::vector<char*> arguments;
        for (int i = 0; i < 120; ++i) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        ::execv("/bin/true", arguments.data());
    });
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(of_kind(all, WIRE_EXEC), SizeIs(1));
    EXPECT_EQ(of_kind(all, WIRE_EXEC)[0]->text(WIRE_ARGV).size(), 120U * 1001U);
    EXPECT_FALSE(of_kind(all, WIRE_EXEC)[0]->raw.has(WIRE_CUT));
}

TEST_F(KernelProgramsTest, SendsTheEnvironmentOnlyWhenAsked) {
    const Container container;
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

TEST_F(KernelProgramsTest, CountsWhatIsLostExactly) {
    const Container container;
    KernelFilter filter;
    filter.succeeded.set(SYS_ptrace).set(SYS_getppid);
    Sensor sensor(filter, {.ring_bytes = 4096});
    container.run([] {
        for (int i = 0; i < 1000; ++i) ::syscall(SYS_getppid);
    });
    const KernelCounts counts = sensor.programs->counts();
    std::uint64_t lost = 0;
    for (const auto& each : counts.lost) lost += each[WIRE_LOST_OTHER];
    const std::vector<Seen> all = sensor.all();
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(of_kind(all, WIRE_CALL, SYS_getppid).size() + lost, 1000U);
    EXPECT_FALSE(of_kind(all, WIRE_EXIT).empty()) << "processes have rings of their own";
}

TEST_F(KernelProgramsTest, SeesBothEndsOfConnections) {
    const Container container;
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

TEST_F(KernelProgramsTest, TellsWhatCallersWroteOfCallsThatNameFiles) {
    std::filesystem::create_directories(at("sub"));
    const Container container;
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

TEST_F(KernelProgramsTest, WishesForProgramsGoByTheNameThatTheProgramBeganWith) {
    const Container container;
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
    const Container container;
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
    const Container container;
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
    const Container container;
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
    EXPECT_THAT(paths(sensor.all()), testing::Each(at("both")));
    EXPECT_EQ(sensor.programs->counts().sent >= 3000, true);
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
    const Container container;
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
    const Container container;
    container.run([] {});
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    container.run([&] { read_once(at("wanted").c_str()); });
    EXPECT_THAT(paths(sensor.all()), IsEmpty());
    const std::pair<std::uint64_t, std::string> cgroup{container.number(), container.id()};
    sensor.programs->know(std::span(&cgroup, 1));
    container.run([&] { read_once(at("wanted").c_str()); });
    EXPECT_THAT(paths(sensor.all()), testing::ElementsAre(at("wanted")));
}

TEST_F(KernelProgramsTest, SeesRequestsThatIoUringTakesUp) {
    const Container container;
    Sensor sensor(reading({{PathTest::Kind::exact, "/etc/hostname"}}));
    const int status = container.run([] {
        io_uring_params parameters{};
        const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters));
        if (ring < 0) ::_exit(1);
        const auto map = [&](std::size_t bytes, off_t what) {
            return static_cast<char*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what));
        };
        char* const queue = map(parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
        auto* const request =
            reinterpret_cast<io_uring_sqe*>(map(parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
        request->opcode = IORING_OP_OPENAT;
        request->fd = AT_FDCWD;
        request->addr = reinterpret_cast<std::uint64_t>("/etc/hostname");
        *reinterpret_cast<unsigned*>(queue + parameters.sq_off.array) = 0;
        *reinterpret_cast<unsigned*>(queue + parameters.sq_off.tail) = 1;
        ::_exit(::syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) == 1 ? 0 : 1);
    });
    if (status != 0) GTEST_SKIP() << "this kernel refuses io_uring";
    const std::vector<Seen> all = sensor.all();
    const auto requests = of_kind(all, WIRE_URING);
    ASSERT_THAT(requests, SizeIs(1));
    EXPECT_EQ(requests[0]->raw.head->call, SYS_openat);
    EXPECT_EQ(requests[0]->text(WIRE_NAME), "/etc/hostname");
}

TEST_F(KernelProgramsTest, CredentialsThatChangeAreTold) {
    const Container container;
    Sensor sensor{KernelFilter{}};
    container.run([] { ::syscall(SYS_setresuid, 1000, 1001, 1002); });
    const std::vector<Seen> all = sensor.all();
    const auto changes = of_kind(all, WIRE_CREDENTIALS);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0]->raw.credentials->uid, 1000U);
    EXPECT_EQ(changes[0]->raw.credentials->euid, 1001U);
    EXPECT_EQ(changes[0]->raw.credentials->suid, 1002U);
    EXPECT_EQ(changes[0]->raw.credentials->effective, 0U);
}

TEST_F(KernelProgramsTest, CallsOfThe32BitInterfaceAreTheSame) {
    write("wanted");
    const Container container;
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

TEST_F(KernelProgramsTest, ProgramsInMemoryAndDeletedOnesAreMarked) {
    std::filesystem::copy_file("/bin/true", at("gone"));
    const Container container;
    Sensor sensor{KernelFilter{}};
    char name[] = "program";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    const auto from = [&](int program) {
        ::syscall(SYS_execveat, program, "", arguments, environment, 0x1000 /* AT_EMPTY_PATH */);
    };
    container.run([&] {
        const int memory = ::memfd_create("hidden", 0);
        const host::Fd file(::open("/bin/true", O_RDONLY));
        char block[65536];
        for (ssize_t n = 0; (n = ::read(file.get(), block, sizeof(block))) > 0;)
            if (::write(memory, block, static_cast<std::size_t>(n)) != n) ::_exit(1);
        from(memory);
    });
    container.run([&] {
        const int file = ::open(at("gone").c_str(), O_RDONLY);
        ::unlink(at("gone").c_str());
        from(file);
    });
    const std::vector<Seen> all = sensor.all();
    const auto execs = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(execs, SizeIs(2));
    EXPECT_TRUE(execs[0]->raw.has(WIRE_MEMFD));
    EXPECT_THAT(execs[0]->text(WIRE_EXE), testing::HasSubstr("memfd:hidden"));
    EXPECT_TRUE(execs[1]->raw.has(WIRE_DELETED));
    EXPECT_EQ(execs[1]->text(WIRE_EXE), at("gone"));
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
