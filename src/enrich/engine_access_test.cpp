#include "enrich/engine_access.h"

#include <gtest/gtest.h>

#include "enrich/who.h"

namespace plimsoll::enrich {
namespace {

constexpr Nanoseconds kThree = 1'795'400'000 * kSecond;
constexpr Nanoseconds kMilli = kSecond / 1000;

model::Event audit(Nanoseconds time, std::int64_t pid, std::int64_t loginuid, std::string_view login,
                   std::int64_t session) {
    model::Event event(time);
    event.set("record.kind", "event");
    event.set("evt.source", "audit");
    event.set_number("proc.pid", pid);
    event.set_number("user.loginuid", loginuid);
    if (!login.empty()) event.set("user.loginname", login);
    event.set_number("audit.session", session);
    event.set_unsigned("user.uid", 0);
    event.set("user.name", "root");
    event.set("proc.exepath", "/usr/bin/docker");
    return event;
}

model::Event connect(Nanoseconds time, std::int64_t pid, std::int64_t loginuid, std::string_view login,
                     std::int64_t session, std::string_view title = {}) {
    model::Event event = audit(time, pid, loginuid, login, session);
    event.set("syscall.type", "connect");
    event.set("audit.saddr", "/run/docker.sock");
    const std::vector<std::string> inodes = {"08:01:4711"};
    event.set_list("audit.inodes", inodes);
    if (!title.empty()) event.set("audit.title", title);
    return event;
}

model::Event engine(Nanoseconds time, std::string_view action) {
    model::Event event(time);
    event.set("record.kind", "event");
    event.set("docker.type", "container");
    event.set("docker.action", action);
    event.set("container.name", "pay");
    event.set("container.full_id", std::string(64, 'a'));
    return event;
}

TEST(EngineAccess, LeadsFromAnExecToTheLoginThatAskedForIt) {
    EngineAccess access;
    model::Event login = audit(kThree - 60 * kSecond, 900, 4242, "alice", 7);
    login.set("audit.type", "USER_LOGIN");
    login.set("proc.exepath", "/usr/sbin/sshd");
    login.set_keyed("audit.claim", "addr", "192.0.2.7");
    login.set_keyed("audit.claim", "terminal", "pts/3");
    login.set("container.id", "host");
    access.observe(login);
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "docker exec -it pay sh"));

    const auto chain = access.chain(engine(kThree + 12 * kMilli, "exec_create"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "alice");
    EXPECT_EQ(chain->address, "192.0.2.7");
    EXPECT_EQ(chain->tty, "pts/3");
    EXPECT_EQ(chain->pid, 1500);
    EXPECT_EQ(chain->strength, Strength::inferred);
    ASSERT_EQ(chain->links.size(), 5U);
    EXPECT_EQ(chain->links[0].strength, Strength::proved);
    EXPECT_EQ(chain->links[1].strength, Strength::inferred) << "a login service's word is no fact of the kernel";
    EXPECT_NE(chain->links[3].text.find("its command line names it"), std::string::npos);
}

TEST(EngineAccess, ACommandThatCannotHaveDoneItIsNoCandidate) {
    EngineAccess access;
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "docker exec pay id"));
    access.observe(connect(kThree + kMilli, 1600, 4343, "bob", 8, "docker ps -a"));
    const auto chain = access.chain(engine(kThree + 12 * kMilli, "exec_create"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "alice");
}

TEST(EngineAccess, WhoeverCallsHisOwnProgramDockerPsIsNoLessACandidate) {
    EngineAccess access;
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "docker ps"));
    model::Event own = connect(kThree + kMilli, 1600, 4343, "mallory", 8, "docker ps");
    own.set("proc.exepath", "/home/mallory/docker");
    access.observe(own);
    const auto chain = access.chain(engine(kThree + 12 * kMilli, "exec_create"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "mallory");
}

TEST(EngineAccess, ANameIsAWord) {
    EngineAccess access;
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "docker stop pay"));
    access.observe(connect(kThree + kMilli, 1600, 4343, "bob", 8, "docker stop pay2"));
    const auto chain = access.chain(engine(kThree + 12 * kMilli, "stop"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "alice");
}

TEST(EngineAccess, ACommandThatIsForItOutranksOneThatMayDoItByTheWay) {
    EngineAccess access;
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "docker run -d --name pay bb"));
    access.observe(connect(kThree + kSecond, 1600, 4343, "bob", 8, "docker kill pay"));
    const auto chain = access.chain(engine(kThree + kSecond + 12 * kMilli, "kill"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "bob");
}

TEST(EngineAccess, TwoPeopleWhoMayHaveAskedAreBothNamedAndNeitherIsChosen) {
    EngineAccess access;
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "python3 tool.py"));
    access.observe(connect(kThree + kMilli, 1600, 4343, "bob", 8, "python3 tool.py"));
    const auto chain = access.chain(engine(kThree + 12 * kMilli, "exec_create"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->strength, Strength::unknown);
    EXPECT_TRUE(chain->person.empty());
    EXPECT_NE(chain->links.back().text.find("alice"), std::string::npos);
    EXPECT_NE(chain->links.back().text.find("bob"), std::string::npos);
}

TEST(EngineAccess, TheStartedProgramsOwnArgumentsOutrankATitleThatTheProcessMayRewrite) {
    EngineAccess access;
    model::Event start = audit(kThree, 1500, 4242, "alice", 7);
    start.set("syscall.type", "execve");
    start.set("proc.exe", "docker");
    start.set("proc.args", "exec pay id");
    access.observe(start);
    access.observe(connect(kThree + kMilli, 1500, 4242, "alice", 7, "docker ps"));
    const auto chain = access.chain(engine(kThree + 12 * kMilli, "exec_create"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->command, "docker exec pay id");
    EXPECT_EQ(chain->person, "alice");
}

TEST(EngineAccess, ASocketBehindABindMountIsKnownByItsInodeAndTheContainerIsNamed) {
    EngineAccess access;
    access.observe(connect(kThree - 100 * kSecond, 1, -1, "", -1, "docker ps"));
    model::Event inside = connect(kThree, 1700, -1, "", -1, "/x/tool");
    inside.set("audit.saddr", "/x/d.sock");
    inside.set("proc.exepath", "/x/tool");
    inside.set("container.id", "0123456789ab");
    inside.set("container.name", "ci");
    access.observe(inside);
    const auto chain = access.chain(engine(kThree + 12 * kMilli, "create"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "container ci");
}

TEST(EngineAccess, ALoginToldFromInsideAContainerIsNotBelieved) {
    EngineAccess access;
    model::Event login = audit(kThree - 60 * kSecond, 900, 4242, "alice", 7);
    login.set("audit.type", "USER_LOGIN");
    login.set_keyed("audit.claim", "addr", "6.6.6.6");
    login.set("container.id", "0123456789ab");
    access.observe(login);
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "docker exec pay sh"));
    const auto chain = access.chain(engine(kThree + kMilli, "exec_create"));
    ASSERT_TRUE(chain);
    EXPECT_TRUE(chain->address.empty());
}

TEST(EngineAccess, WhatNobodyAskedForHasNobody) {
    EngineAccess access;
    access.observe(connect(kThree, 1500, 4242, "alice", 7, "python3 tool.py"));
    EXPECT_FALSE(access.chain(engine(kThree + kMilli, "die")));
    model::Event health = engine(kThree + kMilli, "exec_start");
    health.set("exec.healthcheck", true);
    EXPECT_FALSE(access.chain(health));
}

TEST(EngineAccess, PodmansCommandDoesItByItselfAndIsNobodysElses) {
    EngineAccess access;
    model::Event start = audit(kThree, 1500, 4242, "alice", 7);
    start.set("syscall.type", "execve");
    start.set("proc.exepath", "/usr/bin/podman");
    start.set("proc.exe", "podman");
    start.set("proc.args", "--log-level error run -d --name pay bb");
    access.observe(start);
    model::Event made = engine(kThree + 400 * kMilli, "create");
    made.set("container.type", "podman");
    const auto chain = access.chain(made);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->person, "alice");
    EXPECT_EQ(chain->strength, Strength::inferred);
    EXPECT_NE(chain->links[1].text.find("needs no daemon"), std::string::npos);
    const auto other = access.chain(engine(kThree + 400 * kMilli, "create"));  // Docker's
    ASSERT_TRUE(other);
    EXPECT_TRUE(other->person.empty());
}

TEST(EngineAccess, TheLoginBehindAConnectOfIoUringsThreadIsThatOfItsProgramOrUnknown) {
    model::Event connect(kThree);  // as the kernel writes it: no auid, no exe
    connect.set("evt.source", "audit");
    connect.set("audit.uring", "connect");
    connect.set("audit.saddr", "/run/docker.sock");
    connect.set_number("proc.pid", 1500);
    connect.set_unsigned("user.uid", 0);
    EngineAccess access;
    access.observe(connect);
    const auto unknown = access.chain(engine(kThree + kMilli, "exec_create"));
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->strength, Strength::unknown);
    EXPECT_EQ(unknown->links[0].strength, Strength::unknown) << "no record says that there was no login";
    model::Event start = audit(kThree - kMilli, 1500, 4242, "alice", 7);
    start.set("syscall.type", "execve");
    start.set("proc.exe", "/x/tool");
    access.observe(start);
    const auto chain = access.chain(engine(kThree + kMilli, "exec_create"));
    EXPECT_EQ(chain->person, "alice");
    EXPECT_EQ(chain->strength, Strength::inferred);
}

TEST(EngineAccess, IsBoundedAndForgetsTheOldest) {
    EngineAccess access;
    for (std::size_t i = 0; i < EngineAccess::kMostConnects + 10; ++i) {
        access.observe(connect(kThree + static_cast<Nanoseconds>(i) * kSecond, static_cast<std::int64_t>(i) + 2, 4242,
                               "alice", 7, "docker exec pay sh"));
    }
    const auto forgotten = access.chain(engine(kThree + kMilli, "exec_create"));
    ASSERT_TRUE(forgotten);
    EXPECT_EQ(forgotten->strength, Strength::unknown);
}

TEST(EngineVerb, IsFoundBehindOptions) {
    EXPECT_EQ(engine_verb("docker -H unix:///x exec -it pay sh"), "exec");
    EXPECT_EQ(engine_verb("/usr/bin/docker --context prod container exec pay sh"), "exec");
    EXPECT_EQ(engine_verb("/usr/libexec/docker/cli-plugins/docker-compose up -d"), "compose");
    EXPECT_EQ(engine_verb("python3 docker exec"), "");
    EXPECT_EQ(engine_verb("podman --root /x --storage-driver vfs --cgroup-manager cgroupfs --tmpdir=/t run -d bb"),
              "run");
    EXPECT_EQ(engine_verb("docker"), "");
}

TEST(Who, MarksTheRecordersOwnQuestionsAndTellsTheEnginesEventsWhoAsked) {
    Who who(99);
    model::Event own = connect(kThree, 99, -1, "", -1);
    who.enrich(own);
    EXPECT_EQ(own.text("who.name"), "plimsoll agent");
    model::Event asked = connect(kThree, 1500, 4242, "alice", 7, "docker run --name pay bb");
    who.enrich(asked);
    EXPECT_TRUE(asked.text("who.name").empty());
    model::Event start = engine(kThree + 200 * kMilli, "start");
    who.enrich(start);
    EXPECT_EQ(start.text("who.name"), "alice");
    EXPECT_EQ(start.text("who.strength"), "inferred");
}

}  // namespace
}  // namespace plimsoll::enrich
