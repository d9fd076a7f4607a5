#include "sensor/names_flags.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "host/capability.h"
#include "sensor/wire.h"

namespace plimsoll::sensor {

namespace {

struct Name {
    std::uint64_t bits;
    std::string_view text;
};

void write_number(std::uint64_t number, int base, std::string& out) {
    std::array<char, 24> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
    for (char* at = digits.data(); at != end; ++at) out += *at >= 'a' ? static_cast<char>(*at - 'a' + 'A') : *at;
}

/// The names of all bits that are set, in the table's order; `none` when there are none.
void write_bits(std::uint64_t bits, std::span<const Name> names, std::string_view none, std::string& out) {
    const std::size_t begin = out.size();
    for (const Name& name : names) {
        if (name.bits == 0 || (bits & name.bits) != name.bits) continue;
        if (out.size() > begin) out += '|';
        out += name.text;
        bits &= ~name.bits;
    }
    if (out.size() == begin) out += none;
}

void write_name(std::uint64_t number, std::span<const Name> names, std::string& out) {
    for (const Name& name : names) {
        if (name.bits == number) {
            out += name.text;
            return;
        }
    }
    write_number(number, 10, out);
}

constexpr std::uint64_t kTmpfile = 020000000;  // without the O_DIRECTORY that O_TMPFILE includes

}  // namespace

void write_open_flags(std::uint64_t flags, bool created, std::uint8_t layer, std::string& out) {
    const std::size_t begin = out.size();
    const auto put = [&](bool set, std::string_view name) {
        if (!set) return;
        if (out.size() > begin) out += '|';
        out += name;
    };
    const auto access = flags & O_ACCMODE;
    // 32-bit programs and the C library set O_LARGEFILE (0100000) always; Falco tells it, and so do we where it is set.
    put((flags & 0100000) != 0, "O_LARGEFILE");
    put((flags & O_DIRECTORY) != 0, "O_DIRECTORY");
    put((flags & O_DIRECT) != 0, "O_DIRECT");
    put((flags & O_TRUNC) != 0, "O_TRUNC");
    put((flags & O_SYNC) == O_SYNC, "O_SYNC");
    put((flags & O_NONBLOCK) != 0, "O_NONBLOCK");
    put((flags & O_EXCL) != 0, "O_EXCL");
    put((flags & O_DSYNC) != 0, "O_DSYNC");
    put((flags & O_APPEND) != 0, "O_APPEND");
    put((flags & O_CREAT) != 0, "O_CREAT");
    put(access == O_RDWR || access == O_ACCMODE, "O_RDWR");
    put(access == O_WRONLY, "O_WRONLY");
    put(access == O_RDONLY, "O_RDONLY");
    put((flags & O_CLOEXEC) != 0, "O_CLOEXEC");
    put((flags & kTmpfile) != 0, "O_TMPFILE");
    put(created, "O_F_CREATED");
    put(layer == WIRE_UPPER || layer == WIRE_COPIED_UP, "FD_UPPER_LAYER");
    put(layer == WIRE_LOWER, "FD_LOWER_LAYER");
}

void write_open_mode(std::uint64_t mode, std::string& out) {
    if (mode != 0) out += '0';
    write_number(mode, 8, out);
}

void write_mode(std::uint64_t mode, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{01, "S_IXOTH"},
                                                        {02, "S_IWOTH"},
                                                        {04, "S_IROTH"},
                                                        {010, "S_IXGRP"},
                                                        {020, "S_IWGRP"},
                                                        {040, "S_IRGRP"},
                                                        {0100, "S_IXUSR"},
                                                        {0200, "S_IWUSR"},
                                                        {0400, "S_IRUSR"},
                                                        {01000, "S_ISVTX"},
                                                        {02000, "S_ISGID"},
                                                        {04000, "S_ISUID"}});
    write_bits(mode, kNames, "0", out);
}

void write_clone_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{CLONE_FILES, "CLONE_FILES"},
                                                        {CLONE_FS, "CLONE_FS"},
                                                        {CLONE_IO, "CLONE_IO"},
                                                        {CLONE_NEWIPC, "CLONE_NEWIPC"},
                                                        {CLONE_NEWNET, "CLONE_NEWNET"},
                                                        {CLONE_NEWNS, "CLONE_NEWNS"},
                                                        {CLONE_NEWPID, "CLONE_NEWPID"},
                                                        {CLONE_NEWUTS, "CLONE_NEWUTS"},
                                                        {CLONE_PARENT, "CLONE_PARENT"},
                                                        {CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID"},
                                                        {CLONE_PTRACE, "CLONE_PTRACE"},
                                                        {CLONE_SIGHAND, "CLONE_SIGHAND"},
                                                        {CLONE_SYSVSEM, "CLONE_SYSVSEM"},
                                                        {CLONE_THREAD, "CLONE_THREAD"},
                                                        {CLONE_UNTRACED, "CLONE_UNTRACED"},
                                                        {CLONE_VM, "CLONE_VM"},
                                                        {CLONE_NEWUSER, "CLONE_NEWUSER"},
                                                        {CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID"},
                                                        {CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID"},
                                                        {CLONE_SETTLS, "CLONE_SETTLS"},
                                                        {CLONE_VFORK, "CLONE_VFORK"},
                                                        {CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}});
    write_bits(flags, kNames, "0", out);
}

void write_unlink_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{AT_REMOVEDIR, "AT_REMOVEDIR"}});
    write_bits(flags, kNames, "0", out);
}

void write_link_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames =
        std::to_array<Name>({{AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"}, {AT_EMPTY_PATH, "AT_EMPTY_PATH"}});
    write_bits(flags, kNames, "0", out);
}

void write_rename_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames =
        std::to_array<Name>({{1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"}});
    write_bits(flags, kNames, "0", out);
}

void write_mount_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{MS_RDONLY, "RDONLY"},
                                                        {MS_NOSUID, "NOSUID"},
                                                        {MS_NODEV, "NODEV"},
                                                        {MS_NOEXEC, "NOEXEC"},
                                                        {MS_SYNCHRONOUS, "SYNCHRONOUS"},
                                                        {MS_REMOUNT, "REMOUNT"},
                                                        {MS_MANDLOCK, "MANDLOCK"},
                                                        {MS_DIRSYNC, "DIRSYNC"},
                                                        {MS_NOATIME, "NOATIME"},
                                                        {MS_NODIRATIME, "NODIRATIME"},
                                                        {MS_BIND, "BIND"},
                                                        {MS_MOVE, "MOVE"},
                                                        {MS_REC, "REC"},
                                                        {MS_SILENT, "SILENT"},
                                                        {MS_POSIXACL, "POSIXACL"},
                                                        {MS_UNBINDABLE, "UNBINDABLE"},
                                                        {MS_PRIVATE, "PRIVATE"},
                                                        {MS_SLAVE, "SLAVE"},
                                                        {MS_SHARED, "SHARED"},
                                                        {MS_RELATIME, "RELATIME"},
                                                        {MS_KERNMOUNT, "KERNMOUNT"},
                                                        {MS_I_VERSION, "I_VERSION"},
                                                        {MS_STRICTATIME, "STRICTATIME"},
                                                        {MS_LAZYTIME, "LAZYTIME"}});
    write_bits(flags, kNames, "0", out);
}

void write_umount_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{1, "FORCE"}, {2, "DETACH"}, {4, "EXPIRE"}, {8, "NOFOLLOW"}});
    write_bits(flags, kNames, "0", out);
}

void write_dup_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{O_NONBLOCK, "O_NONBLOCK"}, {O_CLOEXEC, "O_CLOEXEC"}});
    write_bits(flags, kNames, "O_NONE", out);
}

void write_memfd_flags(std::uint64_t flags, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>(
        {{MFD_CLOEXEC, "MFD_CLOEXEC"}, {MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING"}, {MFD_HUGETLB, "MFD_HUGETLB"}});
    write_bits(flags, kNames, "0", out);
}

void write_socket_flags(std::uint64_t type, std::string& out) { write_dup_flags(type, out); }

void write_domain(std::uint64_t domain, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{AF_UNSPEC, "AF_UNSPEC"}, {AF_UNIX, "AF_LOCAL|AF_UNIX"},
                                                        {AF_INET, "AF_INET"},     {AF_AX25, "AF_AX25"},
                                                        {AF_IPX, "AF_IPX"},       {AF_APPLETALK, "AF_APPLETALK"},
                                                        {AF_NETROM, "AF_NETROM"}, {AF_BRIDGE, "AF_BRIDGE"},
                                                        {AF_ATMPVC, "AF_ATMPVC"}, {AF_X25, "AF_X25"},
                                                        {AF_INET6, "AF_INET6"},   {AF_ROSE, "AF_ROSE"},
                                                        {AF_KEY, "AF_KEY"},       {AF_NETLINK, "AF_ROUTE|AF_NETLINK"},
                                                        {AF_PACKET, "AF_PACKET"}, {AF_ECONET, "AF_ECONET"},
                                                        {AF_ATMSVC, "AF_ATMSVC"}, {AF_RDS, "AF_RDS"},
                                                        {AF_IRDA, "AF_IRDA"},     {AF_PPPOX, "AF_PPPOX"},
                                                        {AF_LLC, "AF_LLC"},       {AF_CAN, "AF_CAN"},
                                                        {AF_TIPC, "AF_TIPC"},     {AF_BLUETOOTH, "AF_BLUETOOTH"},
                                                        {AF_RXRPC, "AF_RXRPC"},   {AF_ISDN, "AF_ISDN"},
                                                        {AF_PHONET, "AF_PHONET"}, {AF_IEEE802154, "AF_IEEE802154"},
                                                        {AF_CAIF, "AF_CAIF"},     {AF_ALG, "AF_ALG"},
                                                        {AF_NFC, "AF_NFC"},       {AF_VSOCK, "AF_VSOCK"},
                                                        {AF_XDP, "AF_XDP"}});
    write_name(domain, kNames, out);
}

void write_ptrace_request(std::uint64_t request, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{0, "PTRACE_TRACEME"},
                                                        {1, "PTRACE_PEEKTEXT"},
                                                        {2, "PTRACE_PEEKDATA"},
                                                        {3, "PTRACE_PEEKUSR"},
                                                        {4, "PTRACE_POKETEXT"},
                                                        {5, "PTRACE_POKEDATA"},
                                                        {6, "PTRACE_POKEUSR"},
                                                        {7, "PTRACE_CONT"},
                                                        {8, "PTRACE_KILL"},
                                                        {9, "PTRACE_SINGLESTEP"},
                                                        {12, "PTRACE_GETREGS"},
                                                        {13, "PTRACE_SETREGS"},
                                                        {14, "PTRACE_GETFPREGS"},
                                                        {15, "PTRACE_SETFPREGS"},
                                                        {16, "PTRACE_ATTACH"},
                                                        {17, "PTRACE_DETACH"},
                                                        {21, "PTRACE_OLDSETOPTIONS"},
                                                        {24, "PTRACE_SYSCALL"},
                                                        {25, "PTRACE_GET_THREAD_AREA"},
                                                        {26, "PTRACE_SET_THREAD_AREA"},
                                                        {30, "PTRACE_ARCH_PRCTL"},
                                                        {31, "PTRACE_SYSEMU"},
                                                        {32, "PTRACE_SYSEMU_SINGLESTEP"},
                                                        {33, "PTRACE_SINGLEBLOCK"},
                                                        {0x4200, "PTRACE_SETOPTIONS"},
                                                        {0x4201, "PTRACE_GETEVENTMSG"},
                                                        {0x4202, "PTRACE_GETSIGINFO"},
                                                        {0x4203, "PTRACE_SETSIGINFO"},
                                                        {0x4204, "PTRACE_GETREGSET"},
                                                        {0x4205, "PTRACE_SETREGSET"},
                                                        {0x4206, "PTRACE_SEIZE"},
                                                        {0x4207, "PTRACE_INTERRUPT"},
                                                        {0x4208, "PTRACE_LISTEN"},
                                                        {0x4209, "PTRACE_PEEKSIGINFO"},
                                                        {0x420a, "PTRACE_GETSIGMASK"},
                                                        {0x420b, "PTRACE_SETSIGMASK"}});
    write_name(request, kNames, out);
}

void write_bpf_command(std::uint64_t command, std::string& out) {
    static constexpr auto kNames = std::to_array<Name>({{0, "BPF_MAP_CREATE"},
                                                        {1, "BPF_MAP_LOOKUP_ELEM"},
                                                        {2, "BPF_MAP_UPDATE_ELEM"},
                                                        {3, "BPF_MAP_DELETE_ELEM"},
                                                        {4, "BPF_MAP_GET_NEXT_KEY"},
                                                        {5, "BPF_PROG_LOAD"},
                                                        {6, "BPF_OBJ_PIN"},
                                                        {7, "BPF_OBJ_GET"},
                                                        {8, "BPF_PROG_ATTACH"},
                                                        {9, "BPF_PROG_DETACH"},
                                                        {10, "BPF_PROG_TEST_RUN"},
                                                        {11, "BPF_PROG_GET_NEXT_ID"},
                                                        {12, "BPF_MAP_GET_NEXT_ID"},
                                                        {13, "BPF_PROG_GET_FD_BY_ID"},
                                                        {14, "BPF_MAP_GET_FD_BY_ID"},
                                                        {15, "BPF_OBJ_GET_INFO_BY_FD"},
                                                        {16, "BPF_PROG_QUERY"},
                                                        {17, "BPF_RAW_TRACEPOINT_OPEN"},
                                                        {18, "BPF_BTF_LOAD"},
                                                        {19, "BPF_BTF_GET_FD_BY_ID"},
                                                        {20, "BPF_TASK_FD_QUERY"},
                                                        {21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"},
                                                        {22, "BPF_MAP_FREEZE"},
                                                        {23, "BPF_BTF_GET_NEXT_ID"},
                                                        {24, "BPF_MAP_LOOKUP_BATCH"},
                                                        {25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"},
                                                        {26, "BPF_MAP_UPDATE_BATCH"},
                                                        {27, "BPF_MAP_DELETE_BATCH"},
                                                        {28, "BPF_LINK_CREATE"},
                                                        {29, "BPF_LINK_UPDATE"},
                                                        {30, "BPF_LINK_GET_FD_BY_ID"},
                                                        {31, "BPF_LINK_GET_NEXT_ID"},
                                                        {32, "BPF_ENABLE_STATS"},
                                                        {33, "BPF_ITER_CREATE"},
                                                        {34, "BPF_LINK_DETACH"},
                                                        {35, "BPF_PROG_BIND_MAP"},
                                                        {36, "BPF_TOKEN_CREATE"}});
    write_name(command, kNames, out);
}

void write_signal(std::uint64_t signal, std::string& out) {
    const char* const name = signal > 0 && signal < 32 ? ::sigabbrev_np(static_cast<int>(signal)) : nullptr;
    if (name == nullptr) return write_number(signal, 10, out);
    out += "SIG";
    out += name;
}

void write_capabilities(std::uint64_t mask, std::string& out) {
    bool first = true;
    for (unsigned bit = 0; bit < 64 && mask >> bit != 0; ++bit) {
        if ((mask >> bit & 1U) == 0) continue;
        const std::string_view name = host::capability_name(bit);
        if (name.empty()) continue;
        if (!first) out += ' ';
        first = false;
        out += name;
    }
}

std::string_view error_name(std::int64_t number) {
    if (number <= 0 || number > 4095) return {};
    const char* const name = ::strerrorname_np(static_cast<int>(number));
    if (name != nullptr) return name;
    return number == 512 ? "ERESTARTSYS" : std::string_view();
}

}  // namespace plimsoll::sensor
