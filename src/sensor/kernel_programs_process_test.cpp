#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <ranges>
#include <string>
#include <thread>

#include "sensor/test_kernel.h"

// What kinds of processes there are, and what the kernel programs tell of them.

namespace plimsoll::sensor {
namespace {

/// Runs a program as the last thing of a process.
void run_program(const char* path, std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(path, arguments.data());
    ::_exit(127);
}

/// Makes a process of that number, where it is free, and waits for its end.
void be_born_as(pid_t number) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<std::uint64_t>(&number);
    arguments.set_tid_size = 1;
    const long child = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (child == 0) run_program("/bin/true", {"true", "same-number"});
    if (child < 0) ::_exit(1);
    ::waitpid(static_cast<pid_t>(child), nullptr, 0);
}

TEST_F(KernelProgramsTest, ANumberThatIsUsedAgainIsAnotherProcess) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const int status = container.run([] {
        const pid_t free = ::fork();
        if (free == 0) ::_exit(0);
        ::waitpid(free, nullptr, 0);
        for (int i = 0; i < 3; ++i) be_born_as(free);
    });
    if (status != 0) GTEST_SKIP() << "this kernel gives no process a number that is asked for";
    std::vector<std::uint32_t> numbers;
    std::vector<std::uint64_t> starts;
    const std::vector<Seen> all = sensor.all();
    for (const Seen* each : of_kind(all, WIRE_EXEC)) {
        numbers.push_back(each->raw.head->pid);
        starts.push_back(each->raw.head->start);
    }
    ASSERT_THAT(numbers, SizeIs(3));
    EXPECT_THAT(numbers, testing::Each(numbers[0]));
    EXPECT_LT(starts[0], starts[1]);
    EXPECT_LT(starts[1], starts[2]);
    std::vector<std::uint64_t> ends;
    for (const Seen* each : of_kind(all, WIRE_EXIT))
        if (each->raw.head->pid == numbers[0]) ends.push_back(each->raw.head->start);
    ASSERT_THAT(ends, SizeIs(4)) << "the one whose number it was first, too";
    EXPECT_TRUE(std::ranges::equal(starts, ends | std::views::drop(1)));
}

TEST_F(KernelProgramsTest, ADoubleForkTellsWhoMadeWhom) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    container.run([] {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that the grandchild can be waited for
        if (::fork() == 0) {
            const pid_t middle = ::getpid();
            if (::fork() == 0) {
                while (::getppid() == middle) ::sched_yield();
                run_program("/bin/true", {"true", "orphan"});
            }
            ::_exit(0);
        }
        while (::wait(nullptr) > 0) {
        }
    });
    const std::vector<Seen> all = sensor.all();
    const auto execs = of_kind(all, WIRE_EXEC);
    const auto forks = of_kind(all, WIRE_FORK);
    ASSERT_THAT(execs, SizeIs(1));
    const auto birth = [&](std::uint32_t pid) {
        const auto found = std::ranges::find_if(forks, [&](const Seen* each) { return each->raw.head->pid == pid; });
        EXPECT_NE(found, forks.end());
        return *found;
    };
    const Seen* const orphan = birth(execs[0]->raw.head->pid);
    const Seen* const middle = birth(orphan->raw.task->parent);
    EXPECT_EQ(orphan->raw.task->parent_start, middle->raw.head->start);
    EXPECT_EQ(execs[0]->raw.task->parent, middle->raw.task->parent) << "by then its grandparent had adopted it";
}

TEST_F(KernelProgramsTest, ProgramsInMemoryAndDeletedOnesAreMarked) {
    std::filesystem::copy_file("/bin/true", at("gone"));
    const TestContainer container;
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

TEST_F(KernelProgramsTest, AProgramThatIsMountedAloneAndDetachedHasItsName) {
    std::filesystem::copy_file("/bin/true", at("alone"));
    write("place");
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const int status = container.run([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(1);
        if (::mount(at("alone").c_str(), at("place").c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(1);
        const int program = ::open(at("place").c_str(), O_RDONLY | O_CLOEXEC);
        ::umount2(at("place").c_str(), MNT_DETACH);
        char name[] = "runc";
        char* const arguments[] = {name, nullptr};
        char* const environment[] = {nullptr};
        ::syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    });
    if (status != 0) GTEST_SKIP() << "nothing may be mounted here";
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(of_kind(all, WIRE_EXEC), SizeIs(1));
    EXPECT_THAT(of_kind(all, WIRE_EXEC)[0]->text(WIRE_EXE),
                EndsWith("/" + std::filesystem::path(folder_).filename().string() + "/alone"));
}

TEST_F(KernelProgramsTest, AScriptIsToldBesideItsInterpreter) {
    write("script", "#!/bin/sh -e\nexit 0\n");
    ::chmod(at("script").c_str(), 0755);
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    container.run([&] { run_program(at("script").c_str(), {"any-name", "word"}); });
    const std::vector<Seen> all = sensor.all();
    const auto execs = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(execs, SizeIs(1));
    EXPECT_EQ(execs[0]->text(WIRE_EXE), std::filesystem::canonical("/bin/sh"));
    EXPECT_EQ(execs[0]->text(WIRE_SCRIPT), at("script"));
    std::string words = "/bin/sh" + std::string(1, '\0') + "-e" + std::string(1, '\0') + at("script");
    words += std::string("\0word\0", 6);
    EXPECT_EQ(execs[0]->text(WIRE_ARGV), words);
}

TEST_F(KernelProgramsTest, AProgramBehindTheLoaderIsInTheArgumentsAndWhatItReadsIsSeen) {
    const char* const loader = "/lib64/ld-linux-x86-64.so.2";
    if (!std::filesystem::exists(loader)) GTEST_SKIP() << "another loader";
    write("wanted");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    container.run([&] {
        ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
        run_program(loader, {loader, "/bin/cat", at("wanted")});
    });
    const std::vector<Seen> all = sensor.all();
    const auto execs = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(execs, SizeIs(1));
    EXPECT_EQ(execs[0]->text(WIRE_EXE), std::filesystem::canonical(loader));
    EXPECT_THAT(execs[0]->text(WIRE_ARGV), testing::HasSubstr(std::string("\0/bin/cat\0", 10)));
    EXPECT_THAT(paths(all), testing::ElementsAre(at("wanted")));
}

TEST_F(KernelProgramsTest, ARenamedProgramIsTheFileItIs) {
    std::filesystem::copy_file("/bin/cat", at("innocent"));
    ASSERT_EQ(::symlink("/bin/cat", at("link").c_str()), 0);
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    container.run([&] { run_program(at("innocent").c_str(), {"[kworker/0:1]", "/dev/null"}); });
    container.run([&] { run_program(at("link").c_str(), {"[kworker/0:1]", "/dev/null"}); });
    const std::vector<Seen> all = sensor.all();
    const auto execs = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(execs, SizeIs(2));
    EXPECT_EQ(execs[0]->text(WIRE_EXE), at("innocent"));
    EXPECT_EQ(execs[0]->raw.head->comm, std::string_view("innocent"));
    EXPECT_EQ(execs[1]->text(WIRE_EXE), std::filesystem::canonical("/bin/cat"));
    EXPECT_EQ(execs[1]->raw.head->comm, std::string_view("link"));
}

TEST_F(KernelProgramsTest, AProcessThatCallsItselfOtherwiseIsStillTheProgramThatBegan) {
    write("wanted");
    const TestContainer container;
    KernelFilter filter;
    filter.files[static_cast<std::size_t>(FileAct::read)].programs = {"sensor_test"};
    Sensor sensor(filter);
    container.run([&] {
        ::prctl(PR_SET_NAME, "innocent");
        read_once(at("wanted").c_str());
        std::jthread([&] {
            ::prctl(PR_SET_NAME, "thread");
            read_once(at("wanted").c_str());
        }).join();
        if (::fork() == 0) {
            const host::Fd file(::open(at("wanted").c_str(), O_RDWR));
            ::_exit(0);
        }
        while (::wait(nullptr) > 0) {
        }
    });
    const std::vector<Seen> all = sensor.all();
    std::vector<std::string> names;
    for (const Seen* each : of_kind(all, WIRE_CALL)) names.emplace_back(each->raw.head->comm);
    EXPECT_THAT(names, testing::ElementsAre("innocent", "innocent")) << "the thread's is a repetition: folded";
}

TEST_F(KernelProgramsTest, NumbersWithinNestedNamespacesAreTold) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const int status = container.run([] {
        for (int level = 0; level < 3; ++level) {
            if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) ::_exit(1);
            const pid_t child = ::fork();
            if (child != 0) {
                ::waitpid(child, nullptr, 0);
                ::_exit(0);
            }
        }
        run_program("/bin/true", {"true", "nested"});
    });
    if (status != 0) GTEST_SKIP() << "no namespaces may be made here";
    const std::vector<Seen> all = sensor.all();
    const auto forks = of_kind(all, WIRE_FORK);
    const auto execs = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(forks, SizeIs(3));
    ASSERT_THAT(execs, SizeIs(1));
    std::vector<std::uint32_t> spaces;
    for (const Seen* each : forks) {
        EXPECT_EQ(each->raw.task->ns_pid, 1U);
        EXPECT_EQ(each->raw.task->ns_parent, 0U) << "its parent has no number in there";
        EXPECT_GT(each->raw.head->pid, 1U);
        spaces.push_back(each->raw.task->pid_namespace);
    }
    std::ranges::sort(spaces);
    EXPECT_EQ(std::ranges::adjacent_find(spaces), spaces.end());
    EXPECT_EQ(execs[0]->raw.task->ns_pid, 1U);
    EXPECT_EQ(execs[0]->raw.head->pid, forks[2]->raw.head->pid);
    EXPECT_NE(execs[0]->raw.task->mount_namespace, forks[0]->raw.task->mount_namespace);
}

TEST_F(KernelProgramsTest, AForkIntoNewNamespacesSaysWhich) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const int status = container.run([] {
        for (const unsigned long flags : {0UL, static_cast<unsigned long>(CLONE_NEWUTS | CLONE_NEWUSER)}) {
            const auto child = static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0));
            if (child < 0) ::_exit(1);
            if (child == 0) ::_exit(0);
            ::waitpid(child, nullptr, 0);
        }
    });
    if (status != 0) GTEST_SKIP() << "no namespaces may be made here";
    const std::vector<Seen> all = sensor.all();
    const auto forks = of_kind(all, WIRE_FORK);
    ASSERT_THAT(forks, SizeIs(2));
    EXPECT_EQ(forks[0]->raw.arguments->value[2], 0U);
    EXPECT_EQ(forks[1]->raw.arguments->value[2], static_cast<std::uint64_t>(CLONE_NEWUTS | CLONE_NEWUSER));
}

TEST_F(KernelProgramsTest, SignalsThatLeaveAContainerAreTold) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const pid_t outside = ::fork();
    if (outside == 0) {
        ::pause();
        ::_exit(0);
    }
    container.run([&] {
        const pid_t own = ::fork();
        if (own == 0) {
            ::pause();
            ::_exit(0);
        }
        ::kill(own, SIGKILL);
        ::waitpid(own, nullptr, 0);
        ::kill(outside, 0);
        ::kill(outside, SIGTERM);
    });
    ::waitpid(outside, nullptr, 0);
    const std::vector<Seen> all = sensor.all();
    const auto signals = of_kind(all, WIRE_SIGNAL);
    ASSERT_THAT(signals, SizeIs(1));
    EXPECT_EQ(signals[0]->raw.arguments->value[0], static_cast<std::uint64_t>(outside));
    EXPECT_EQ(signals[0]->raw.arguments->value[2], static_cast<std::uint64_t>(SIGTERM));
    EXPECT_NE(signals[0]->raw.arguments->value[3], signals[0]->raw.head->cgroup);
}

TEST_F(KernelProgramsTest, ARepetitionByAnotherProgramOfTheSameProcessIsNone) {
    write("wanted");
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    container.run([&] {
        read_once(at("wanted").c_str());
        read_once(at("wanted").c_str());
        const std::string script = "read line < " + at("wanted");
        ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
    });
    const std::vector<Seen> all = sensor.all();
    EXPECT_THAT(of_kind(all, WIRE_CALL), SizeIs(2)) << "one of each program";
}

TEST_F(KernelProgramsTest, KeepsArgumentsOf128KiBAndMarksLongerOnes) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const std::string word(1023, 'w');
    for (const std::size_t words : {128, 200})
        container.run([&] { run_program("/bin/true", std::vector<std::string>(words, word)); });
    const std::vector<Seen> all = sensor.all();
    const auto execs = of_kind(all, WIRE_EXEC);
    ASSERT_THAT(execs, SizeIs(2));
    EXPECT_EQ(execs[0]->text(WIRE_ARGV).size(), 128U * 1024U);
    EXPECT_FALSE(execs[0]->raw.has(WIRE_CUT));
    EXPECT_EQ(execs[1]->text(WIRE_ARGV), execs[0]->text(WIRE_ARGV));
    EXPECT_TRUE(execs[1]->raw.has(WIRE_CUT));
}

TEST_F(KernelProgramsTest, ArgumentsAreAnyBytes) {
    const TestContainer container;
    Sensor sensor{KernelFilter{}};
    const std::string odd = "\xff\xfe\n\x1b[31m";
    container.run([&] { run_program("/bin/true", {"true", odd, ""}); });
    const std::vector<Seen> all = sensor.all();
    ASSERT_THAT(of_kind(all, WIRE_EXEC), SizeIs(1));
    EXPECT_EQ(of_kind(all, WIRE_EXEC)[0]->text(WIRE_ARGV), std::string("true\0", 5) + odd + std::string("\0\0", 2));
}

TEST_F(KernelProgramsTest, CredentialsThatChangeAreTold) {
    const TestContainer container;
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

TEST_F(KernelProgramsTest, AThreadThatBecomesAnotherUserIsThatUserAlone) {
    write("wanted");
    ::chmod(at("wanted").c_str(), 0644);
    const TestContainer container;
    Sensor sensor(reading({{PathTest::Kind::exact, at("wanted")}}));
    container.run([&] {
        std::jthread([&] {
            ::syscall(SYS_setresuid, 1000, 1000, 1000);  // not through libc, which takes all threads along
            read_once(at("wanted").c_str());
        }).join();
        read_once(at("wanted").c_str());
    });
    const std::vector<Seen> all = sensor.all();
    const auto changes = of_kind(all, WIRE_CREDENTIALS);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_TRUE(changes[0]->raw.has(WIRE_THREAD));
    EXPECT_EQ(changes[0]->raw.credentials->euid, 1000U);
    const auto opens = of_kind(all, WIRE_CALL);
    ASSERT_THAT(opens, SizeIs(2)) << "one of each user: not folded together";
    EXPECT_TRUE(opens[0]->raw.has(WIRE_THREAD));
    EXPECT_EQ(opens[0]->raw.head->euid, 1000U);
    EXPECT_FALSE(opens[1]->raw.has(WIRE_THREAD));
    EXPECT_EQ(opens[1]->raw.head->euid, 0U);
}

}  // namespace
}  // namespace plimsoll::sensor
