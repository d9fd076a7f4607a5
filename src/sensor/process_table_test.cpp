#include "sensor/process_table.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "host/temporary_tree.h"
#include "sensor/test_events.h"

namespace plimsoll::sensor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ProcessTableTest : public testing::Test {
protected:
    const Process* take(TestEvent event) { return table.take(event.raw()); }

    const Process* fork(std::uint32_t pid, std::uint64_t start, std::uint32_t parent, std::uint64_t parent_start,
                        std::uint64_t cgroup = 0) {
        TestEvent event(WIRE_FORK);
        event.of(pid, start).at(start).name("child").as(0).child_of(parent, parent_start);
        if (cgroup != 0) event.in_container(cgroup);
        return take(event);
    }
    const Process* exec(std::uint32_t pid, std::uint64_t start, std::string_view name, std::string_view path) {
        TestEvent event(WIRE_EXEC);
        event.of(pid, start).at(start + 1).name(name).text(WIRE_EXE, path).text(WIRE_CWD, "/");
        const std::string_view words[] = {name, "-x"};
        event.words(WIRE_ARGV, {words[0], words[1]});
        return take(event);
    }
    const Process* exit(std::uint32_t pid, std::uint64_t start, std::uint64_t time) {
        return take(TestEvent(WIRE_EXIT).of(pid, start).at(time).result(0));
    }
    static std::vector<std::string> chain(const Process* process) {
        std::vector<std::string> out;
        for (; process != nullptr; process = process->parent.get()) out.push_back(process->comm);
        return out;
    }

    TestContainers containers;
    ProcessTable table{containers, {}};
};

TEST_F(ProcessTableTest, AChildRunsItsParentsProgramUntilItRunsItsOwn) {
    fork(10, 100, 1, 1);
    exec(10, 100, "bash", "/usr/bin/bash");
    const Process* child = fork(11, 200, 10, 100);
    ASSERT_NE(child, nullptr);
    EXPECT_EQ(child->program->exepath, "/usr/bin/bash");
    EXPECT_EQ(child->program, child->parent->program);
    child = exec(11, 200, "cat", "/usr/bin/cat");
    EXPECT_EQ(child->program->cmdline, "cat -x");
    EXPECT_EQ(child->program->args, "-x");
    EXPECT_THAT(child->program->arguments, ElementsAre("cat", "-x"));
    EXPECT_EQ(child->parent->program->exepath, "/usr/bin/bash");
}

TEST_F(ProcessTableTest, AChildRunsTheProgramOfWhoMadeItNotOfItsParent) {
    fork(10, 100, 1, 1);
    exec(10, 100, "runc", "/usr/bin/runc");
    fork(11, 200, 10, 100);
    exec(11, 200, "runc-init", "/usr/bin/runc-init");
    TestEvent sibling(WIRE_FORK);  // 11 makes it with CLONE_PARENT
    sibling.of(12, 300).at(300).child_of(10, 100).arguments({11, 200});
    const Process* made = take(sibling);
    EXPECT_EQ(made->parent->key.pid, 10U);
    EXPECT_EQ(made->program->exepath, "/usr/bin/runc-init");
}

TEST_F(ProcessTableTest, ANumberThatIsUsedAgainIsAnotherProcess) {
    fork(10, 100, 1, 1);
    exec(10, 100, "old", "/bin/old");
    exit(10, 100, 150);
    fork(10, 200, 1, 1);
    exec(10, 200, "new", "/bin/new");
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 200))->comm, "new");
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 100))->comm, "old");  // a straggler
    EXPECT_EQ(table.find(10)->comm, "new");
    EXPECT_EQ(table.guessed(), 0U);
}

TEST_F(ProcessTableTest, AncestorsAreKnownAfterADoubleFork) {
    fork(10, 100, 1, 1);
    exec(10, 100, "sshd", "/usr/sbin/sshd");
    fork(11, 200, 10, 100);
    exec(11, 200, "sh", "/bin/sh");
    fork(12, 300, 11, 200);
    exit(11, 200, 310);  // the daemon's parent goes at once
    exit(10, 100, 320);
    const Process* daemon = exec(12, 300, "daemon", "/bin/daemon");
    EXPECT_THAT(chain(daemon), ElementsAre("daemon", "sh", "sshd"));
    // Long after, when others have been forgotten, too.
    for (std::uint32_t pid = 1000; pid < 1010; ++pid) {
        fork(pid, 400, 1, 1);
        exit(pid, 400, 200'000'000'000);
    }
    fork(2000, 300'000'000'000, 1, 1);
    EXPECT_THAT(chain(take(TestEvent(WIRE_CALL).of(12, 300))), ElementsAre("daemon", "sh", "sshd"));
    EXPECT_EQ(table.find(11), nullptr);
}

TEST_F(ProcessTableTest, AForkChainDoesNotGrowMemory) {
    std::uint32_t before = 1;
    std::uint64_t before_start = 1;
    for (std::uint32_t n = 0; n < 20'000; ++n) {
        const std::uint32_t pid = 2 + n % 30'000;
        const std::uint64_t start = 1000 + n * 1'000'000'000ULL;  // a second apart: each is forgotten after a minute
        fork(pid, start, before, before_start);
        if (before != 1) exit(before, before_start, start + 1);
        before = pid;
        before_start = start;
    }
    EXPECT_LT(table.size(), 70U);
    EXPECT_LT(table.objects(), 140U);
    const auto names = chain(table.find(before));
    EXPECT_GE(names.size(), 64U);
    EXPECT_LE(names.size(), 66U);
}

TEST_F(ProcessTableTest, AncestorsThatLiveAreKeptHoweverManyTheyAre) {
    fork(2, 100, 1, 1);
    for (std::uint32_t pid = 3; pid < 300; ++pid) fork(pid, 100, pid - 1, 100);
    EXPECT_EQ(chain(table.find(299)).size(), 298U);
}

TEST_F(ProcessTableTest, EndedProcessesMakeRoomFirstAndThatIsCounted) {
    ProcessTable small(containers, {.most = 100});
    for (std::uint32_t pid = 1; pid <= 90; ++pid)
        small.take(TestEvent(WIRE_FORK).of(pid, 5).at(5).child_of(0, 0).raw());
    for (std::uint32_t pid = 200; pid < 400; ++pid) {
        small.take(TestEvent(WIRE_FORK).of(pid, 5).at(5).child_of(1, 5).raw());
        small.take(TestEvent(WIRE_EXIT).of(pid, 5).at(6).raw());
    }
    EXPECT_LE(small.size(), 100U);
    EXPECT_GE(small.forgotten(), 190U);
    for (std::uint32_t pid = 1; pid <= 90; ++pid) EXPECT_NE(small.find(pid), nullptr) << pid;
    for (std::uint32_t pid = 1000; pid < 2000; ++pid)  // ends that were lost: the living make room too
        small.take(TestEvent(WIRE_FORK).of(pid, 5).at(5).child_of(0, 0).raw());
    EXPECT_LE(small.size(), 100U);
}

TEST_F(ProcessTableTest, ArgumentsOfAllProgramsTogetherAreBounded) {
    ProcessTable small(containers, {.most_argument_bytes = 100'000, .most_text_bytes = 1'000'000});
    const std::string longest(90'000, 'x');
    for (std::uint32_t pid = 2; pid < 202; ++pid) {
        small.take(TestEvent(WIRE_FORK).of(pid, 5).at(5).child_of(1, 1).raw());
        small.take(TestEvent(WIRE_EXEC).of(pid, 5).at(6).text(WIRE_EXE, "/a").words(WIRE_ARGV, {"a", longest}).raw());
    }
    EXPECT_LT(small.text_bytes(), 2'500'000U);
    EXPECT_EQ(small.find(3)->program->arguments.at(1).size(), 90'000U);
    const Process* late = small.find(201);
    EXPECT_LT(late->program->args.size(), 5000U);
    EXPECT_NE(late->program->flags & WIRE_CUT, 0);
}

TEST_F(ProcessTableTest, AThreadIsItsProcess) {
    fork(10, 100, 1, 1);
    exec(10, 100, "java", "/bin/java");
    const Process* by_thread = take(TestEvent(WIRE_CALL).of(10, 100).thread(17).name("GC thread"));
    EXPECT_EQ(by_thread->comm, "java");
    EXPECT_EQ(table.size(), 1U);
}

TEST_F(ProcessTableTest, CredentialsThatChangeAreTheProcesss) {
    fork(10, 100, 1, 1);
    EXPECT_EQ(take(TestEvent(WIRE_CREDENTIALS).of(10, 100).as(1000, 1000))->credentials.euid, 1000U);
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 100))->credentials.loginuid, 1000U);
}

TEST_F(ProcessTableTest, CredentialsThatAThreadChangesAreItsOwn) {
    fork(10, 100, 1, 1);
    take(TestEvent(WIRE_CREDENTIALS).of(10, 100).as(1000, 1000));
    EXPECT_EQ(take(TestEvent(WIRE_CREDENTIALS).of(10, 100).thread(11).as(0, 0))->credentials.euid, 1000U);
}

TEST_F(ProcessTableTest, AFolderThatWasChangedToIsWhereChildrenBegin) {
    fork(10, 100, 1, 1);
    exec(10, 100, "bash", "/bin/bash");
    take(TestEvent(WIRE_CALL).of(10, 100).call(SYS_chdir, 0).text(WIRE_PATH, "/srv/www"));
    EXPECT_EQ(fork(11, 200, 10, 100)->cwd, "/srv/www");
    take(TestEvent(WIRE_CALL).of(10, 100).call(SYS_chdir, -2).text(WIRE_PATH, "/nowhere"));
    EXPECT_EQ(table.find(10)->cwd, "/srv/www");
}

TEST_F(ProcessTableTest, AProcessIsInTheContainerWhoseCgroupItIsInAtTheTimeOfTheEvent) {
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(77).text(WIRE_CONTAINER, kTestContainer));
    EXPECT_EQ(table.container_of(77), kTestContainer);
    fork(10, 100, 1, 1);
    EXPECT_FALSE(take(TestEvent(WIRE_CALL).of(10, 100))->in_container);
    const Process* moved = take(TestEvent(WIRE_CALL).of(10, 100).in_container(77));  // a runtime moved it
    ASSERT_TRUE(moved->in_container);
    EXPECT_EQ(moved->container->id, kTestContainer);
    EXPECT_FALSE(moved->container->known);
    containers.tell({.id = kTestContainer, .name = "web", .image = "nginx:1"});
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 100).in_container(77))->container->name, "web");
    EXPECT_FALSE(take(TestEvent(WIRE_CALL).of(10, 100).cgroup(5))->in_container);
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 100).in_container(77))->container->name, "web");
    take(TestEvent(WIRE_CGROUP_GONE).cgroup(77));
    EXPECT_EQ(table.container_of(77), "");
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 100).in_container(77))->container->name, "web");  // what it was
}

TEST_F(ProcessTableTest, BelowAContainersCgroupEverythingIsThatContainers) {
    const std::string other(64, 'f');
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(77).arguments({5}).text(WIRE_CONTAINER, kTestContainer));
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(78).arguments({77}).text(WIRE_CONTAINER, other));
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(79).arguments({78}).text(WIRE_CONTAINER, std::string(64, '\0')));
    EXPECT_EQ(table.container_of(78), kTestContainer);
    EXPECT_EQ(table.container_of(79), kTestContainer);
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(90).arguments({89}).text(WIRE_CONTAINER, std::string(64, '\0')));
    EXPECT_EQ(table.container_of(90), "") << "below what nobody knows";
}

TEST_F(ProcessTableTest, AnOrdinaryUsersCgroupNamedLikeAContainerIsNotThatContainer) {
    const auto made = [&](std::uint64_t cgroup, std::uint32_t euid) {
        TestEvent event(WIRE_CGROUP_MADE);
        event.cgroup(cgroup).arguments({5}).text(WIRE_CONTAINER, kTestContainer).head().euid = euid;
        take(event);
    };
    made(77, 0);
    made(78, 1000);
    EXPECT_EQ(table.container_of(77), kTestContainer);
    EXPECT_EQ(table.container_of(78), "");
    made(std::uint64_t{3} << 48U | 78, 1000);  // of a user's own engine, in each hierarchy one
    take(TestEvent(WIRE_CGROUP_GONE).cgroup(77));
    take(TestEvent(WIRE_CGROUP_GONE).cgroup(std::uint64_t{3} << 48U | 78));
    made(79, 1000);  // before the engine's own
    EXPECT_EQ(table.container_of(79), kTestContainer);
    made(80, 0);
    EXPECT_EQ(table.container_of(79), "");
    EXPECT_EQ(table.container_of(80), kTestContainer);
}

TEST_F(ProcessTableTest, AContainersCgroupThatIsToldLateIsFoundWithTheNextEvent) {
    fork(10, 100, 1, 1, 77);
    EXPECT_TRUE(table.find(10)->in_container);
    EXPECT_EQ(table.find(10)->container, nullptr);
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(77).text(WIRE_CONTAINER, kTestContainer));
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(10, 100).in_container(77))->container->id, kTestContainer);
}

TEST_F(ProcessTableTest, WhatAnExecBroughtIsToldFromTheContainersFirstProcess) {
    // runc makes the container: its children enter the cgroup, the third one is process 1 inside.
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(77).text(WIRE_CONTAINER, kTestContainer));
    fork(50, 100, 40, 1);                                    // runc create
    fork(51, 200, 50, 100, 77);                              // runc:[0:PARENT]
    fork(52, 300, 50, 100, 77);                              // runc:[1:CHILD], by CLONE_PARENT
    EXPECT_FALSE(fork(53, 400, 50, 100, 77)->exec_session);  // what becomes nginx
    EXPECT_FALSE(fork(54, 500, 53, 400, 77)->exec_session);  // its worker
    fork(60, 600, 40, 1);                                    // runc exec
    EXPECT_TRUE(fork(61, 700, 60, 600, 77)->exec_session);   // the session's shell
    EXPECT_TRUE(fork(62, 800, 61, 700, 77)->exec_session);   // what the shell starts
    TestEvent first(WIRE_FORK);
    first.of(70, 900).at(900).in_container(77).child_of(1, 1).task().ns_pid = 1;
    EXPECT_FALSE(take(first)->exec_session);
}

TEST_F(ProcessTableTest, WhatNoEventToldOfIsSaidSo) {
    const Process* guessed = take(TestEvent(WIRE_CALL).of(4'000'000, 123).name("stranger"));
    ASSERT_NE(guessed, nullptr);
    EXPECT_EQ(guessed->comm, "stranger");
    EXPECT_EQ(guessed->program, nullptr);
    EXPECT_FALSE(guessed->credentials_known);
    EXPECT_EQ(table.guessed(), 1U);
    take(TestEvent(WIRE_CALL).of(4'000'000, 123));
    EXPECT_EQ(table.guessed(), 1U);
}

TEST_F(ProcessTableTest, AnEventOfNoProcessHasNone) {
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(0, 0)), nullptr);
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(UINT32_MAX, 5)), nullptr);
}

TEST_F(ProcessTableTest, NoProcessBecomesItsOwnAncestor) {
    fork(10, 100, 11, 200);
    fork(11, 200, 10, 100);
    fork(10, 100, 11, 200);
    fork(12, 300, 12, 300);
    EXPECT_LE(chain(table.find(10)).size(), 2U);
    EXPECT_LE(chain(table.find(11)).size(), 2U);
}

/// A child that sleeps, so that /proc has something to tell.
class Sleeper {
public:
    Sleeper() {
        pid_ = ::fork();
        if (pid_ == 0) {
            ::execl("/bin/sleep", "sleep", "60", nullptr);
            ::_exit(1);
        }
        for (int n = 0; n < 1000; ++n) {  // until it has become sleep
            std::array<char, 64> name{};
            const std::string path = "/proc/" + std::to_string(pid_) + "/comm";
            const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
            const ssize_t got = ::read(fd, name.data(), name.size());
            ::close(fd);
            if (std::string_view(name.data(), got > 0 ? static_cast<std::size_t>(got) : 0) == "sleep\n") return;
            ::usleep(5000);
        }
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    ~Sleeper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

private:
    pid_t pid_ = -1;
};

TEST_F(ProcessTableTest, WhatRunsAlreadyIsReadFromProc) {
    const Sleeper sleeper;
    table.seed();
    const Process* seen = table.find(sleeper.pid());
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->comm, "sleep");
    EXPECT_EQ(seen->program->cmdline, "sleep 60");
    EXPECT_THAT(std::string(seen->program->exepath), testing::EndsWith("sleep"));
    EXPECT_NE(seen->program->file.inode, 0U);
    EXPECT_NE(seen->program->file.ctime, 0U);
    EXPECT_EQ(seen->parent->key.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(seen->parent->program->arguments.empty(), false);
    EXPECT_EQ(seen->credentials.euid, ::geteuid());
    EXPECT_EQ(seen->task.ns_pid, sleeper.pid());
    EXPECT_EQ(seen->task.session, static_cast<std::uint32_t>(::getsid(0)));
    EXPECT_NE(seen->task.net_namespace, 0U);
    EXPECT_GE(table.size(), 2U);
    // The first event of it has the exact start, and it is the same process.
    const std::uint64_t exact = seen->key.start + 3'456'789;
    EXPECT_EQ(take(TestEvent(WIRE_CALL).of(sleeper.pid(), exact)), seen);
    EXPECT_EQ(seen->key.start, exact);
    EXPECT_EQ(table.guessed(), 0U);
}

TEST_F(ProcessTableTest, AProcessWhoseBeginningWasLostIsReadFromProcWhileItLives) {
    table.seed();
    const Sleeper sleeper;
    ProcessTable other(containers, {});
    other.seed();
    const std::uint64_t start = other.find(sleeper.pid())->key.start + 5'000'000;
    const Process* found = take(TestEvent(WIRE_CALL).of(sleeper.pid(), start));
    EXPECT_EQ(found->program->cmdline, "sleep 60");
    EXPECT_EQ(table.guessed(), 1U);
    // The same number with another start is another process: nothing of this one is told of it.
    const Process* stranger = take(TestEvent(WIRE_CALL).of(sleeper.pid(), start + 10'000'000'000).name("stranger"));
    EXPECT_EQ(stranger->program, nullptr);
    EXPECT_EQ(stranger->comm, "stranger");
}

TEST_F(ProcessTableTest, ContainersAreFoundByTheirCgroups) {
    host::TemporaryTree tree;
    const std::string v2 = tree.at("/v2");
    tree.write("/v2/docker/" + kTestContainer + "/init/cgroup.procs", "");
    tree.write("/v2/system.slice/cron.service/cgroup.procs", "");
    const std::string other(64, 'b');
    tree.write("/pids/kubepods/pod1/cri-containerd-" + other + ".scope/cgroup.procs", "");
    tree.write("/proc/self/cgroup", "8:pids:/\n0::/\n");
    tree.write("/proc/self/mountinfo", "30 29 0:26 / " + v2 + " rw - cgroup2 cgroup2 rw\n31 29 0:27 / " +
                                           tree.at("/pids") + " rw - cgroup cgroup rw,pids\n");
    table.seed(tree.at("/proc"));
    struct stat facts {};
    ASSERT_EQ(::stat((v2 + "/docker/" + kTestContainer).c_str(), &facts), 0);
    EXPECT_EQ(table.container_of(facts.st_ino), kTestContainer);
    ASSERT_EQ(::stat((v2 + "/docker/" + kTestContainer + "/init").c_str(), &facts), 0);
    EXPECT_EQ(table.container_of(facts.st_ino), kTestContainer);
    ASSERT_EQ(::stat((tree.at("/pids/kubepods/pod1/cri-containerd-") + other + ".scope").c_str(), &facts), 0);
    EXPECT_EQ(table.container_of(8ULL << 48U | facts.st_ino), other);
    EXPECT_EQ(table.cgroups().size(), 3U);
}

TEST_F(ProcessTableTest, WhatIsKnownCanBeToldAgain) {
    take(TestEvent(WIRE_CGROUP_MADE).cgroup(77).text(WIRE_CONTAINER, kTestContainer));
    fork(10, 100, 1, 1);
    exec(10, 100, "bash", "/usr/bin/bash");
    fork(11, 200, 10, 100, 77);
    exec(11, 200, "cat", "/usr/bin/cat");
    exit(10, 100, 300);
    ProcessTable copy(containers, {});
    table.retell([&](std::span<const std::byte> bytes) {
        RawEvent event;
        ASSERT_TRUE(parse(bytes, event));
        copy.take(event);
    });
    EXPECT_EQ(copy.size(), 1U);
    const Process* same = copy.find(11);
    ASSERT_NE(same, nullptr);
    EXPECT_EQ(same->program->cmdline, "cat -x");
    EXPECT_EQ(same->key.start, 200U);
}

TEST_F(ProcessTableTest, TheEnvironmentIsKeptByName) {
    ProcessTable choosy(containers, {.environment = {"LD_PRELOAD"}});
    choosy.take(TestEvent(WIRE_FORK).of(10, 100).child_of(1, 1).raw());
    const Process* process = choosy.take(TestEvent(WIRE_EXEC)
                                             .of(10, 100)
                                             .text(WIRE_EXE, "/bin/a")
                                             .words(WIRE_ENV, {"PASSWORD=x", "LD_PRELOAD=/tmp/x.so", "LD_PRELOAD2=y"})
                                             .raw());
    EXPECT_THAT(process->program->environment, ElementsAre("LD_PRELOAD=/tmp/x.so"));
    EXPECT_EQ(process->program->exe, "/bin/a");  // no arguments: the path
    EXPECT_THAT(process->program->arguments, IsEmpty());
}

}  // namespace
}  // namespace plimsoll::sensor
