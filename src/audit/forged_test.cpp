#include "audit/forged.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::audit {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Why a record of that body is not believed.
std::string reason(const std::string& body, const Writer& writer, const std::string& call = {}) {
    std::vector<std::string> lines = {"type=USER_LOGIN msg=audit(1.000:1): " + body};
    if (!call.empty()) lines.push_back("type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=44 pid=7 " + call);
    std::vector<Record> records(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(parse_line(lines[i], records[i]), Damage::none);
    const LogEvent event{.id = records[0].id, .records = records, .complete = true};
    EventFacts facts;
    facts.read(event);
    return forged_reason(facts, writer);
}

const std::string kLogin =
    R"(pid=7 uid=0 auid=1000 ses=3 msg='op=login acct="root" exe="/usr/sbin/sshd" hostname=? addr=? terminal=ssh res=success')";

TEST(Forged, AnHonestRecordIsBelieved) {
    EXPECT_THAT(reason(kLogin, {.program = "/usr/sbin/sshd"}), IsEmpty());
    EXPECT_THAT(reason(kLogin, {.program = "/usr/sbin/sshd (deleted)"}), IsEmpty());  // replaced by an update since
    EXPECT_THAT(reason(kLogin, {}), IsEmpty());                                       // gone: nothing speaks against it
    EXPECT_THAT(reason(kLogin, {}, R"(exe="/usr/sbin/sshd")"), IsEmpty());
}

TEST(Forged, ARecordFromAContainerSaysNothingOfThisHost) {
    EXPECT_THAT(reason(kLogin, {.container = "web"}), HasSubstr("inside container web"));
}

TEST(Forged, AnotherProgramThanItClaims) {
    EXPECT_THAT(reason(kLogin, {.program = "/usr/bin/python3"}),
                HasSubstr("claims to come from /usr/sbin/sshd, its process runs /usr/bin/python3"));
    EXPECT_THAT(reason(kLogin, {.program = "/usr/sbin/sshd"}, R"(exe="/tmp/x")"), HasSubstr("/tmp/x"));
}

TEST(Forged, AProgramThatBecomesAnotherIsNoForger) {
    const std::string sudo =
        R"(pid=7 uid=0 auid=1000 ses=3 msg='cwd="/" cmd="id" exe="/usr/bin/sudo" terminal=? res=success')";
    EXPECT_THAT(reason(sudo, {.program = "/usr/bin/id"}), IsEmpty());
    EXPECT_THAT(reason(kLogin, {.program = "/bin/bash", .earlier = "/usr/sbin/sshd"}), IsEmpty());
}

TEST(Forged, TextThatPosesAsTheKernels) {
    EXPECT_THAT(reason("pid=7 uid=0 auid=4294967295 ses=1 msg='op=x' uid=0 auid=1000 fake='res=success'", {}),
                HasSubstr("goes on with uid="));
    EXPECT_THAT(
        reason("pid=7 uid=0 auid=4294967295 ses=1 msg='x type=SYSCALL msg=audit(1795221469.117:99): arch=c000003e'",
               {}),
        HasSubstr("another record"));
    EXPECT_THAT(
        reason(R"(pid=7 uid=0 auid=1 ses=1 msg='op=adding acct="o'brien" exe="/usr/sbin/sshd" res=success')", {}),
        IsEmpty());
}

}  // namespace
}  // namespace plimsoll::audit
