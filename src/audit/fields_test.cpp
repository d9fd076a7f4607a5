#include "audit/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/assembler.h"
#include "audit/field_facts.h"
#include "host/file.h"
#include "model/fields.h"

namespace plimsoll::audit {
namespace {

using testing::ElementsAre;

/// One event made of lines.
struct Lines : EventHandler {
    explicit Lines(std::vector<std::string> text, bool whole = true) : lines(std::move(text)) {
        for (const std::string& line : lines) {
            Record record;
            EXPECT_EQ(parse_line(line, record), Damage::none) << line;
            records.push_back(record);
        }
        read = {.id = records.front().id, .records = records, .complete = whole};
    }
    void event(const LogEvent&) override {}

    std::vector<std::string> lines;
    std::vector<Record> records;
    LogEvent read;
};

/// A field's values as text, comma between; "" when absent.
std::string text_of(const model::Fields& fields, model::FieldKey field, std::string_view arg = {}) {
    std::string out;
    for (const model::Value& value : fields.read(field.id(), arg).values)
        out += (out.empty() ? "" : ",") + model::to_text(value);
    return out;
}

const std::string kHead = " msg=audit(1795221469.117:2163124): ";
const std::string kCall =
    "type=SYSCALL" + kHead +
    "arch=c000003e syscall=42 success=yes exit=0 a0=3 a1=7ffd a2=6e a3=0 items=1 ppid=25989 pid=29891 auid=4242 "
    "uid=1000 "
    "gid=106 euid=0 suid=0 fsuid=0 egid=106 sgid=106 fsgid=106 tty=pts3 ses=80 comm=\"docker\" exe=\"/usr/bin/docker\" "
    "key=\"docker-sock\"";
const std::string kSocket = "type=SOCKADDR" + kHead + "saddr=01002F72756E2F646F636B65722E736F636B0000";
const std::string kCwd = "type=CWD" + kHead + "cwd=\"/srv\"";
const std::string kPath = "type=PATH" + kHead +
                          "item=0 name=\"/run/docker.sock\" inode=10747906 dev=fe:00 mode=0140660 ouid=0 ogid=106 "
                          "rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0";
const std::string kTitle = "type=PROCTITLE" + kHead + "proctitle=646F636B6572007073";

host::Accounts people() {
    host::Accounts accounts;
    accounts.users = {{.name = "alice", .uid = 4242}, {.name = "app", .uid = 1000}};
    accounts.groups = {{.name = "docker", .gid = 106}};
    return accounts;
}

TEST(AuditFields, AConnectToTheEnginesSocket) {
    const Lines lines({kCall, kSocket, kCwd, kPath, kTitle});
    const host::Accounts names = people();
    const EventFields fields(lines.read, &names);
    EXPECT_EQ(text_of(fields, "evt.type"), "connect");
    EXPECT_EQ(text_of(fields, "syscall.type"), "connect");
    EXPECT_EQ(text_of(fields, "evt.res"), "SUCCESS");
    EXPECT_EQ(text_of(fields, "evt.rawres"), "0");
    EXPECT_EQ(text_of(fields, "evt.failed"), "false");
    EXPECT_EQ(text_of(fields, "evt.rawtime"), "1795221469117000000");
    EXPECT_EQ(text_of(fields, "proc.pid"), "29891");
    EXPECT_EQ(text_of(fields, "proc.ppid"), "25989");
    EXPECT_EQ(text_of(fields, "proc.name"), "docker");
    EXPECT_EQ(text_of(fields, "proc.exepath"), "/usr/bin/docker");
    EXPECT_EQ(text_of(fields, "proc.cmdline"), "docker ps");
    EXPECT_EQ(text_of(fields, "proc.cwd"), "/srv");
    EXPECT_EQ(text_of(fields, "proc.tty"), std::to_string(136U << 8U | 3U));
    EXPECT_EQ(text_of(fields, "user.uid"), "1000");
    EXPECT_EQ(text_of(fields, "user.name"), "app");
    EXPECT_EQ(text_of(fields, "user.loginuid"), "4242");
    EXPECT_EQ(text_of(fields, "user.loginname"), "alice");
    EXPECT_EQ(text_of(fields, "group.name"), "docker");
    EXPECT_EQ(text_of(fields, "fd.num"), "3");
    EXPECT_EQ(text_of(fields, "fd.name"), "/run/docker.sock");
    EXPECT_EQ(text_of(fields, "fd.sockfamily"), "unix");
    EXPECT_EQ(text_of(fields, "audit.serial"), "2163124");
    EXPECT_EQ(text_of(fields, "audit.type"), "SYSCALL");
    EXPECT_EQ(text_of(fields, "audit.types"), "SYSCALL,SOCKADDR,CWD,PATH,PROCTITLE");
    EXPECT_EQ(text_of(fields, "audit.keys"), "docker-sock");
    EXPECT_EQ(text_of(fields, "audit.result"), "success");
    EXPECT_EQ(text_of(fields, "audit.session"), "80");
    EXPECT_EQ(text_of(fields, "audit.tty"), "pts3");
    EXPECT_EQ(text_of(fields, "audit.arch"), "x86_64");
    EXPECT_EQ(text_of(fields, "audit.euid"), "0");
    EXPECT_EQ(text_of(fields, "audit.egid"), "106");
    EXPECT_EQ(text_of(fields, "audit.paths"), "/run/docker.sock");
    EXPECT_EQ(text_of(fields, "audit.inodes"), "fe:00:10747906");
    EXPECT_EQ(text_of(fields, "audit.nametypes"), "NORMAL");
    EXPECT_EQ(text_of(fields, "audit.saddr"), "/run/docker.sock");
    EXPECT_EQ(text_of(fields, "audit.title"), "docker ps");
    EXPECT_EQ(text_of(fields, "audit.field", "a2"), "6e");
    EXPECT_EQ(text_of(fields, "audit.field", "mode"), "0140660");
    EXPECT_EQ(text_of(fields, "audit.field", "nothing"), "");
    EXPECT_EQ(text_of(fields, "audit.incomplete"), "");
    EXPECT_EQ(text_of(fields, "audit.uring"), "");
    EXPECT_EQ(text_of(fields, "exec.command"), "");
}

TEST(AuditFields, TheRecorderKeepsTheSameAndWhatHasNoFieldOfItsOwn) {
    const Lines lines({kCall, kSocket, kCwd, kPath, kTitle});
    const host::Accounts names = people();
    const EventFields fields(lines.read, &names);
    model::Event event;
    to_event(lines.read, &names, event);
    EXPECT_EQ(event.time(), 1795221469117000000);
    EXPECT_EQ(event.text("record.kind"), "event");
    EXPECT_EQ(event.text("evt.source"), "audit");
    for (const model::Event::Slot& slot : event.slots()) {
        const auto read = fields.read(slot.field, slot.key);
        ASSERT_EQ(read.values.size(), slot.count) << model::field(slot.field).name;
        for (std::size_t i = 0; i < slot.count; ++i)
            EXPECT_EQ(read.values[i], event.values(slot)[i]) << model::field(slot.field).name;
    }
    EXPECT_EQ(event.text("audit.field", "a2"), "6e");
    EXPECT_EQ(event.text("audit.field", "ogid"), "106");
    EXPECT_EQ(event.text("audit.field", "rdev"), "");  // nothing but zeros
    EXPECT_EQ(event.text("audit.field", "comm"), "");  // has a field of its own
}

TEST(AuditFields, AProgramThatWasRunHasItsArguments) {
    const std::string exec =
        "type=SYSCALL" + kHead +
        "arch=c000003e syscall=59 success=yes exit=0 items=2 ppid=1 pid=2 auid=4294967295 uid=0 gid=0 "
        "euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm=\"sh\" exe=\"/bin/busybox\" "
        "key=(null)";
    const Lines lines({exec, "type=EXECVE" + kHead + "argc=3 a0=\"sh\" a1=\"-c\" a2_len=8 a2[0]=6563",
                       "type=EXECVE" + kHead + "a2[1]=686F",
                       "type=PATH" + kHead + "item=0 name=\"/bin/sh\" inode=1 dev=00:32 nametype=NORMAL",
                       "type=PATH" + kHead + "item=1 name=(null) inode=2 dev=00:32 nametype=NORMAL",
                       "type=PROCTITLE" + kHead + "proctitle=7368"});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "proc.exe"), "sh");
    EXPECT_EQ(text_of(fields, "proc.args"), "-c echo");
    EXPECT_EQ(text_of(fields, "proc.cmdline"), "sh -c echo");
    EXPECT_EQ(text_of(fields, "user.loginuid"), "-1");
    EXPECT_EQ(text_of(fields, "user.loginname"), "");
    EXPECT_EQ(text_of(fields, "audit.session"), "-1");
    EXPECT_EQ(text_of(fields, "audit.tty"), "");
    EXPECT_EQ(text_of(fields, "proc.tty"), "0");
    EXPECT_EQ(text_of(fields, "fd.name"), "");  // what runs is proc.exepath
    EXPECT_EQ(text_of(fields, "audit.keys"), "");
}

TEST(AuditFields, PathsAreMadeAbsoluteWhereTheRecordTellsHow) {
    const auto open = [](std::string_view directory) {
        return "type=SYSCALL" + kHead + "arch=c000003e syscall=257 success=no exit=-13 a0=" + std::string(directory) +
               " a1=0 a2=241 a3=1ed items=1 ppid=1 pid=2 uid=0 comm=\"sh\" exe=\"/bin/sh\" key=6101622063";
    };
    const std::string path = "type=PATH" + kHead + "item=0 name=\"../etc/./x y\" inode=5 dev=fe:00 nametype=CREATE";
    const Lines lines({open("ffffff9c"), kCwd, path, kTitle});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "fd.name"), "/etc/x y");
    EXPECT_EQ(text_of(fields, "fd.directory"), "/etc");
    EXPECT_EQ(text_of(fields, "fd.filename"), "x y");
    EXPECT_EQ(text_of(fields, "fs.path.name"), "/etc/x y");
    EXPECT_EQ(text_of(fields, "fs.path.nameraw"), "../etc/./x y");
    EXPECT_EQ(text_of(fields, "audit.keys"), "a,b c");
    EXPECT_EQ(text_of(fields, "evt.res"), "EACCES");
    EXPECT_EQ(text_of(fields, "evt.failed"), "true");
    EXPECT_EQ(text_of(fields, "evt.is_open_write"), "true");
    EXPECT_EQ(text_of(fields, "evt.is_open_read"), "false");
    EXPECT_EQ(text_of(fields, "evt.is_open_create"), "true");
    EXPECT_EQ(text_of(fields, "evt.is_open_exec"), "true");
    const Lines elsewhere({open("5"), kCwd, path, kTitle});
    EXPECT_EQ(text_of(EventFields(elsewhere.read), "fd.name"), "../etc/./x y");
}

TEST(AuditFields, ARenameHasTwoPaths) {
    const Lines lines({"type=SYSCALL" + kHead +
                           "arch=c000003e syscall=82 success=yes exit=0 a0=1 a1=2 items=4 ppid=1 pid=2 uid=0 "
                           "comm=\"mv\" exe=\"/bin/mv\"",
                       kCwd, "type=PATH" + kHead + "item=0 name=\"/srv\" inode=1 dev=fe:00 nametype=PARENT",
                       "type=PATH" + kHead + "item=1 name=\"/srv\" inode=1 dev=fe:00 nametype=PARENT",
                       "type=PATH" + kHead + "item=2 name=\"a\" inode=3 dev=fe:00 nametype=DELETE",
                       "type=PATH" + kHead + "item=3 name=\"b\" inode=3 dev=fe:00 nametype=CREATE", kTitle});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "fs.path.source"), "/srv/a");
    EXPECT_EQ(text_of(fields, "fs.path.target"), "/srv/b");
    EXPECT_EQ(text_of(fields, "fs.path.name"), "");
    EXPECT_EQ(text_of(fields, "audit.nametypes"), "PARENT,PARENT,DELETE,CREATE");
}

TEST(AuditFields, AConnectionOverTheNetwork) {
    const Lines lines({kCall, "type=SOCKADDR" + kHead + "saddr=020001BBC0A801020000000000000000", kTitle});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "fd.sockfamily"), "ip");
    EXPECT_EQ(text_of(fields, "fd.rip"), "192.168.1.2");
    EXPECT_EQ(text_of(fields, "fd.rport"), "443");
    EXPECT_EQ(text_of(fields, "fd.sip"), "192.168.1.2");
    EXPECT_EQ(text_of(fields, "fd.sport"), "443");
    EXPECT_EQ(text_of(fields, "fd.cip"), "");
    EXPECT_EQ(text_of(fields, "fd.name"), "192.168.1.2:443");
}

TEST(AuditFields, WhatAProgramWritesOfItselfIsAClaimAlone) {
    const Lines lines({"type=USER_LOGIN" + kHead +
                       "pid=11 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=616C20 exe=\"/usr/sbin/sshd\" "
                       "hostname=evil addr=6.6.6.6 terminal=ssh res=failed uid=7 pid=1'"});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "evt.type"), "user_login");
    EXPECT_EQ(text_of(fields, "proc.pid"), "11");
    EXPECT_EQ(text_of(fields, "user.uid"), "0");
    EXPECT_EQ(text_of(fields, "proc.exepath"), "");
    EXPECT_EQ(text_of(fields, "audit.op"), "");
    EXPECT_EQ(text_of(fields, "audit.tty"), "");
    EXPECT_EQ(text_of(fields, "audit.claim", "exe"), "/usr/sbin/sshd");
    EXPECT_EQ(text_of(fields, "audit.claim", "acct"), "al ");
    EXPECT_EQ(text_of(fields, "audit.claim", "addr"), "6.6.6.6");
    EXPECT_EQ(text_of(fields, "audit.result"), "failed");
    EXPECT_EQ(text_of(fields, "audit.incomplete"), "");
    model::Event event;
    to_event(lines.read, nullptr, event);
    EXPECT_EQ(event.text("audit.claim", "addr"), "6.6.6.6");
    EXPECT_EQ(event.text("audit.field", "addr"), "");
}

TEST(AuditFields, TheKernelsOwnChanges) {
    const Lines lines(
        {"type=CONFIG_CHANGE" + kHead + "op=set audit_enabled=0 old=1 auid=4294967295 ses=4294967295 res=1"});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "evt.type"), "config_change");
    EXPECT_EQ(text_of(fields, "audit.op"), "set");
    EXPECT_EQ(text_of(fields, "audit.result"), "success");
    model::Event event;
    to_event(lines.read, nullptr, event);
    EXPECT_EQ(event.text("audit.field", "audit_enabled"), "0");
    EXPECT_EQ(event.text("audit.field", "old"), "1");
}

TEST(AuditFields, OperationsOfIoUringHaveNames) {
    const Lines lines({"type=URINGOP" + kHead +
                           "uring_op=16 success=yes exit=0 items=1 ppid=1954 pid=1962 uid=0 gid=0 euid=0 key=\"C\"",
                       kSocket, kCwd, kPath});
    const EventFields fields(lines.read);
    EXPECT_EQ(text_of(fields, "audit.uring"), "connect");
    EXPECT_EQ(text_of(fields, "evt.type"), "uringop");
    EXPECT_EQ(text_of(fields, "proc.pid"), "1962");
    EXPECT_EQ(text_of(fields, "audit.incomplete"), "");
}

TEST(AuditFields, MissingRecordsAreNamed) {
    const Lines unfinished({kCall, kSocket}, false);
    EXPECT_EQ(text_of(EventFields(unfinished.read), "audit.incomplete"), "no end, 0 of 1 PATH records");
    const Lines headless({kCwd, kPath, kTitle});
    EXPECT_EQ(text_of(EventFields(headless.read), "audit.incomplete"), "no SYSCALL record");
}

TEST(AuditFields, NamesOfALogThatKnowsThemAreTaken) {
    const Lines lines({kCall + "\x1d" + R"(ARCH=x86_64 SYSCALL=connect AUID="bob" UID="carol" GID="staff")"});
    const host::Accounts names = people();
    const EventFields fields(lines.read, &names);
    EXPECT_EQ(text_of(fields, "user.loginname"), "bob");
    EXPECT_EQ(text_of(fields, "user.name"), "carol");
    EXPECT_EQ(text_of(fields, "group.name"), "staff");
}

TEST(AuditFields, InAContainerTheHostsNamesAreNotItsOwn) {
    const Lines lines({kCall, kTitle});
    const host::Accounts names = people();
    EventFacts facts;
    facts.read(lines.read);
    model::Event event;
    to_event(facts, {.names = &names, .contained = true}, event);
    EXPECT_EQ(event.number("user.uid"), 1000U);
    EXPECT_FALSE(event.has("user.name"));
    EXPECT_FALSE(event.has("group.name"));
    EXPECT_EQ(event.text("user.loginname"), "alice");  // logins are the host's
}

TEST(AuditFields, SecretsAreMaskedAndTheRulesAreNamed) {
    const auto hex = [](std::string_view text) {
        std::string out;
        for (const char c : text) {
            constexpr std::string_view kDigits = "0123456789ABCDEF";
            out += kDigits[static_cast<unsigned char>(c) >> 4U];
            out += kDigits[static_cast<unsigned char>(c) & 15U];
        }
        return out;
    };
    const std::string call = "type=SYSCALL" + kHead +
                             "arch=c000003e syscall=59 success=yes exit=0 items=0 ppid=1 pid=2 uid=0 comm=\"docker\" "
                             "exe=\"/usr/bin/docker\"";
    const Lines lines(
        {call, "type=EXECVE" + kHead + "argc=4 a0=\"docker\" a1=\"run\" a2=\"-e\" a3=" + hex("PASSWORD=two words"),
         "type=PROCTITLE" + kHead + "proctitle=" + hex(std::string_view("docker\0run\0-e\0PASSWORD=two words", 33))});
    EventFacts facts;
    facts.read(lines.read);
    EXPECT_EQ(facts.arguments().back(), "PASSWORD=two words");
    SecretMasker masker;
    facts.mask_with(&masker);  // also what was read already
    model::Event event;
    to_event(facts, {.masker = &masker}, event);
    EXPECT_EQ(event.text("proc.args"), "run -e PASSWORD=***");
    EXPECT_EQ(event.text("audit.title"), "docker run -e PASSWORD=***");
    EXPECT_EQ(event.text("audit.masked"), "assignment");
    EXPECT_EQ(text_of(EventFields(lines.read), "proc.args"),
              "run -e PASSWORD=two words");  // search shows what the log has
}

TEST(AuditFields, PlainPathsStayInsideTheRoot) {
    EXPECT_EQ(plain_path("/a//b/./c/"), "/a/b/c");
    EXPECT_EQ(plain_path("/../../etc"), "/etc");
    EXPECT_EQ(plain_path("/a/../.."), "/");
}

/// Every record of the recorded scenarios has its fields, and none is thought incomplete that is whole.
TEST(AuditFields, RecordedLogsAreReadWhole) {
    const auto text = host::read_file({}, PLIMSOLL_SHARED_DIR "/data/audit/sample-seq-raw.log", 64U << 20U);
    if (!text) GTEST_SKIP() << text.error().message;
    struct Handler : EventHandler {
        void event(const LogEvent& event) override {
            ++events;
            const EventFields fields(event);
            if (fields.read(model::FieldKey("evt.type").id(), {}).values.empty()) ++untyped;
            if (!fields.read(model::FieldKey("audit.incomplete").id(), {}).values.empty()) ++incomplete;
            model::Event kept;
            to_event(event, nullptr, kept);
        }
        int events = 0, untyped = 0, incomplete = 0;
    } handler;
    Assembler assembler(handler);
    std::size_t at = 0;
    while (at < text->size()) {
        const std::size_t end = std::min(text->find('\n', at), text->size());
        Record record;
        if (parse_line(std::string_view(*text).substr(at, end - at), record) == Damage::none) assembler.add(record);
        at = end + 1;
    }
    assembler.flush();
    EXPECT_EQ(handler.events, 556);
    EXPECT_EQ(handler.untyped, 0);
    EXPECT_EQ(handler.incomplete, 0);
}

}  // namespace
}  // namespace plimsoll::audit
