#include "app/who.h"

#include <gtest/gtest.h>

#include "host/temporary_tree.h"
#include "ledger/writer.h"

namespace plimsoll::app {
namespace {

constexpr Nanoseconds kThree = 1'795'400'000 * kSecond;
constexpr Nanoseconds kMilli = kSecond / 1000;
constexpr std::string_view kContainer = "0123456789ab";

class WhoTest : public testing::Test {
protected:
    WhoTest() {
        auto opened = ledger::Writer::open({.path = tree_.at("/ledger"), .host = "test"});
        check(opened.has_value());
        writer_ = std::move(*opened);
    }

    ledger::RecordNumber add(const model::Event& event) {
        const auto number = writer_->append(event);
        check(number.has_value());
        return *number;
    }

    static model::Event audit(Nanoseconds time, std::int64_t pid, std::string_view call) {
        model::Event event(time);
        event.set("record.kind", "event");
        event.set("evt.source", "audit");
        event.set("syscall.type", call);
        event.set_number("proc.pid", pid);
        event.set("proc.exepath", "/usr/bin/docker");
        event.set_unsigned("user.uid", 0);
        event.set("user.name", "root");
        event.set_number("user.loginuid", 4242);
        event.set("user.loginname", "alice");
        event.set_number("audit.session", 7);
        return event;
    }

    void alice_connects(Nanoseconds time, std::int64_t pid, std::string_view title) {
        model::Event event = audit(time, pid, "connect");
        event.set("audit.saddr", "/run/docker.sock");
        event.set("audit.title", title);
        add(event);
    }

    static model::Event about_pay(Nanoseconds time, std::string_view kind) {
        model::Event event(time);
        event.set("record.kind", kind);
        event.set("evt.source", "docker");
        event.set("docker.type", "container");
        event.set("container.name", "pay");
        event.set("container.id", kContainer);
        event.set("container.full_id", std::string(64, 'a'));
        return event;
    }

    ledger::RecordNumber session(Nanoseconds from, Nanoseconds until, std::int64_t pid) {
        model::Event event = about_pay(until, "session");
        event.set("exec.id", std::string(64, 'e'));
        event.set("exec.command", "sh -c id");
        event.set_unsigned("exec.start_ts", static_cast<std::uint64_t>(from));
        event.set_number("exec.pid", pid);
        return add(event);
    }

    WhoAnswer ask(std::string subject) {
        check(writer_->commit().has_value());
        auto reader = ledger::Reader::open(tree_.at("/ledger"));
        check(reader.has_value());
        auto answer = who(**reader, {.subject = std::move(subject), .since = {}, .until = {}});
        EXPECT_TRUE(answer) << answer.error().message;
        return answer ? std::move(*answer) : WhoAnswer{};
    }

    host::TemporaryTree tree_;
    std::unique_ptr<ledger::Writer> writer_;
};

TEST_F(WhoTest, AContainersActsHaveTheirPeopleFromTheAuditRecordsAroundThem) {
    model::Event start = about_pay(kThree + 300 * kMilli, "event");
    start.set("docker.action", "start");
    add(start);  // the audit records came later, as imported ones do
    alice_connects(kThree, 1500, "docker run --name pay bb");
    const WhoAnswer answer = ask("pay");
    ASSERT_EQ(answer.acts.size(), 1U);
    EXPECT_EQ(answer.acts[0].act, "start");
    EXPECT_EQ(answer.acts[0].chain.person, "alice");
    EXPECT_EQ(answer.acts[0].chain.strength, enrich::Strength::inferred);
    EXPECT_TRUE(answer.audited);
}

TEST_F(WhoTest, WhereTheLoginCameFromIsFoundHoursBefore) {
    model::Event login = audit(kThree - 7200 * kSecond, 900, "sendto");
    login.set("audit.type", "USER_LOGIN");
    login.set_keyed("audit.claim", "addr", "192.0.2.7");
    add(login);
    alice_connects(kThree, 1500, "docker exec pay sh -c id");
    session(kThree + 20 * kMilli, kThree + 5 * kSecond, 2000);
    const WhoAnswer answer = ask(std::string(64, 'e'));
    ASSERT_EQ(answer.acts.size(), 1U);
    EXPECT_EQ(answer.acts[0].chain.address, "192.0.2.7");
}

TEST_F(WhoTest, AProcessInsideLeadsOverItsSessionToThePerson) {
    alice_connects(kThree, 1500, "docker exec pay sh -c id");
    session(kThree + 20 * kMilli, kThree + 5 * kSecond, 2000);
    model::Event inside = audit(kThree + kSecond, 2001, "openat");
    inside.set_number("proc.ppid", 2000);
    inside.set_number("user.loginuid", -1);
    inside.set("container.id", kContainer);
    inside.set("proc.exepath", "/bin/cat");
    const auto number = add(inside);
    const WhoAnswer answer = ask(std::to_string(number));
    ASSERT_EQ(answer.acts.size(), 1U);
    EXPECT_EQ(answer.acts[0].chain.person, "alice");
    EXPECT_EQ(answer.acts[0].chain.links.back().strength, enrich::Strength::proved);
}

TEST_F(WhoTest, InAPodmanContainerTheProcessCarriesTheLoginItself) {
    const auto start_of = [&](std::string_view container, std::string_view type) {
        model::Event start = about_pay(kThree, "event");
        start.set("docker.action", "start");
        start.set("container.id", container);
        start.set("container.type", type);
        add(start);
    };
    start_of(kContainer, "podman");
    start_of("ba9876543210", "docker");
    model::Event inside = audit(kThree + kSecond, 2001, "openat");
    inside.set("container.id", kContainer);
    const auto number = add(inside);
    const WhoAnswer answer = ask(std::to_string(number));
    ASSERT_EQ(answer.acts.size(), 1U);
    EXPECT_EQ(answer.acts[0].chain.person, "alice");
    EXPECT_EQ(answer.acts[0].chain.strength, enrich::Strength::proved);
    model::Event other = audit(kThree + kSecond, 2002, "openat");
    other.set("container.id", "ba9876543210");
    // Its login may be that of whoever restarted the daemon
    EXPECT_TRUE(ask(std::to_string(add(other))).acts[0].chain.person.empty());
}

TEST_F(WhoTest, TheLoginOfWhatIoUringsThreadDidIsThatOfItsProcess) {
    model::Event thread(kThree + kSecond);
    thread.set("record.kind", "event");
    thread.set("evt.source", "audit");
    thread.set("audit.uring", "connect");
    thread.set_number("proc.pid", 2001);
    thread.set_unsigned("user.uid", 0);
    const auto unknown = ask(std::to_string(add(thread))).acts.at(0).chain;
    EXPECT_EQ(unknown.strength, enrich::Strength::unknown);
    add(audit(kThree, 2001, "execve"));
    thread.set_time(kThree + 2 * kSecond);
    const auto chain = ask(std::to_string(add(thread))).acts.at(0).chain;
    EXPECT_EQ(chain.person, "alice");
    EXPECT_EQ(chain.strength, enrich::Strength::inferred);
}

TEST_F(WhoTest, AnAlertLeadsToThePersonBehindItsCause) {
    alice_connects(kThree, 1500, "docker exec pay sh -c id");
    const auto cause = session(kThree + 20 * kMilli, kThree + 5 * kSecond, 2000);
    model::Event alert = about_pay(kThree + 5 * kSecond, "alert");
    alert.set_unsigned("alert.record", cause);
    const WhoAnswer answer = ask(std::to_string(add(alert)));
    ASSERT_EQ(answer.acts.size(), 1U);
    EXPECT_EQ(answer.acts[0].number, cause);
    EXPECT_EQ(answer.acts[0].chain.person, "alice");
}

TEST_F(WhoTest, WithoutAuditRecordsNobodyIsNamedAndThatIsSaid) {
    const auto number = session(kThree, kThree + kSecond, 2000);
    const WhoAnswer answer = ask(std::to_string(number));
    ASSERT_EQ(answer.acts.size(), 1U);
    EXPECT_TRUE(answer.acts[0].chain.person.empty());
    EXPECT_EQ(answer.acts[0].chain.strength, enrich::Strength::unknown);
    EXPECT_FALSE(answer.audited);
}

TEST_F(WhoTest, OfWhatNothingIsRecordedTheAnswerIsEmpty) { EXPECT_TRUE(ask("nothing").acts.empty()); }

}  // namespace
}  // namespace plimsoll::app
