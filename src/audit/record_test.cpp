#include "audit/record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll::audit {
namespace {

using namespace std::string_view_literals;

Record read(std::string_view line) {
    Record record;
    EXPECT_EQ(parse_line(line, record), Damage::none) << line;
    return record;
}

Damage damage(std::string_view line) {
    Record record;
    return parse_line(line, record);
}

/// NAME=VALUE of every field; quoted values in quotes, claims with a ~ in front.
std::string fields(std::string_view body) {
    std::string out;
    FieldCursor cursor(body);
    while (const auto field = cursor.next()) {
        if (!out.empty()) out += '|';
        if (field->claim) out += '~';
        out += std::string(field->name) + "=";
        out += field->quoted ? "\"" + std::string(field->value) + "\"" : std::string(field->value);
    }
    return out;
}

TEST(Record, IsReadFromARawLine) {
    const Record record = read(R"(type=CWD msg=audit(1795221463.857:2162636): cwd="/srv")");
    EXPECT_EQ(record.type, 1307U);
    EXPECT_EQ(record.id, (EventId{"", 1795221463857, 2162636}));
    EXPECT_EQ(record.body, R"(cwd="/srv")");
    EXPECT_EQ(record.enriched, "");
    EXPECT_EQ(record.mended, Damage::none);
}

TEST(Record, IsReadFromAnEnrichedLineOfANode) {
    const Record record = read("node=web.example type=USER msg=audit(1.002:3): pid=1 msg='x'\x1dUID=\"root\"\r");
    EXPECT_EQ(record.id, (EventId{"web.example", 1002, 3}));
    EXPECT_EQ(record.body, "pid=1 msg='x'");
    EXPECT_EQ(record.enriched, "UID=\"root\"");
    EXPECT_TRUE(record.line.ends_with("\"root\""));
}

TEST(Record, KeepsASeparatorThatAProgramWroteWithinItsClaim) {
    const Record record = read("type=USER_LOGIN msg=audit(1.002:3): pid=9 uid=0 msg='x'\x1d UID=\"evil\"'");
    EXPECT_EQ(record.enriched, "");
    EXPECT_EQ(fields(record.body), "pid=9|uid=0|~UID=\"evil\"");
}

TEST(Record, IsReadInEveryFormThatIsFoundInTheWild) {
    for (const std::string_view line : {
             std::string_view("type=1300 msg=audit(5.006:7): arch=c000003e syscall=42"),
             std::string_view("type=SYSCALL msg=audit(5.006:7): arch=c000003e syscall=42\r"),
             std::string_view("type=UNKNOWN[1300] msg=audit(5.006:7):arch=c000003e syscall=42"),
             std::string_view("audit: type=1300 audit(5.006:7): arch=c000003e syscall=42"),
             std::string_view("[   12.5] audit: type=1300 audit(5.006:7): arch=c000003e syscall=42"),
             std::string_view(
                 "Nov 21 00:00:00 host audispd: type=SYSCALL msg=audit(5.006:7): arch=c000003e syscall=42"),
             std::string_view(
                 "<13>Nov 21 00:00:00 host kernel: audit: type=1300 audit(5.006:7): arch=c000003e syscall=42"),
             "\0\0\0type=SYSCALL msg=audit(5.006:7): arch=c000003e syscall=42 "sv,
         }) {
        const Record record = read(line);
        EXPECT_EQ(record.type, 1300U) << line;
        EXPECT_EQ(record.id, (EventId{"", 5006, 7})) << line;
        EXPECT_EQ(record.body, "arch=c000003e syscall=42") << line;
        EXPECT_EQ(record.mended, Damage::none) << line;
    }
}

TEST(Record, IsMendedWhereTheLineStillSaysWhatItIs) {
    const Record header = read("type=SYSCALL msg=audit{5.006:7): arch=c000003e syscall=42");
    EXPECT_EQ(header.id.serial, 7U);
    EXPECT_EQ(header.mended, Damage::no_header);
    const Record type = read("msg=audit(5.006:7): arch=c000003e syscall=42");
    EXPECT_EQ(type.type, 1300U);
    EXPECT_EQ(type.mended, Damage::no_type);
    const Record name = read("type=OF_NEXT_YEAR msg=audit(5.006:7): a=b");
    EXPECT_EQ(name.type, 0U);
    EXPECT_EQ(name.mended, Damage::unknown_type);
}

TEST(Record, SaysWhyALineIsNone) {
    EXPECT_EQ(damage(""), Damage::empty);
    EXPECT_EQ(damage(std::string(100, '\0')), Damage::empty);
    EXPECT_EQ(damage("####"), Damage::no_type);
    EXPECT_EQ(damage("Nov 21 00:00:00 host auditd[1]: Audit daemon rotating log files"), Damage::no_type);
    EXPECT_EQ(damage("type=SYSCALL"), Damage::no_header);
    EXPECT_EQ(damage("type=SYSCALL msg=audit(17952214"), Damage::no_header);
    EXPECT_EQ(damage("type=SYSCALL msg=audit(1.000:99999999999999999999): a=b"), Damage::no_header);
    EXPECT_EQ(damage("msg=audit(5.006:7): something=else"), Damage::no_type);
    EXPECT_EQ(damage(std::string(kLongestLine + 1, 'A')), Damage::too_long);
}

TEST(Record, IsNotTakenFromTheTextOfAnotherProgram) {
    EXPECT_EQ(damage("Nov 21 00:00:00 host myapp: type=USER_LOGIN msg=audit(1.000:2): x"), Damage::no_type);
    EXPECT_EQ(read("type=USER_LOGIN msg=audit(1.000:2): msg='x type=SYSCALL msg=audit(9.000:9): k'").id.serial, 2U);
    EXPECT_EQ(damage("type=USER_LOGIN broken msg='type=SYSCALL msg=audit(9.000:9): k'"), Damage::no_header);
}

TEST(Record, IsReadAsWellBehindALineOfTheSameEvent) {
    LastHeader last;
    for (const std::string_view line :
         {"type=SYSCALL msg=audit(1795221463.745:216): arch=c000003e",
          "type=CWD msg=audit(1795221463.745:216): cwd=\"/\"", "type=EXECVE msg=audit(1795221463.745:216):  a1=\"x\"",
          "node=h type=PATH msg=audit(1795221463.745:216): item=0", "type=PATH msg=audit(1795221463.745:2162): item=0",
          "type=PATH msg=audit(1795221463.745:21): item=0", "type=PATH msg=audit(1795221463.745:21",
          "type=PATH msg=audit(1795221463.745:21) item=0", "x", "type=PATH audit(1795221463.745:21): item=0",
          "type=PATH msg=audit[1795221463.745:21): item=0",
          "type=PATH msg=audit(1795221463.745:21):", "msg=audit(1795221463.745:21): item=0 name=\"x\""}) {
        Record alone;
        Record behind;
        ASSERT_EQ(parse_line(line, behind, last), parse_line(line, alone)) << line;
        EXPECT_EQ(behind.type, alone.type) << line;
        EXPECT_EQ(behind.id, alone.id) << line;
        EXPECT_EQ(behind.body, alone.body) << line;
        EXPECT_EQ(behind.mended, alone.mended) << line;
    }
}

TEST(Record, IsReadFromAMessageOfTheKernel) {
    Record record;
    EXPECT_EQ(parse_message(1300, "audit(5.006:18446744073709551615): arch=c000003e \0"sv, record), Damage::none);
    EXPECT_EQ(record.type, 1300U);
    EXPECT_EQ(record.id.serial, UINT64_MAX);
    EXPECT_EQ(record.body, "arch=c000003e");
    EXPECT_EQ(parse_message(1300, "arch=c000003e", record), Damage::no_header);
    EXPECT_EQ(parse_message(1320, "audit(5.006:7): ", record), Damage::none);
    EXPECT_EQ(record.body, "");
}

TEST(FieldCursor, GoesThroughTheFieldsInOrder) {
    EXPECT_EQ(fields(R"(arch=c000003e  tty=(none) comm="docker" exe=2F6220 key=(null))"),
              R"(arch=c000003e|tty=(none)|comm="docker"|exe=2F6220|key=(null))");
    EXPECT_EQ(fields(R"(a1_len=18000 a1[0]=4141 a1[1]=42)"), "a1_len=18000|a1[0]=4141|a1[1]=42");
    EXPECT_EQ(fields(R"(name="" nametype=UNKNOWN)"), R"(name=""|nametype=UNKNOWN)");
}

TEST(FieldCursor, SurvivesWhatTheKernelGetsWrong) {
    EXPECT_EQ(fields(R"(auid=4294967295 ses=4294967295op=remove_rule path="/x" res=1)"),
              R"(auid=4294967295|ses=4294967295|op=remove_rule|path="/x"|res=1)");
    EXPECT_EQ(fields("avc:  denied  { read } for  pid=12 comm=\"x\" path=\"a b\" dev=\"sda\""),
              R"(pid=12|comm="x"|path="a b"|dev="sda")");
    EXPECT_EQ(fields("pid=1 subj==unconfined sig=9"), "pid=1|subj==unconfined|sig=9");
}

TEST(FieldCursor, SurvivesAQuoteWithoutEnd) {
    EXPECT_EQ(fields(R"(comm="docker exe="/usr/bin/docker" key="k")"),
              R"(comm="docker"|exe="/usr/bin/docker"|key="k")");
    EXPECT_EQ(fields(R"(pid=1 key="docker-sock)"), R"(pid=1|key="docker-sock")");
    EXPECT_EQ(fields(R"(key=")"), R"(key="")");
}

TEST(FieldCursor, TellsClaimsFromFacts) {
    EXPECT_EQ(fields(R"(pid=9 uid=0 msg='op=login acct="root" exe="/usr/sbin/sshd" hostname=? res=success')"),
              R"(pid=9|uid=0|~op=login|~acct="root"|~exe="/usr/sbin/sshd"|~hostname=?|~res=success)");
    EXPECT_EQ(fields(R"(uid=7 msg='op=x' uid=0 auid=1000 fake='res=success')"),
              R"(uid=7|~op=x|~uid=0|~auid=1000|~fake='res=success)");
    EXPECT_EQ(fields(R"(msg='op=user alice removed by root from group docker acct="docker" id=1')"),
              R"(~op=user alice removed by root from group docker|~acct="docker"|~id=1)");
    EXPECT_EQ(fields(R"(comm="msg='uid=0" pid=1)"), R"(comm="msg='uid=0"|pid=1)");
}

TEST(FieldCursor, FindsFactsAndClaimsApart) {
    const Record record = read("type=USER_LOGIN msg=audit(1.000:2): pid=9 uid=7 msg='op=x' uid=0 acct=\"a\"'");
    EXPECT_EQ(find(record, "uid")->value, "7");
    EXPECT_FALSE(find(record, "acct"));
    EXPECT_EQ(find_claim(record, "uid")->value, "0");
    EXPECT_EQ(find_claim(record, "acct")->value, "a");
    EXPECT_FALSE(find_claim(record, "pid"));
}

}  // namespace
}  // namespace plimsoll::audit
