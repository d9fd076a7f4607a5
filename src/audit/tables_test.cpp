#include "audit/tables.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <fstream>

#include "audit/tables_generated.h"
#include "audit/tables_values.h"

namespace plimsoll::audit {
namespace {

constexpr std::uint32_t kX86_64 = 0xC000003E;
constexpr std::uint32_t kI386 = 0x40000003;
constexpr std::uint32_t kAarch64 = 0xC00000B7;

TEST(Tables, NameEveryTypeOfRecordThatAuditsToolsKnow) {
    std::ifstream list(PLIMSOLL_SHARED_DIR "/data/audit/record-types-4.2.1.txt");
    std::uint32_t number = 0;
    std::string name;
    unsigned compared = 0;
    for (; list >> number >> name; ++compared) {
        EXPECT_EQ(type_name(number), name);
        EXPECT_EQ(type_number(name), std::optional(number));
    }
    EXPECT_GT(compared, 180U);
    EXPECT_EQ(type_number("UNKNOWN[1999]"), std::optional(1999U));
    EXPECT_EQ(type_number("1300"), std::optional(1300U));
    EXPECT_EQ(type_number("NO_SUCH"), std::nullopt);
    EXPECT_EQ(type_number(""), std::nullopt);
    EXPECT_EQ(type_name(1), "");
}

TEST(Tables, NameSystemCallsOfThreeArchitectures) {
    EXPECT_EQ(arch_name(AUDIT_ARCH_X86_64), "x86_64");
    EXPECT_EQ(arch_name(AUDIT_ARCH_I386), "i386");
    EXPECT_EQ(arch_name(AUDIT_ARCH_AARCH64), "aarch64");
    EXPECT_EQ(syscall_name(kX86_64, 42), "connect");
    EXPECT_EQ(syscall_name(kX86_64, 0x40000000U + 42), "connect");  // x32
    EXPECT_EQ(syscall_name(kX86_64, 452), "fchmodat2");
    EXPECT_EQ(syscall_name(kI386, 102), "socketcall");
    EXPECT_EQ(syscall_name(kI386, 362), "connect");
    EXPECT_EQ(syscall_name(kAarch64, 203), "connect");
    EXPECT_EQ(syscall_name(kAarch64, 221), "execve");
    EXPECT_EQ(syscall_name(kX86_64, 9999), "");
    EXPECT_EQ(syscall_name(1, 1), "");
    EXPECT_EQ(syscall_number(kX86_64, "execve"), std::optional(59U));
    EXPECT_EQ(syscall_number(kAarch64, "open"), std::nullopt);
#ifdef __x86_64__
    EXPECT_EQ(syscall_number(kX86_64, "clone3"), std::optional<unsigned>(SYS_clone3));
    EXPECT_EQ(syscall_number(kX86_64, "futex_waitv"), std::optional<unsigned>(SYS_futex_waitv));
#endif
}

TEST(Tables, NameErrorsAndOperations) {
    EXPECT_EQ(errno_name(13), "EACCES");
    EXPECT_EQ(errno_name(512), "ERESTARTSYS");
    EXPECT_EQ(errno_name(4000), "");
    EXPECT_EQ(errno_name(-1), "");
    EXPECT_EQ(uring_name(IORING_OP_CONNECT), "connect");
    EXPECT_EQ(uring_name(IORING_OP_SENDMSG_ZC), "sendmsg_zc");
    EXPECT_EQ(uring_name(9999), "");
    EXPECT_EQ(bpf_commands()[BPF_PROG_BIND_MAP], "BPF_PROG_BIND_MAP");
}

TEST(Tables, AgreeWithTheHeadersOfThisHost) {
#define SAME(table, name) EXPECT_EQ(name_of(table(), static_cast<std::uint32_t>(name)), #name)
    SAME(signals_names, SIGKILL);
    SAME(signals_names, SIGSYS);
    SAME(prot_names, PROT_EXEC);
    SAME(mmap_names, MAP_ANONYMOUS);
    SAME(mmap_names, MAP_FIXED_NOREPLACE);
    SAME(clone_names, CLONE_NEWUSER);
    SAME(clone_names, CLONE_NEWCGROUP);
    SAME(clone_names, CLONE_IO);
    SAME(mount_names, MS_BIND);
    SAME(mount_names, MS_PRIVATE);
    SAME(umount_names, MNT_DETACH);
    SAME(socket_types_names, SOCK_SEQPACKET);
    SAME(message_flags_names, MSG_NOSIGNAL);
    SAME(tcp_options_names, TCP_NODELAY);
    SAME(ip_options_names, IP_TRANSPARENT);
    SAME(socket_options_names, SO_PEERCRED);
    SAME(prctl_names, PR_SET_NO_NEW_PRIVS);
    SAME(prctl_names, PR_SET_VMA);
    SAME(schedulers_names, SCHED_DEADLINE);
    SAME(resources_names, RLIMIT_NOFILE);
#undef SAME
    EXPECT_EQ(name_of(ptrace_names(), PTRACE_SEIZE), "PTRACE_SEIZE");
    EXPECT_EQ(name_of(families_names(), AF_VSOCK), "vsock");
    EXPECT_EQ(name_of(capabilities_names(), CAP_SYS_ADMIN), "sys_admin");
    EXPECT_EQ(name_of(capabilities_names(), CAP_LAST_CAP), "checkpoint_restore");
    EXPECT_EQ(name_of(seccomp_names(), SECCOMP_RET_USER_NOTIF), "user-notify");
    EXPECT_EQ(name_of(protocols_names(), IPPROTO_SCTP), "sctp");
    EXPECT_EQ(name_of(filters_names(), AUDIT_FILTER_URING_EXIT), "io_uring");
    EXPECT_EQ(name_of(signals_names(), 99), "");
}

TEST(Tables, ReadSocketAddresses) {
    const auto text = [](std::string_view saddr) { return socket_address(saddr).text; };
    EXPECT_EQ(text("01002F7661722F72756E2F646F636B65722E736F636B00"), "/var/run/docker.sock");
    EXPECT_EQ(text("0100002F72756E2F646F636B65722E736F636B"), "@/run/docker.sock");
    EXPECT_EQ(text("0100"), "unnamed");
    EXPECT_EQ(text("020000500A0000010000000000000000"), "10.0.0.1:80");
    EXPECT_EQ(text("0A0001BB00000000FE80000000000000000000000000000100000000"), "[fe80::1]:443");
    EXPECT_EQ(text("100000000100000002000000"), "netlink:1:2");
    EXPECT_EQ(text("28000000000400000300000000000000"), "vsock:3:1024");
    EXPECT_EQ(text("0200005"), "(no hexadecimal)");
    EXPECT_EQ(text("02000050"), "(too short)");
    EXPECT_EQ(text(""), "(no hexadecimal)");
    EXPECT_EQ(text("1F00"), "bluetooth");
    EXPECT_EQ(text("6300"), "family 99");
    EXPECT_EQ(socket_address("020000500A0000010000000000000000").port, 80U);
}

TEST(Tables, DecodeWhatMayBeHexadecimal) {
    EXPECT_EQ(decode("612062", false), "a b");
    EXPECT_EQ(decode("612062", true), "612062");
    EXPECT_EQ(decode("cafe", false), "cafe");  // the kernel writes upper case
    EXPECT_EQ(decode("ABC", false), "ABC");
    EXPECT_EQ(decode("(null)", false), "(null)");
    EXPECT_TRUE(may_be_hex(1309, "a12[3]"));
    EXPECT_FALSE(may_be_hex(1309, "a1_len"));
    EXPECT_FALSE(may_be_hex(1300, "a1"));
    EXPECT_TRUE(may_be_hex(1327, "proctitle"));
    EXPECT_TRUE(may_be_hex(1302, "name"));
    EXPECT_FALSE(may_be_hex(1302, "inode"));
}

}  // namespace
}  // namespace plimsoll::audit
