#include "audit/text/interpret.h"

#include <gtest/gtest.h>

#include <array>

#include "audit/text/formats.h"

namespace plimsoll::audit {
namespace {

host::Accounts known_accounts() {
    host::Accounts accounts;
    accounts.users = {{"root", 0, 0, "/root", "/bin/sh"}, {"alice", 4242, 4242, "/home/alice", "/bin/sh"}};
    accounts.groups = {{"root", 0, {}}, {"docker", 106, {}}};
    return accounts;
}

/// The line that -i makes of a line of a log, without its head.
std::string interpreted(std::string_view type, std::string_view body, Escape escape = Escape::tty) {
    const host::Accounts names = known_accounts();
    std::string line = "type=";
    line += type;
    line += " msg=audit(1795221463.745:7): ";
    line += body;
    Record record;
    EXPECT_EQ(parse_line(line, record), Damage::none) << line;
    Interpreter interpreter(&names, escape, Zone::utc, false);
    Buffer out;
    interpreter.put_record(out, record);
    std::string_view text = out.text();
    const std::size_t head = text.find(") :");
    return std::string(text.substr(std::min(head + 4, text.size())));
}

TEST(Interpret, HasTheTimeOfTheEventByTheClockOfAusearchOrByIso) {
    const std::string line = "node=host1 type=CWD msg=audit(1795221463.745:2162636): cwd=\"/\"";
    Record record;
    ASSERT_EQ(parse_line(line, record), Damage::none);
    Buffer out;
    Interpreter(nullptr, Escape::tty, Zone::utc, false).put_record(out, record);
    EXPECT_EQ(out.text(), "node=host1 type=CWD msg=audit(11/21/26 00:37:43.745:2162636) : cwd=/ \n");
    out.clear();
    Interpreter(nullptr, Escape::tty, Zone::utc, true).put_record(out, record);
    EXPECT_EQ(out.text(), "node=host1 type=CWD msg=audit(2026-11-21T00:37:43.745Z:2162636) : cwd=/ \n");
}

TEST(Interpret, NamesWhoAndWhichCall) {
    EXPECT_EQ(
        interpreted("SYSCALL",
                    "arch=c000003e syscall=42 success=no exit=-13 a0=3 a1=c0 a2=17 a3=0 items=1 auid=4242 uid=0 "
                    "gid=106 suid=4321 tty=(none) ses=4294967295 comm=\"docker\" exe=\"/usr/bin/docker\" key=\"k\""),
        "arch=x86_64 syscall=connect success=no exit=EACCES(Permission denied) a0=0x3 a1=0xc0 a2=0x17 a3=0x0 "
        "items=1 auid=alice uid=root gid=docker suid=unknown(4321) tty=(none) ses=unset comm=docker "
        "exe=/usr/bin/docker key=k \n");
}

TEST(Interpret, ReadsArgumentsByTheirCall) {
    const auto call = [](std::string_view fields) {
        const std::string text = interpreted("SYSCALL", fields);
        return text.substr(text.find("syscall="));
    };
    EXPECT_EQ(call("arch=c000003e syscall=257 a0=ffffff9c a1=5 a2=80241 a3=1b6 items=2"),
              "syscall=openat a0=AT_FDCWD a1=0x5 a2=O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC a3=0x1b6 items=2 \n");
    EXPECT_EQ(call("arch=c000003e syscall=62 a0=7717 a1=9 a2=0 a3=0"),
              "syscall=kill a0=0x7717 a1=SIGKILL a2=0x0 a3=0x0 \n");
    EXPECT_EQ(call("arch=c000003e syscall=165 a0=1 a1=2 a2=0 a3=44000"),
              "syscall=mount a0=0x1 a1=0x2 a2=0x0 a3=MS_REC|MS_PRIVATE \n");
    EXPECT_EQ(call("arch=c000003e syscall=268 a0=ffffff9c a1=2 a2=180 a3=0"),
              "syscall=fchmodat a0=AT_FDCWD a1=0x2 a2=0600 a3=0x0 \n");
    EXPECT_EQ(call("arch=40000003 syscall=102 a0=3 a1=41b0f800 a2=0 a3=1"),
              "syscall=socketcall(connect) a0=connect a1=0x41b0f800 a2=0x0 a3=0x1 \n");
    EXPECT_EQ(call("arch=c00000b7 syscall=220 a0=1200011 a1=0 a2=0 a3=0"),
              "syscall=clone a0=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD a1=0x0 a2=0x0 a3=0x0 \n");
    EXPECT_EQ(call("arch=c000003e syscall=9999 a0=1 a1=2"), "syscall=unknown-syscall(9999) a0=0x1 a1=0x2 \n");
}

TEST(Interpret, TakesTheNamesThatTheCollectingHostResolved) {
    const std::string enriched = "ouid=1000 ogid=0 x=1\x1dOUID=\"bob\" OGID=\"wheel\"";
    EXPECT_EQ(interpreted("PATH", enriched), "ouid=bob ogid=wheel x=1 \n");
    // A claimed uid comes later, and has a name of its own
    EXPECT_EQ(
        interpreted("USER_LOGIN", "uid=0 auid=4242 msg='op=x id=7 res=success'\x1dUID=\"root\" AUID=\"al\" ID=\"eve\""),
        "uid=root auid=al msg='op=x id=eve res=success' \n");
}

TEST(Interpret, DecodesHexadecimalAndKeepsControlCharactersFromTheTerminal) {
    EXPECT_EQ(interpreted("PROCTITLE", "proctitle=646F636B65720070730000"), "proctitle=docker ps \n");
    EXPECT_EQ(interpreted("PATH", "name=1B5B324A2F78"), "name=\\033[2J/x \n");
    EXPECT_EQ(interpreted("PATH", "name=1B5B324A2F78", Escape::raw), "name=\x1b[2J/x \n");
    EXPECT_EQ(interpreted("PATH", "name=612062", Escape::shell_quote), "name=a\\ b \n");
    EXPECT_EQ(interpreted("PATH", "name=E280AE6578652E"), "name=\\342\\200\\256exe. \n");  // right to left
    EXPECT_EQ(interpreted("PATH", "name=C29B32"), "name=\\302\\2332 \n");                  // C1 CSI
    EXPECT_EQ(interpreted("USER", "msg='text=a\x1b[31mb'"), "msg='text=a\\033[31mb' \n");
    EXPECT_EQ(interpreted("SYSCALL",
                          "arch=c000003e syscall=1 a0=\x1f"
                          "1 ses=4294967295\x1b"),
              "arch=x86_64 syscall=write a0=0x\\0371 ses=unset\\033 \n");
    EXPECT_EQ(interpreted("SYSCALL", "arch=c000003e syscall=1 key=6101620163"),
              "arch=x86_64 syscall=write key=a key=b key=c \n");
}

TEST(Interpret, ReadsRecordsInTheKernelsOrderAsInAnyOther) {
    const std::string call =
        "arch=c000003e syscall=257 success=no exit=-2 a0=ffffff9c a1=7ffc a2=80000 a3=0 items=1 ppid=1 pid=2 "
        "auid=4242 uid=0 gid=106 tty=pts0 ses=5 comm=\"cat\" exe=\"/bin/cat\" key=\"k\"";
    EXPECT_EQ(interpreted("SYSCALL", call),
              "arch=x86_64 syscall=openat success=no exit=ENOENT(No such file or directory) a0=AT_FDCWD a1=0x7ffc "
              "a2=O_RDONLY|O_CLOEXEC a3=0x0 items=1 ppid=1 pid=2 auid=alice uid=root gid=docker tty=pts0 ses=5 "
              "comm=cat exe=/bin/cat key=k \n");
    const auto with = [](std::string text, std::string_view from, std::string_view to) {
        return text.replace(text.find(from), from.size(), to);
    };
    const std::string path = "item=0 name=\"/etc/x\" inode=7 dev=fe:00 mode=0100644 ouid=4242 ogid=0 nametype=NORMAL";
    EXPECT_EQ(interpreted("PATH", path),
              "item=0 name=/etc/x inode=7 dev=fe:00 mode=file,644 ouid=alice ogid=root nametype=NORMAL \n");
    const auto same = [](std::string_view type, const std::string& body) {
        // Behind another field nothing stands where it usually does
        for (const Escape escape : {Escape::tty, Escape::raw, Escape::shell, Escape::shell_quote})
            EXPECT_EQ("x=1 " + interpreted(type, body, escape), interpreted(type, "x=1 " + body, escape));
    };
    for (const std::string& body : {call,
                                    with(call, "c000003e", "40000003"),
                                    with(call, "c000003e", "c00000b7"),
                                    with(call, "c000003e", "1"),
                                    with(call, "257", "9999"),
                                    with(call, "257", "4294967296"),
                                    with(call, "257", "0x2"),
                                    with(call, "-2", "3"),
                                    with(call, "-2", "-9999"),
                                    with(call, "-2", "-"),
                                    with(call, "-2", "\"-2\""),
                                    with(call, "=no", "=\x1b"),
                                    with(call, "a1=7ffc", "a1=7ffc7ffc7ffc7ffc7"),
                                    with(call, "a1=7ffc", "a1=zz"),
                                    with(call, "a1=", "a2="),
                                    with(call, "ppid=1 ", "ppid=1  "),
                                    with(call, "items=1", "items="),
                                    with(call, "pts0", "\x1b[2J"),
                                    with(call, "\"cat\"", "1B5B324A"),
                                    with(call, "\"k\"", "6101620163"),
                                    with(call, "auid=4242", "a1=241")})
        same("SYSCALL", body);
    for (const std::string& body :
         {path, with(path, "\"/etc/x\"", "2F6574632F1B"), with(path, "\"/etc/x\"", "1B5B324A2F78"),
          with(path, "\"/etc/x\"", "\"/etc/\x1b[2J\""), with(path, "\"/etc/x\"", "(null)"),
          with(path, "\"/etc/x\"", "\"/a b\""), with(path, "\"/etc/x\"", "\"no end"), with(path, "\"/etc/x\"", "'/x'"),
          with(path, "\"/etc/x\"", ""), with(path, "\"/etc/x\" ", "\"/etc/x\""),
          with(path, "inode=7 dev=fe:00 mode=0100644 ", ""), with(path, "dev=fe:00", "dev=\xff"),
          with(path, "item=0", "item="), with(path, "0100644", "0100644\x7f")})
        same("PATH", body);
}

TEST(Interpret, RemembersOnlyWhatMeansTheSameAgain) {
    const host::Accounts names = known_accounts();
    Interpreter interpreter(&names, Escape::tty, Zone::utc, false);
    const auto told = [&](std::string_view body) {
        const std::string line = "type=SYSCALL msg=audit(1795221463.745:7): " + std::string(body);
        Record record;
        EXPECT_EQ(parse_line(line, record), Damage::none);
        Buffer out;
        interpreter.put_record(out, record);
        return std::string(out.text().substr(out.text().find(") :") + 4));
    };
    const std::string ids = " ppid=1 pid=2 auid=4242 uid=0 gid=106 comm=\"cat\" exe=\"/bin/cat\" key=\"k\"";
    const std::string open = "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=1 a2=0 a3=0 items=1";
    const std::string close = "arch=c000003e syscall=3 success=no exit=-9 a0=5 a1=1 a2=0 a3=0 items=0";
    const std::string first = told(open + ids);
    EXPECT_NE(first.find("auid=alice uid=root gid=docker comm=cat exe=/bin/cat key=k"), std::string::npos) << first;
    EXPECT_EQ(told(open + ids), first);
    const std::string other = told(close + ids);
    EXPECT_NE(other.find("syscall=close success=no exit=EBADF"), std::string::npos) << other;
    EXPECT_EQ(other.substr(other.find(" ppid=")), first.substr(first.find(" ppid=")));
    // A program cannot make a call's own words part of what is remembered.
    const std::string tail = " auid=4242 a1=241 x=0123456789";
    const std::string as_open = told("arch=c000003e syscall=2 a0=1" + tail);
    const std::string as_other = told("arch=c000003e syscall=41 a0=1" + tail);
    EXPECT_EQ(as_open, interpreted("SYSCALL", "arch=c000003e syscall=2 a0=1" + tail));
    EXPECT_EQ(as_other, interpreted("SYSCALL", "arch=c000003e syscall=41 a0=1" + tail));
}

TEST(Interpret, ReadsEveryFamilyOfSockets) {
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=01002F72756E2F782E736F636B0000"),
              "saddr={ saddr_fam=local path=/run/x.sock } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=0100002F72756E2F782E736F636B"),
              "saddr={ saddr_fam=local path=@/run/x.sock } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=020000500A0000010000000000000000"),
              "saddr={ saddr_fam=inet laddr=10.0.0.1 lport=80 } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=0A000001000000000000000000000000000000000000000100000000"),
              "saddr={ saddr_fam=inet6 laddr=::1 lport=1 } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=100000000000000000000000"),
              "saddr={ saddr_fam=netlink nlnk-fam=16 nlnk-pid=0 } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=28000000000400000300000000000000"),
              "saddr={ saddr_fam=vsock cid=3 port=1024 } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=02"), "saddr={ saddr_fam=inet sockaddr len too short } \n");
    EXPECT_EQ(interpreted("SOCKADDR", "saddr=zz"), "saddr=malformed-host(zz) \n");
}

TEST(Interpret, LosesNoTextOfRecordsThatProgramsWrote) {
    EXPECT_EQ(
        interpreted("USER", "pid=1 uid=0 msg='text=op=note text with \"quotes\" from scenario exe=\"/x\" res=success'"),
        "pid=1 uid=root msg='text=op=note text with \"quotes\" from scenario exe=/x res=success' \n");
    EXPECT_EQ(interpreted("USER", "foo bar=1 baz"), "foo bar=1 baz \n");
    EXPECT_EQ(interpreted("CONFIG_CHANGE",
                          "auid=4294967295 ses=4294967295op=remove_rule path=\"/x y\" key=(null) list=4 res=1"),
              "auid=unset ses=unset op=remove_rule path=/x y key=(null) list=exit res=yes \n");
    EXPECT_EQ(interpreted("PATH", "name=\"no end"), "name=no end \n");
    EXPECT_EQ(interpreted("USER_CMD", "msg='cwd=\"/\" cmd=6C73202D6C'"), "msg='cwd=/ cmd=ls -l' \n");
}

TEST(Interpret, NamesModesCapabilitiesAndSmallerThings) {
    EXPECT_EQ(interpreted("PATH", "mode=041777 cap_fp=0 cap_fi=200000 cap_fe=0"),
              "mode=dir,sticky,777 cap_fp=none cap_fi=sys_admin cap_fe=0 \n");
    EXPECT_EQ(interpreted("URINGOP", "uring_op=16 exit=0 uid=0"), "uring_op=connect exit=0 uid=root \n");
    EXPECT_EQ(interpreted("OPENAT2", "oflag=0102 mode=0644 resolve=0x8"),
              "oflag=O_RDWR|O_CREAT mode=000,644 resolve=RESOLVE_BENEATH \n");
    EXPECT_EQ(interpreted("SECCOMP", "sig=31 arch=c000003e syscall=59 compat=0 ip=0x7f code=0x80000000"),
              "sig=SIGSYS arch=x86_64 syscall=execve compat=0 ip=0x7f code=kill-process \n");
    EXPECT_EQ(interpreted("TTY", "tty pid=1 uid=0 data=6C730D037F"),
              "tty pid=1 uid=root data=\"ls\",<ret>,<^C>,<backspace> \n");
    EXPECT_EQ(interpreted("EXECVE", "argc=2 a0=\"sh\" a1=612062"), "argc=2 a0=sh a1=a b \n");
}

}  // namespace
}  // namespace plimsoll::audit
