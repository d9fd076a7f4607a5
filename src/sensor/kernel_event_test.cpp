#include "sensor/kernel_event.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <gmock/gmock.h>

#include "sensor/fields.h"
#include "sensor/test_kernel_event.h"

namespace plimsoll::sensor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(KernelEventTest, AnOpenedFile) {
    see(call(SYS_openat, 3)
            .arguments({AT_FDCWD, 0, O_RDONLY | O_CLOEXEC, 0})
            .file("/usr/bin/env")
            .text(WIRE_NAME, "../bin/env")
            .text(WIRE_CWD, "/usr/lib"));
    EXPECT_EQ((*this)["evt.type"], "openat");
    EXPECT_EQ((*this)["evt.category"], "file");
    EXPECT_EQ((*this)["evt.source"], "syscall");
    EXPECT_EQ((*this)["evt.dir"], "<");
    EXPECT_EQ((*this)["evt.num"], "1");
    EXPECT_EQ((*this)["evt.res"], "SUCCESS");
    EXPECT_EQ((*this)["evt.rawres"], "3");
    EXPECT_EQ((*this)["evt.failed"], "false");
    EXPECT_EQ((*this)["evt.arg.flags"], "O_RDONLY|O_CLOEXEC");
    EXPECT_EQ((*this)["evt.arg.mode"], "0");
    EXPECT_EQ((*this)["evt.arg.name"], "/usr/bin/env");  // what the caller wrote, made absolute as Falco does
    EXPECT_EQ((*this)["evt.arg.fd"], "<f>/usr/bin/env");
    EXPECT_EQ((*this)["evt.arg.dirfd"], "AT_FDCWD");
    EXPECT_EQ((*this)["evt.arg[2]"], "/usr/bin/env");
    EXPECT_EQ((*this)["evt.rawarg.fd"], "3");
    EXPECT_EQ(
        (*this)["evt.args"],
        "fd=3(<f>/usr/bin/env) dirfd=-100(AT_FDCWD) name=../bin/env(/usr/bin/env) flags=O_RDONLY|O_CLOEXEC mode=0 "
        "dev=8388609 ino=4711");
    EXPECT_EQ((*this)["evt.is_open_read"], "true");
    EXPECT_EQ((*this)["evt.is_open_write"], "false");
    EXPECT_EQ((*this)["evt.is_open_exec"], "false");
    EXPECT_EQ((*this)["evt.hostname"], "host1");
    EXPECT_EQ((*this)["evt.rawtime"], "1000000005000000000");
    EXPECT_EQ((*this)["evt.time.iso8601"], "2001-09-09T01:46:45.000000000+0000");
    EXPECT_EQ((*this)["fd.num"], "3");
    EXPECT_EQ((*this)["fd.type"], "file");
    EXPECT_EQ((*this)["fd.typechar"], "f");
    EXPECT_EQ((*this)["fd.name"], "/usr/bin/env");
    EXPECT_EQ((*this)["fd.directory"], "/usr/bin");
    EXPECT_EQ((*this)["fd.filename"], "env");
    EXPECT_EQ((*this)["fd.nameraw"], "../bin/env");
    EXPECT_EQ((*this)["fd.name_changed"], "true");
    EXPECT_EQ((*this)["fd.connected"], "false");
    EXPECT_EQ((*this)["fd.l4proto"], "<NA>");
    EXPECT_EQ((*this)["fd.ino"], "4711");
    EXPECT_EQ((*this)["fd.dev"], "2049");
    EXPECT_EQ((*this)["fd.dev.major"], "8");
    EXPECT_EQ((*this)["fd.containername"], kTestContainer.substr(0, 12) + ":/usr/bin/env");
    EXPECT_EQ((*this)["fs.path.name"], "/usr/bin/env");
    EXPECT_EQ((*this)["fs.path.nameraw"], "../bin/env");
}

TEST_F(KernelEventTest, AFileThatIsMade) {
    TestEvent made = call(SYS_openat, 3);
    made.arguments({AT_FDCWD, 0, O_CREAT | O_TRUNC | O_WRONLY, 0755}).file("/tmp/x").text(WIRE_NAME, "/tmp/x");
    made.wire_file().created = 1;
    made.wire_file().layer = WIRE_UPPER;
    see(made);
    EXPECT_EQ((*this)["evt.arg.flags"], "O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED|FD_UPPER_LAYER");
    EXPECT_EQ((*this)["evt.arg.mode"], "0755");
    EXPECT_EQ((*this)["evt.is_open_write"], "true");
    EXPECT_EQ((*this)["evt.is_open_read"], "false");
    EXPECT_EQ((*this)["evt.is_open_exec"], "true");
    EXPECT_EQ((*this)["evt.is_open_create"], "true");
    EXPECT_EQ((*this)["fd.is_upper_layer"], "true");
    see(call(SYS_openat, 3)
            .arguments({AT_FDCWD, 0, O_SYNC | O_EXCL | O_CREAT | O_RDWR | O_CLOEXEC, 0666})
            .file("/tmp/x"));
    EXPECT_EQ((*this)["evt.arg.flags"], "O_SYNC|O_EXCL|O_DSYNC|O_CREAT|O_RDWR|O_CLOEXEC");
    EXPECT_EQ((*this)["evt.is_open_read"], "true");
    EXPECT_EQ((*this)["evt.is_open_write"], "true");
}

TEST_F(KernelEventTest, AnOpenThatFailed) {
    see(call(SYS_open, -2).arguments({0, O_RDONLY, 0}).text(WIRE_NAME, "etc//./shadow/../passwd"));
    EXPECT_EQ((*this)["evt.res"], "ENOENT");
    EXPECT_EQ((*this)["evt.rawres"], "-2");
    EXPECT_EQ((*this)["evt.failed"], "true");
    EXPECT_EQ((*this)["fd.num"], "-1");
    EXPECT_EQ((*this)["fd.typechar"], "f");
    EXPECT_EQ((*this)["fd.type"], "<NA>");
    EXPECT_EQ((*this)["fd.connected"], "<NA>");
    EXPECT_EQ((*this)["fd.name"], "/srv/etc/passwd");  // from where the process stands
    EXPECT_EQ((*this)["fd.directory"], "/srv/etc");
    EXPECT_EQ((*this)["evt.arg.fd"], "ENOENT");
    EXPECT_EQ((*this)["fs.path.name"], "<NA>");
}

TEST_F(KernelEventTest, AFolder) {
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, O_RDONLY | O_DIRECTORY, 0}).file("/root", S_IFDIR | 0700));
    EXPECT_EQ((*this)["fd.type"], "directory");
    EXPECT_EQ((*this)["fd.typechar"], "d");
    EXPECT_EQ((*this)["fd.directory"], "/root");
}

TEST_F(KernelEventTest, TheNamesThatAFileGoesBy) {
    see(call(SYS_openat, 3)
            .arguments({AT_FDCWD, 0, 0, 0})
            .file("/etc/shadow")
            .text(WIRE_NAME, "/proc/self/root/etc/shadow"));
    ASSERT_EQ(event_.file_names(), 2U);
    EXPECT_EQ((*this)["fd.name"], "/etc/shadow");
    EXPECT_EQ((*this)["evt.arg.fd"], "<f>/etc/shadow");
    event_.use_file_name(1);
    EXPECT_EQ((*this)["fd.name"], "/proc/self/root/etc/shadow");
    EXPECT_EQ((*this)["fd.directory"], "/proc/self/root/etc");
    EXPECT_EQ((*this)["evt.arg.fd"], "<f>/proc/self/root/etc/shadow");
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, 0, 0}).file("/run/lock/x").text(WIRE_NAME, "/var/lock/x"));
    ASSERT_EQ(event_.file_names(), 2U);
    event_.use_file_name(1);
    EXPECT_EQ((*this)["fd.name"], "/var/lock/x");
    see(call(SYS_unlinkat, 0).arguments({AT_FDCWD, 0, 0}).text(WIRE_PATH, "/usr/sbin/x").text(WIRE_NAME, "x"));
    ASSERT_EQ(event_.file_names(), 2U);
    event_.use_file_name(1);
    EXPECT_EQ((*this)["fs.path.name"], "/sbin/x");
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, 0, 0}).file("/etc/shadow").text(WIRE_NAME, "/tmp/link"));
    EXPECT_EQ(event_.file_names(), 1U);  // a link: the file's own name, and what the caller wrote in fd.nameraw
    EXPECT_EQ((*this)["fd.nameraw"], "/tmp/link");
    see(call(SYS_setuid, 0).arguments({0}));
    EXPECT_EQ(event_.file_names(), 0U);
}

TEST_F(KernelEventTest, FlagsThatLayInTheCallersMemoryAreTheKernels) {
    TestEvent event = call(SYS_openat2, 3);
    event.arguments({AT_FDCWD, 0, O_RDONLY | O_CREAT, 0644}).file("/etc/x").wire_file().open_flags = O_WRONLY;
    see(event);
    EXPECT_EQ((*this)["evt.is_open_write"], "true");
    EXPECT_EQ((*this)["evt.is_open_read"], "false");
    EXPECT_THAT((*this)["evt.arg.flags"], testing::HasSubstr("O_CREAT"));
}

TEST_F(KernelEventTest, PathsOfCallsThatWorkOnThem) {
    see(call(SYS_mkdirat, 0).arguments({AT_FDCWD, 0, 0755}).text(WIRE_PATH, "/srv/new").text(WIRE_NAME, "new"));
    EXPECT_EQ((*this)["evt.arg.path"], "/srv/new");
    EXPECT_EQ((*this)["evt.arg.mode"], "1ED");  // Falco's spelling of a new folder's mode
    EXPECT_EQ((*this)["fd.num"], "-100");
    EXPECT_EQ((*this)["fd.name"], "<NA>");
    EXPECT_EQ((*this)["fs.path.name"], "/srv/new");
    see(call(SYS_unlinkat, 0).arguments({5, 0, AT_REMOVEDIR}).text(WIRE_PATH, "/a/b").text(WIRE_NAME, "b"));
    EXPECT_EQ((*this)["evt.arg.name"], "/a/b");  // below a folder that only the kernel knows
    EXPECT_EQ((*this)["evt.arg.flags"], "AT_REMOVEDIR");
    see(call(SYS_rename, 0)
            .text(WIRE_PATH, "/a")
            .text(WIRE_NAME, "/a")
            .text(WIRE_PATH2, "/b")
            .text(WIRE_NAME2, "/x/../b"));
    EXPECT_EQ((*this)["evt.arg.oldpath"], "/a");
    EXPECT_EQ((*this)["evt.arg.newpath"], "/x/../b");
    EXPECT_EQ((*this)["fs.path.source"], "/a");
    EXPECT_EQ((*this)["fs.path.target"], "/b");
    EXPECT_EQ((*this)["fs.path.targetraw"], "/x/../b");
    see(call(SYS_renameat2, 0)
            .arguments({AT_FDCWD, 0, 7, 0, 0})
            .text(WIRE_NAME, "x")
            .text(WIRE_CWD, "/tmp")
            .text(WIRE_NAME2, "x")
            .text(WIRE_CWD2, "/usr/bin"));
    EXPECT_EQ((*this)["fs.path.source"], "/tmp/x");
    EXPECT_EQ((*this)["fs.path.target"], "/usr/bin/x");
    EXPECT_EQ((*this)["evt.arg.newpath"], "/usr/bin/x");
    see(call(SYS_unlink, 0).text(WIRE_NAME, "/shadow").text(WIRE_ROOT, "/etc"));
    EXPECT_EQ((*this)["fs.path.name"], "/etc/shadow");
    see(call(SYS_renameat2, -17).arguments({AT_FDCWD, 0, AT_FDCWD, 0, 1}).text(WIRE_NAME, "/a").text(WIRE_NAME2, "/b"));
    EXPECT_EQ((*this)["evt.arg.flags"], "RENAME_NOREPLACE");
    EXPECT_EQ((*this)["evt.res"], "EEXIST");
    EXPECT_EQ((*this)["fs.path.source"], "<NA>");
    see(call(SYS_link, 0)
            .text(WIRE_PATH, "/old")
            .text(WIRE_NAME, "/old")
            .text(WIRE_PATH2, "/new")
            .text(WIRE_NAME2, "/new"));
    EXPECT_EQ((*this)["fs.path.source"], "/new");
    EXPECT_EQ((*this)["fs.path.target"], "/old");
    see(call(SYS_symlinkat, 0)
            .arguments({0, AT_FDCWD, 0})
            .text(WIRE_PATH, "/s")
            .text(WIRE_NAME, "/s")
            .text(WIRE_NAME2, "etc/shadow"));
    EXPECT_EQ((*this)["evt.arg.target"], "etc/shadow");
    EXPECT_EQ((*this)["evt.arg.linkpath"], "/s");
    EXPECT_EQ((*this)["fs.path.source"], "/s");
    EXPECT_EQ((*this)["fs.path.target"], "/srv/etc/shadow");
    see(call(SYS_fchmodat, 0).arguments({AT_FDCWD, 0, 04644}).text(WIRE_NAME, "/h").text(WIRE_PATH, "/h"));
    EXPECT_EQ((*this)["evt.arg.mode"], "S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR|S_ISUID");
    EXPECT_EQ((*this)["evt.arg.filename"], "/h");
    see(call(SYS_mount, 0)
            .arguments({0, 0, 0, 4096 | 16384})
            .text(WIRE_PATH, "/mnt")
            .text(WIRE_NAME, "/mnt")
            .text(WIRE_NAME2, "/dev/sda1")
            .text(WIRE_DATA, "ext4"));
    EXPECT_EQ((*this)["evt.arg.dev"], "/dev/sda1");
    EXPECT_EQ((*this)["evt.arg.dir"], "/mnt");
    EXPECT_EQ((*this)["evt.arg.flags"], "BIND|REC");
    EXPECT_EQ((*this)["fs.path.source"], "/dev/sda1");
    EXPECT_EQ((*this)["fs.path.target"], "/mnt");
}

TEST_F(KernelEventTest, AConnectionThatWasMade) {
    see(call(SYS_connect, 0).arguments({4}).socket(AF_INET, SOCK_STREAM, "10.0.0.1", 40000, "1.2.3.4", 443));
    EXPECT_EQ((*this)["fd.name"], "10.0.0.1:40000->1.2.3.4:443");
    EXPECT_EQ((*this)["fd.type"], "ipv4");
    EXPECT_EQ((*this)["fd.typechar"], "4");
    EXPECT_EQ((*this)["fd.sockfamily"], "ip");
    EXPECT_EQ((*this)["fd.l4proto"], "tcp");
    EXPECT_EQ((*this)["fd.num"], "4");
    EXPECT_EQ((*this)["fd.cip"], "10.0.0.1");
    EXPECT_EQ((*this)["fd.cport"], "40000");
    EXPECT_EQ((*this)["fd.sip"], "1.2.3.4");
    EXPECT_EQ((*this)["fd.sport"], "443");
    EXPECT_EQ((*this)["fd.lip"], "10.0.0.1");
    EXPECT_EQ((*this)["fd.rport"], "443");
    EXPECT_EQ((*this)["fd.ip"], "1.2.3.4,10.0.0.1");
    EXPECT_EQ((*this)["fd.net"], "1.2.3.4,10.0.0.1");
    EXPECT_EQ((*this)["fd.snet"], "1.2.3.4");
    EXPECT_EQ((*this)["fd.sproto"], "https");
    EXPECT_EQ((*this)["fd.proto"], "https,40000");
    EXPECT_EQ((*this)["fd.is_server"], "false");
    EXPECT_EQ((*this)["fd.connected"], "true");
    EXPECT_EQ((*this)["fd.name_changed"], "true");
    EXPECT_EQ((*this)["fd.directory"], "<NA>");
    EXPECT_EQ((*this)["fd.sip.name"], "<NA>");
    EXPECT_EQ((*this)["evt.args"],
              "res=0 tuple=10.0.0.1:40000->1.2.3.4:443 fd=4(<4>10.0.0.1:40000->1.2.3.4:443) "
              "addr=10.0.0.1:40000->1.2.3.4:443");
    EXPECT_EQ((*this)["evt.category"], "net");
    see(call(SYS_connect, -115).arguments({4}).socket(AF_INET, SOCK_STREAM, "10.0.0.1", 40000, "1.2.3.4", 443));
    EXPECT_EQ((*this)["evt.res"], "EINPROGRESS");
    EXPECT_EQ((*this)["fd.connected"], "false");
    EXPECT_EQ((*this)["fd.name_changed"], "true");
}

TEST_F(KernelEventTest, ConnectionsOfOtherKinds) {
    see(call(SYS_accept4, 7)
            .arguments({3, 0, 0, SOCK_CLOEXEC})
            .socket(AF_INET6, SOCK_STREAM, "2001:db8::1", 80, "2001:db8::2", 5555));
    EXPECT_EQ((*this)["fd.name"], "2001:db8::2:5555->2001:db8::1:80");
    EXPECT_EQ((*this)["fd.typechar"], "6");
    EXPECT_EQ((*this)["fd.is_server"], "true");
    EXPECT_EQ((*this)["fd.cip"], "2001:db8::2");
    EXPECT_EQ((*this)["fd.sport"], "80");
    EXPECT_EQ((*this)["evt.arg.flags"], "O_CLOEXEC");
    see(call(SYS_connect, 0).arguments({4}).socket(AF_INET6, SOCK_STREAM, "::ffff:10.0.0.1", 1, "::ffff:1.2.3.4", 443));
    EXPECT_EQ((*this)["fd.type"], "ipv4");
    EXPECT_EQ((*this)["fd.sip"], "1.2.3.4");
    see(call(SYS_listen, 0).arguments({4, 128}).socket(AF_INET, SOCK_STREAM, "0.0.0.0", 8080, "", 0));
    EXPECT_EQ((*this)["fd.name"], "0.0.0.0:8080");
    EXPECT_EQ((*this)["fd.sport"], "8080");
    EXPECT_EQ((*this)["fd.cip"], "<NA>");
    EXPECT_EQ((*this)["fd.connected"], "false");
    see(call(SYS_connect, 0)
            .arguments({4})
            .socket(AF_UNIX, SOCK_STREAM, "", 0, "", 0)
            .text(WIRE_ADDRESS, "/var/run/docker.sock"));
    EXPECT_EQ((*this)["fd.name"], "/var/run/docker.sock");
    EXPECT_EQ((*this)["fd.type"], "unix");
    EXPECT_EQ((*this)["fd.typechar"], "u");
    EXPECT_EQ((*this)["fd.sockfamily"], "unix");
    EXPECT_EQ((*this)["fd.l4proto"], "<NA>");
    see(call(SYS_sendto, 30)
            .arguments({4, 0, 30})
            .socket(AF_INET, SOCK_DGRAM, "10.0.0.1", 40000, "8.8.8.8", 53)
            .text(WIRE_DATA, "\1\2abc"));
    EXPECT_EQ((*this)["fd.l4proto"], "udp");
    EXPECT_EQ((*this)["fd.sip"], "8.8.8.8");
    EXPECT_EQ((*this)["fd.name_changed"], "true");
    EXPECT_EQ((*this)["fd.connected"], "false");
    EXPECT_EQ((*this)["evt.buffer"], "\1\2abc");
    EXPECT_EQ((*this)["evt.buflen.net.out"], "30");
    EXPECT_EQ((*this)["evt.io_dir"], "w");
    see(call(SYS_socket, 3).arguments({AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0}));
    EXPECT_EQ((*this)["evt.arg.domain"], "AF_PACKET");
    EXPECT_EQ((*this)["evt.arg.flags"], "O_CLOEXEC");
    see(call(SYS_socket, 3).arguments({AF_NETLINK, SOCK_RAW, 0}).socket(AF_NETLINK, SOCK_RAW, "", 0, "", 0));
    EXPECT_EQ((*this)["evt.arg.domain"], "AF_ROUTE|AF_NETLINK");
    EXPECT_EQ((*this)["fd.type"], "netlink");
    see(call(SYS_dup2, 1).arguments({5, 1}).socket(AF_INET, SOCK_STREAM, "10.0.0.1", 40000, "6.6.6.6", 4444));
    EXPECT_EQ((*this)["evt.rawres"], "1");
    EXPECT_EQ((*this)["fd.num"], "1");
    EXPECT_EQ((*this)["fd.type"], "ipv4");
}

TEST_F(KernelEventTest, ASocketInAnAnswerOfANameServerGivesAddressesTheirNames) {
    // RFC 1035: id, flags, one question, one answer; the question; a pointer to it, A, IN, ttl, 4 bytes
    const char answer[] =
        "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\4pool\7Minexmr\3com\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4";
    const RawEvent received = seen.of(51, 1)
                                  .call(SYS_recvfrom, 50)
                                  .socket(AF_INET, SOCK_DGRAM, "10.0.0.1", 40000, "8.8.8.8", 53)
                                  .text(WIRE_DATA, {answer, sizeof answer - 1})
                                  .raw();
    names.take(received);
    EXPECT_EQ(names.size(), 1U);
    see(call(SYS_connect, 0).arguments({4}).socket(AF_INET, SOCK_STREAM, "10.0.0.1", 40000, "1.2.3.4", 443));
    EXPECT_EQ((*this)["fd.sip.name"], "pool.minexmr.com");
    EXPECT_EQ((*this)["fd.rip.name"], "pool.minexmr.com");
    EXPECT_EQ((*this)["fd.cip.name"], "<NA>");
}

TEST_F(KernelEventTest, TheProcessAndItsAncestors) {
    see(call(SYS_setuid, 0).arguments({33}));
    EXPECT_EQ((*this)["proc.name"], "cat");
    EXPECT_EQ((*this)["proc.exe"], "/usr/bin/cat");
    EXPECT_EQ((*this)["proc.exepath"], "/usr/bin/cat");
    EXPECT_EQ((*this)["proc.args"], "-n x y");
    EXPECT_EQ((*this)["proc.cmdline"], "cat -n x y");
    EXPECT_EQ((*this)["proc.exeline"], "/usr/bin/cat -n x y");
    EXPECT_EQ((*this)["proc.cmdlineargs"], "-n,x y");
    EXPECT_EQ((*this)["proc.cmdnargs"], "2");
    EXPECT_EQ((*this)["proc.cmdlenargs"], "5");
    EXPECT_EQ((*this)["proc.cwd"], "/srv/");
    EXPECT_EQ((*this)["proc.pid"], "51");
    EXPECT_EQ((*this)["proc.ppid"], "50");
    EXPECT_EQ((*this)["proc.vpid"], "51");
    EXPECT_EQ((*this)["proc.tty"], "34816");
    EXPECT_EQ((*this)["proc.pname"], "bash");
    EXPECT_EQ((*this)["proc.pexe"], "/usr/bin/bash");
    EXPECT_EQ((*this)["proc.pcmdline"], "bash -n x y");
    EXPECT_EQ((*this)["proc.aname"], "bash,dockerd");
    EXPECT_EQ((*this)["proc.aname[0]"], "cat");
    EXPECT_EQ((*this)["proc.aname[2]"], "dockerd");
    EXPECT_EQ((*this)["proc.aname[3]"], "<NA>");
    EXPECT_EQ((*this)["proc.apid[1]"], "50");
    EXPECT_EQ((*this)["proc.aexe[2]"], "/usr/bin/dockerd");
    EXPECT_EQ((*this)["proc.aexepath"], "/usr/bin/bash,/usr/bin/dockerd");
    EXPECT_EQ((*this)["proc.acmdline[1]"], "bash -n x y");
    EXPECT_EQ((*this)["proc.sid"], "50");
    EXPECT_EQ((*this)["proc.sname"], "bash");
    EXPECT_EQ((*this)["proc.sid.exepath"], "/usr/bin/bash");
    EXPECT_EQ((*this)["proc.is_sid_leader"], "false");
    EXPECT_EQ((*this)["proc.is_vpgid_leader"], "true");
    EXPECT_EQ((*this)["proc.pgid.name"], "cat");
    EXPECT_EQ((*this)["proc.loginshellid"], "50");
    EXPECT_EQ((*this)["proc.is_exe_upper_layer"], "true");
    EXPECT_EQ((*this)["proc.is_exe_from_memfd"], "false");
    EXPECT_EQ((*this)["proc.exe_ino"], "99");
    EXPECT_EQ((*this)["proc.exe_ino.ctime"], "900");
    EXPECT_EQ((*this)["proc.duration"], "4999999999");
    EXPECT_EQ((*this)["proc.env"], "unknown: the environment was not asked for");
    EXPECT_EQ((*this)["proc.stdin.type"], "unknown: descriptors are not followed from call to call");
    EXPECT_EQ((*this)["thread.tid"], "51");
    EXPECT_EQ((*this)["thread.ismain"], "true");
    EXPECT_EQ((*this)["thread.cap_effective"], "CAP_CHOWN");
    EXPECT_EQ((*this)["thread.cap_inheritable"], "");
    EXPECT_EQ((*this)["syscall.type"], "setuid");
    EXPECT_EQ((*this)["evt.arg.uid"], "web");
    EXPECT_EQ((*this)["evt.rawarg.uid"], "33");
}

TEST_F(KernelEventTest, AProgramThatBegins) {
    TestEvent exec(WIRE_EXEC);
    exec.of(51, 1).in_container(kCgroup).name("sh").as(33, 1000).child_of(50, 1).text(WIRE_EXE, "/tmp/sh");
    exec.words(WIRE_ARGV, {"sh", "-c", "id"}).words(WIRE_ENV, {"A=1"}).text(WIRE_NAME, "/proc/self/fd/3");
    exec.wire_file().layer = WIRE_COPIED_UP;
    exec.flag(WIRE_MEMFD);
    see(exec);
    EXPECT_EQ((*this)["evt.type"], "execve");
    EXPECT_EQ((*this)["evt.category"], "process");
    EXPECT_EQ((*this)["evt.res"], "SUCCESS");
    EXPECT_EQ((*this)["evt.arg.exe"], "sh");
    EXPECT_EQ((*this)["evt.arg.args"], "-c.id.");
    EXPECT_EQ((*this)["evt.arg.uid"], "web");
    EXPECT_EQ((*this)["evt.arg.filename"], "/proc/self/fd/3");
    EXPECT_EQ((*this)["evt.arg.flags"], "EXE_UPPER_LAYER|EXE_FROM_MEMFD");
    EXPECT_EQ((*this)["evt.arg.loginuid"], "1000");
    EXPECT_EQ((*this)["evt.is_open_read"], "false");
    EXPECT_EQ((*this)["proc.cmdline"], "sh -c id");
    EXPECT_EQ((*this)["proc.is_exe_from_memfd"], "true");
    EXPECT_EQ((*this)["user.uid"], "33");
    EXPECT_EQ((*this)["user.name"], "web");
    EXPECT_EQ((*this)["user.homedir"], "/srv");
    EXPECT_EQ((*this)["user.loginuid"], "1000");
    EXPECT_EQ((*this)["user.loginname"], "ada");
    EXPECT_EQ((*this)["group.gid"], "33");
    EXPECT_EQ((*this)["group.name"], "web");
    EXPECT_EQ((*this)["fd.num"], "<NA>");
    see(call(SYS_execve, -13).text(WIRE_NAME, "/etc/passwd"));
    EXPECT_EQ((*this)["evt.type"], "execve");
    EXPECT_EQ((*this)["evt.arg.filename"], "/etc/passwd");
    EXPECT_EQ((*this)["evt.arg.res"], "EACCES");
}

TEST_F(KernelEventTest, TheEnvironment) {
    ProcessTable all(containers, {.environment = {"*"}});
    all.take(TestEvent(WIRE_FORK).of(50, 1).child_of(1, 1).raw());
    all.take(
        TestEvent(WIRE_EXEC).of(50, 1).text(WIRE_EXE, "/bin/sh").words(WIRE_ENV, {"HISTFILE=/dev/null", "A=1"}).raw());
    all.take(TestEvent(WIRE_FORK).of(51, 1).child_of(50, 1).raw());
    TestEvent exec(WIRE_EXEC);
    exec.of(51, 1).text(WIRE_EXE, "/bin/id").words(WIRE_ENV, {"B=2"});
    const RawEvent raw = exec.raw();
    event_.start(raw, all.take(raw), 1);
    EXPECT_EQ((*this)["proc.env"], "B=2");
    EXPECT_EQ((*this)["proc.env[B]"], "2");
    EXPECT_EQ((*this)["proc.env[C]"], "<NA>");
    EXPECT_EQ((*this)["proc.aenv"], "HISTFILE=/dev/null A=1");
    EXPECT_EQ((*this)["proc.aenv[1]"], "HISTFILE=/dev/null A=1");
    EXPECT_EQ((*this)["proc.aenv[HISTFILE]"], "/dev/null");
}

TEST_F(KernelEventTest, ArgumentsInFalcosSpelling) {
    see(call(SYS_ptrace, 0).arguments({PTRACE_ATTACH, 99}));
    EXPECT_EQ((*this)["evt.arg.request"], "PTRACE_ATTACH");
    EXPECT_EQ((*this)["evt.arg.pid"], "99");
    see(call(SYS_bpf, 5).arguments({5}));
    EXPECT_EQ((*this)["evt.arg.cmd"], "BPF_PROG_LOAD");
    see(call(SYS_unshare, 0).arguments({0x7c020000}));
    EXPECT_EQ((*this)["evt.arg.flags"],
              "CLONE_NEWIPC|CLONE_NEWNET|CLONE_NEWNS|CLONE_NEWPID|CLONE_NEWUTS|CLONE_NEWUSER");
    see(call(SYS_unshare, 0).arguments({0}));
    EXPECT_EQ((*this)["evt.arg.flags"], "0");
    see(call(SYS_dup3, 0).arguments({4, 0, 0}));
    EXPECT_EQ((*this)["evt.arg.flags"], "O_NONE");
    see(call(SYS_kill, 0).arguments({1, 9}));
    EXPECT_EQ((*this)["evt.arg.sig"], "SIGKILL");
    see(call(SYS_setuid, 0).arguments({4242}));
    EXPECT_EQ((*this)["evt.arg.uid"], "4242");  // nobody of that number there
    see(call(SYS_memfd_create, 3).arguments({0, 1}).text(WIRE_NAME, "x"));
    EXPECT_EQ((*this)["fd.type"], "memfd");
    EXPECT_EQ((*this)["evt.arg.flags"], "MFD_CLOEXEC");
    see(call(SYS_getpid, 51));
    EXPECT_EQ((*this)["evt.type"], "getpid");
    EXPECT_EQ((*this)["evt.args"], "res=51");
    see(call(SYS_setns, 0).arguments({6, CLONE_NEWNET}).file("net:[4026531840]"));
    EXPECT_EQ((*this)["fd.name"], "net:[4026531840]");
}

TEST_F(KernelEventTest, TheContainer) {
    see(call(SYS_setuid, 0).arguments({0}));
    EXPECT_EQ((*this)["container.id"], kTestContainer.substr(0, 12));
    EXPECT_EQ((*this)["container.full_id"], kTestContainer);
    EXPECT_EQ((*this)["container.name"], "shop");
    EXPECT_EQ((*this)["container.image"], "registry.example:5000/team/shop:1.2");
    EXPECT_EQ((*this)["container.image.repository"], "registry.example:5000/team/shop");
    EXPECT_EQ((*this)["container.image.tag"], "1.2");
    EXPECT_EQ((*this)["container.image.id"], "abc");
    EXPECT_EQ((*this)["container.image.digest"], "<NA>");
    EXPECT_EQ((*this)["container.type"], "docker");
    EXPECT_EQ((*this)["container.privileged"], "true");
    EXPECT_EQ((*this)["container.mounts"], "/:/host::true:rslave /srv/data:/data:ro:false:rprivate");
    EXPECT_EQ((*this)["container.mount[0]"], "/:/host::true:rslave");
    EXPECT_EQ((*this)["container.mount.dest[/]"], "/host");
    EXPECT_EQ((*this)["container.mount.dest[/srv*]"], "/data");
    EXPECT_EQ((*this)["container.mount.dest[/etc]"], "<NA>");
    EXPECT_EQ((*this)["container.mount.source[/host]"], "/");
    EXPECT_EQ((*this)["container.mount.rdwr[1]"], "false");
    EXPECT_EQ((*this)["container.mount.mode[1]"], "ro");
    EXPECT_EQ((*this)["container.start_ts"], "1000000000000");
    EXPECT_EQ((*this)["container.ip"], "172.17.0.2");
    EXPECT_EQ((*this)["container.healthcheck"], "curl -f http://localhost/");
    EXPECT_EQ((*this)["container.label[io.kubernetes.pod.name]"], "shop-1");
    EXPECT_EQ((*this)["container.labels"], "io.kubernetes.pod.name:shop-1,io.kubernetes.pod.namespace:sales");
    EXPECT_EQ((*this)["k8s.pod.name"], "shop-1");
    EXPECT_EQ((*this)["k8s.ns.name"], "sales");
    EXPECT_EQ((*this)["k8s.pod.uid"], "<NA>");
    EXPECT_THAT((*this)["container.host_network"], StartsWith("unknown: "));
}

TEST_F(KernelEventTest, TheHostIsNoContainer) {
    see(TestEvent(WIRE_CALL).of(40, 1).call(SYS_setuid, 0).arguments({0}));
    EXPECT_EQ((*this)["container.id"], "host");
    EXPECT_EQ((*this)["container.name"], "host");
    for (const auto* field : {"container.full_id", "container.image", "container.image.repository",
                              "container.privileged", "container.mount.dest[/]", "k8s.ns.name"})
        EXPECT_EQ((*this)[field], "<NA>") << field;
}

TEST_F(KernelEventTest, AContainerThatNoEngineHasToldOfIsUnknownWithTheReason) {
    const std::string other(64, 'e');
    table.take(TestEvent(WIRE_CGROUP_MADE).cgroup(88).text(WIRE_CONTAINER, other).raw());
    see(TestEvent(WIRE_CALL).of(60, 1).in_container(88).call(SYS_setuid, 0));
    EXPECT_EQ((*this)["container.id"], "eeeeeeeeeeee");
    EXPECT_EQ((*this)["container.name"], "unknown: no engine has told of it yet");
    EXPECT_EQ((*this)["container.image.repository"], "unknown: no engine has told of it yet");
    EXPECT_EQ((*this)["container.privileged"], "unknown: no engine has told of it yet");
    // … and of a process that nobody told of
    EXPECT_EQ((*this)["proc.name"], "test");
    EXPECT_THAT((*this)["proc.exepath"], HasSubstr("the process began before the sensor saw it"));
    EXPECT_THAT((*this)["proc.vpid"], StartsWith("unknown: "));
    EXPECT_THAT((*this)["user.loginuid"], StartsWith("unknown: "));
    see(TestEvent(WIRE_CALL).of(61, 1).in_container(99).call(SYS_setuid, 0));
    EXPECT_THAT((*this)["container.id"], StartsWith("unknown: "));
}

TEST_F(KernelEventTest, AUserNamespaceHasNumbersOfItsOwn) {
    TestEvent exec(WIRE_EXEC);
    exec.of(51, 1).in_container(kCgroup).name("sh").as(100'033).child_of(50, 1).text(WIRE_EXE, "/bin/sh");
    exec.credentials().ns_euid = 33;
    see(exec);
    EXPECT_EQ((*this)["user.uid"], "100033");
    EXPECT_EQ((*this)["user.name"], "web");
    EXPECT_EQ((*this)["group.name"], "<NA>");
}

TEST_F(KernelEventTest, AUserNamespaceOfOnesOwnMakesNobodySomebodyElse) {
    const auto run = [&](std::uint32_t pid, std::uint32_t parent, std::uint32_t space, bool inside) {
        for (const WireKind kind : {WIRE_FORK, WIRE_EXEC}) {
            TestEvent event(kind);
            event.of(pid, 1).name("sh").as(1000).child_of(parent, 1);
            if (kind == WIRE_EXEC) event.text(WIRE_EXE, "/bin/sh");
            if (inside) event.in_container(kCgroup);
            event.task().user_namespace = space;
            event.credentials().ns_euid = 33;
            see(event);
        }
    };
    run(51, 50, 7, true);
    EXPECT_EQ((*this)["user.name"], "web") << "the container's own";
    run(52, 51, 8, true);
    EXPECT_EQ((*this)["user.name"], "<NA>") << "one that was made inside";
    EXPECT_EQ((*this)["user.uid"], "1000");
    run(60, 1, 9, false);
    EXPECT_NE((*this)["user.name"], "www-data") << "the host's number counts on the host";
}

TEST_F(KernelEventTest, WhoStartedTheEngineIsNoAncestorInside) {
    start(70, 1, 1, "make", "/usr/bin/make", false);
    start(71, 70, 1, "sh", "/bin/sh", true);
    start(72, 71, 1, "cc", "/bin/cc", true);
    see(TestEvent(WIRE_CALL).of(72, 1).in_container(kCgroup).call(SYS_getpid, 0));
    EXPECT_EQ((*this)["proc.aname[2]"], "make");
    EXPECT_EQ((*this)["proc.aname.inside"], "sh");
}

TEST_F(KernelEventTest, WhatIsNotWholeIsMarked) {
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, 0, 0}).file("/a"));
    EXPECT_EQ((*this)["evt.truncated"], "false");
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, 0, 0}).file("/a").flag(WIRE_CUT));
    EXPECT_EQ((*this)["evt.truncated"], "true");
}

TEST_F(KernelEventTest, ASignalThatLeavesTheContainer) {
    see(TestEvent(WIRE_SIGNAL).of(50, 1).in_container(kCgroup).arguments({4711, 1, SIGKILL, 5}));
    EXPECT_EQ((*this)["evt.type"], "signaldeliver");
    EXPECT_EQ((*this)["evt.category"], "signal");
    EXPECT_EQ((*this)["evt.arg.dpid"], "4711");
    EXPECT_EQ((*this)["evt.arg.sig"], "SIGKILL");
}

TEST_F(KernelEventTest, WhatAHealthCheckRuns) {
    containers.tell({.id = kTestContainer, .name = "shop", .health_command = "/usr/bin/probe -n x y"});
    start(60, 40, 1, "probe", "/usr/bin/probe", true);
    see(TestEvent(WIRE_CALL).of(60, 1).in_container(kCgroup).call(SYS_getpid, 0));
    EXPECT_EQ((*this)["proc.is_container_healthcheck"], "false");  // of the first process's kin: a sibling
    start(70, 1, 1, "runc", "/usr/bin/runc", false);
    start(71, 70, 1, "probe", "/usr/bin/probe", true);
    see(TestEvent(WIRE_CALL).of(71, 1).in_container(kCgroup).call(SYS_getpid, 0));
    EXPECT_EQ((*this)["proc.is_container_healthcheck"], "true");
}

TEST(FieldRows, EveryFieldThatTheTableSaysTheSensorSuppliesHasOne) {
    std::vector<std::size_t> rows(model::kFields.size());
    for (const auto& family : {event_fields, argument_fields, process_fields, ancestor_fields, file_fields,
                               network_fields, user_fields, container_fields})
        for (const FieldRow& row : family()) ++rows[row.field.id()];
    // Of these Falco gives none either, or somebody else supplies them: docs/falco-differences.md.
    const auto is_left_out = [](std::string_view name) {
        return name.starts_with("k8s.") || name.starts_with("who.") || name.starts_with("syslog.") ||
               name == "record.kind" || name == "evt.asynctype" || name == "evt.around";
    };
    for (std::size_t id = 0; id < rows.size(); ++id) {
        const model::Field& field = model::kFields[id];
        EXPECT_LE(rows[id], 1U) << field.name << " has two rows";
        const bool supplied = (field.sources & model::from_kernel) != 0;
        EXPECT_TRUE(!supplied || rows[id] == 1 || is_left_out(field.name)) << field.name;
    }
}

TEST_F(KernelEventTest, OneEventAfterTheOther) {
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, 0, 0}).file("/a"));
    EXPECT_EQ((*this)["fd.name"], "/a");
    EXPECT_EQ((*this)["fd.name"], "/a");
    see(call(SYS_openat, 3).arguments({AT_FDCWD, 0, 0, 0}).file("/b"));
    EXPECT_EQ((*this)["fd.name"], "/b");
    EXPECT_EQ((*this)["evt.arg.fd"], "<f>/b");
    EXPECT_EQ((*this)["evt.deltatime"], "0");
}

}  // namespace
}  // namespace plimsoll::sensor
