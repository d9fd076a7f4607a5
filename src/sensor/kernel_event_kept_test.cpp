#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <gmock/gmock.h>

#include "sensor/test_kernel_event.h"

// What the ledger keeps of an event.

namespace plimsoll::sensor {
namespace {

/// Every field of a record, in order.
std::string all_text(const model::Event& event) {
    std::string out;
    for (const model::Event::Slot& slot : event.slots()) {
        out.append(model::field(slot.field).name).append("[").append(slot.key).append("]=").append(slot.reason);
        for (const model::Value& value : event.values(slot)) out.append(model::to_text(value)).append(",");
        out += '\n';
    }
    return out;
}

TEST_F(KernelEventTest, WhatIsKept) {
    see(call(SYS_openat, 3)
            .arguments({AT_FDCWD, 0, O_WRONLY, 0})
            .file("/etc/passwd")
            .text(WIRE_NAME, "/etc/passwd")
            .as(33));
    model::Event kept;
    event_.write(kept);
    EXPECT_EQ(kept.time(), 1'000'000'005'000'000'000);
    EXPECT_EQ(kept.text("record.kind"), "event");
    EXPECT_EQ(kept.text("evt.source"), "syscall");
    EXPECT_EQ(kept.text("evt.type"), "openat");
    EXPECT_EQ(kept.text("fd.name"), "/etc/passwd");
    EXPECT_EQ(kept.text("evt.arg", "flags"), "O_WRONLY");
    EXPECT_EQ(kept.text("container.name"), "shop");
    EXPECT_EQ(kept.text("proc.cmdline"), "cat -n x y");
    EXPECT_EQ(kept.text("user.name"), "web");
    EXPECT_TRUE(kept.is_true("evt.is_open_write"));
    EXPECT_FALSE(kept.has("evt.is_open_read"));
    EXPECT_EQ(field_text(kept, "proc.aname"), "bash,dockerd");
    EXPECT_EQ(field_text(kept, "proc.apid"), "50,40");
    const model::Event copy = kept.clone();
    see(call(SYS_getpid, 1));
    EXPECT_EQ(copy.text("fd.filename"), "passwd");  // text of its own
}

TEST_F(KernelEventTest, WhatIsKeptOfQuestionsBeginningsAndEnds) {
    const auto kept = [&](TestEvent event) {
        see(std::move(event));
        model::Event out;
        event_.write(out);
        return out;
    };
    const char question[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\6secret\4Evil\3org\0\0\x10\0\1";
    const auto sent = [&](std::uint16_t port) {
        return call(SYS_sendto, 33)
            .arguments({4, 0, 33})
            .socket(AF_INET, SOCK_DGRAM, "10.0.0.1", 40000, "8.8.8.8", port)
            .text(WIRE_DATA, {question, sizeof question - 1});
    };
    const model::Event asked = kept(sent(53));
    EXPECT_EQ(asked.text("dns.question.name"), "secret.evil.org");
    EXPECT_EQ(asked.text("dns.question.type"), "TXT");
    EXPECT_FALSE(kept(sent(54)).has("dns.question.name"));
    EXPECT_FALSE(asked.has("thread.cap_effective"));

    TestEvent begun(WIRE_EXEC);
    begun.of(51, 1).in_container(kCgroup).at(2'000'000'000).name("sh").child_of(50, 1).as(33);
    begun.task().login_session = 7;
    begun.credentials().effective = 1;
    begun.text(WIRE_EXE, "/bin/sh")
        .text(WIRE_NAME, "run")
        .text(WIRE_SCRIPT, "/srv/run")
        .text(WIRE_ARGV, {"sh\0run\0", 7});
    const model::Event program = kept(begun);
    EXPECT_EQ(program.text("thread.cap_effective"), "CAP_CHOWN");
    EXPECT_EQ(program.integer("audit.session"), 7);
    EXPECT_EQ(program.text("proc.script"), "/srv/run");
    EXPECT_EQ((*this)["evt.arg.filename"], "run");

    TestEvent ended(WIRE_EXIT);
    const model::Event end = kept(ended.of(51, 1).in_container(kCgroup).at(3'000'000'001).result(0));
    EXPECT_EQ(end.number("proc.duration"), 3'000'000'000U);
}

/// What is remembered of a process is told of its next event as if it had been asked for anew.
TEST_F(KernelEventTest, WhatIsKeptOfAProcessFollowsWhatItBecomes) {
    const auto opened = [&](std::uint32_t uid) {
        TestEvent out = call(SYS_openat, 3).arguments({AT_FDCWD, 0, O_WRONLY, 0}).file("/tmp/x");
        out.head().euid = uid;
        return out;
    };
    const auto kept = [&](TestEvent event) {
        see(std::move(event));
        model::Event out;
        event_.write(out);
        KernelEvent fresh(surroundings);
        fresh.start(event_.raw(), event_.process(), number);
        model::Event anew;
        fresh.write(anew);
        EXPECT_EQ(all_text(out), all_text(anew));
        return out;
    };
    EXPECT_EQ(kept(opened(0)).text("proc.name"), "cat");
    const model::Event before = kept(opened(0));
    EXPECT_EQ(before.text("proc.cwd"), "/srv/");
    EXPECT_EQ(before.text("user.name"), "root");
    EXPECT_EQ(before.text("proc.pname"), "bash");

    see(call(SYS_chdir, 0).text(WIRE_PATH, "/var"));
    EXPECT_EQ(kept(opened(0)).text("proc.cwd"), "/var/");

    TestEvent credentials(WIRE_CREDENTIALS);
    see(credentials.of(51, 1).in_container(kCgroup).as(33));
    EXPECT_EQ(kept(opened(33)).text("user.name"), "web");
    EXPECT_EQ(kept(opened(33)).text("group.name"), "web");

    start(50, 40, 1, "zsh", "/usr/bin/zsh", true);  // its parent runs another program
    EXPECT_EQ(kept(opened(33)).text("proc.pname"), "zsh");

    Container renamed = *event_.process()->container;
    renamed.name = "store";
    containers.tell(renamed);
    EXPECT_EQ(kept(opened(33)).text("container.name"), "store");

    start(51, 50, 1, "tac", "/usr/bin/tac", true);
    EXPECT_EQ(kept(opened(0)).text("proc.exepath"), "/usr/bin/tac");
    EXPECT_EQ(before.text("proc.exepath"), "/usr/bin/cat");

    surroundings.boot_offset += 1;  // the clock was set
    EXPECT_EQ(kept(opened(0)).number("proc.pid.ts"), 1'000'000'000'000'000'002U);
}

TEST_F(KernelEventTest, WhatWasFoldedCounts) {
    TestEvent folded(WIRE_FOLDED);
    folded.of(51, 1).in_container(kCgroup).arguments({250, 3'000'000'000, 4'000'000'000, SYS_openat}).file("/tmp/x");
    folded.wire_file().open_flags = O_WRONLY;
    see(folded);
    EXPECT_EQ((*this)["evt.type"], "openat");
    EXPECT_EQ((*this)["evt.count"], "250");
    EXPECT_EQ((*this)["evt.arg.count"], "250");
    EXPECT_EQ((*this)["evt.is_open_write"], "true");
    EXPECT_EQ((*this)["fd.name"], "/tmp/x");
    model::Event kept;
    event_.write(kept);
    EXPECT_EQ(kept.number("evt.count"), 250U);
    EXPECT_EQ(kept.text("evt.arg", "first"), "1000000003000000000");
    EXPECT_EQ(kept.text("evt.arg", "last"), "1000000004000000000");
}

}  // namespace
}  // namespace plimsoll::sensor
