#include "audit/text/arguments.h"

#include "audit/tables.h"
#include "audit/tables_generated.h"
#include "audit/tables_values.h"

namespace plimsoll::audit {

namespace {

using enum ArgumentKind;

constexpr std::array<std::uint32_t, 3> kArchs = {0xC000003E, 0x40000003, 0xC00000B7};

struct Row {
    std::string_view call;
    unsigned index;
    ArgumentKind kind;
};

// By the manual pages of section 2. What glibc hands on otherwise than its own function has it (clone) is the kernel's.
constexpr auto kRows = std::to_array<Row>({
    {"open", 1, open_flags},
    {"open", 2, open_mode},
    {"mq_open", 1, open_flags},
    {"mq_open", 2, open_mode},
    {"openat", 0, directory},
    {"openat", 2, open_flags},
    {"openat2", 0, directory},
    {"open_by_handle_at", 2, open_flags},
    {"name_to_handle_at", 0, directory},
    {"lseek", 2, whence},
    {"mmap", 2, protection},
    {"mmap", 3, map_flags},
    {"mmap2", 2, protection},
    {"mmap2", 3, map_flags},
    {"mprotect", 2, protection},
    {"rt_sigaction", 0, signal},
    {"kill", 1, signal},
    {"tkill", 1, signal},
    {"tgkill", 2, signal},
    {"ioctl", 1, ioctl},
    {"access", 1, access},
    {"faccessat", 0, directory},
    {"faccessat", 2, access},
    {"faccessat2", 0, directory},
    {"faccessat2", 2, access},
    {"shmget", 2, ipc_create},
    {"socket", 0, family},
    {"socket", 1, socket_type},
    {"socket", 2, protocol},
    {"socketcall", 0, socket_call},
    {"sendto", 3, message_flags},
    {"recvfrom", 3, message_flags},
    {"sendmsg", 2, message_flags},
    {"recvmsg", 2, message_flags},
    {"sendmmsg", 3, message_flags},
    {"recvmmsg", 3, message_flags},
    {"setsockopt", 1, socket_level},
    {"setsockopt", 2, socket_option},
    {"getsockopt", 1, socket_level},
    {"getsockopt", 2, socket_option},
    {"clone", 0, clone},
    {"unshare", 0, clone},
    {"setns", 1, clone},
    {"exit", 0, exit_code},
    {"exit_group", 0, exit_code},
    {"fcntl", 1, fcntl_command},
    {"fcntl", 2, fcntl_argument},
    {"fcntl64", 1, fcntl_command},
    {"fcntl64", 2, fcntl_argument},
    {"mkdir", 1, mode},
    {"creat", 1, mode},
    {"chmod", 1, mode},
    {"fchmod", 1, mode},
    {"mkdirat", 0, directory},
    {"mkdirat", 2, mode},
    {"mknodat", 0, directory},
    {"mknodat", 2, mode},
    {"fchmodat", 0, directory},
    {"fchmodat", 2, mode},
    {"mknod", 1, node_mode},
    {"fchownat", 0, directory},
    {"futimesat", 0, directory},
    {"newfstatat", 0, directory},
    {"fstatat64", 0, directory},
    {"unlinkat", 0, directory},
    {"renameat", 0, directory},
    {"renameat", 2, directory},
    {"renameat2", 0, directory},
    {"renameat2", 2, directory},
    {"linkat", 0, directory},
    {"linkat", 2, directory},
    {"readlinkat", 0, directory},
    {"utimensat", 0, directory},
    {"chown", 1, user},
    {"setuid", 0, user},
    {"setuid32", 0, user},
    {"setreuid", 0, user},
    {"setreuid", 1, user},
    {"setreuid32", 0, user},
    {"setreuid32", 1, user},
    {"setresuid", 0, user},
    {"setresuid", 1, user},
    {"setresuid", 2, user},
    {"setresuid32", 0, user},
    {"setresuid32", 1, user},
    {"setresuid32", 2, user},
    {"setfsuid", 0, user},
    {"setgid", 0, group},
    {"setgid32", 0, group},
    {"setregid", 0, group},
    {"setregid", 1, group},
    {"setregid32", 0, group},
    {"setregid32", 1, group},
    {"setresgid", 0, group},
    {"setresgid", 1, group},
    {"setresgid", 2, group},
    {"setresgid32", 0, group},
    {"setresgid32", 1, group},
    {"setresgid32", 2, group},
    {"setfsgid", 0, group},
    {"getrlimit", 0, resource},
    {"setrlimit", 0, resource},
    {"ptrace", 0, ptrace},
    {"personality", 0, personality},
    {"sched_setscheduler", 1, scheduler},
    {"prctl", 0, prctl_option},
    {"prctl", 1, prctl_argument},
    {"mount", 3, mount},
    {"umount2", 1, unmount},
    {"clock_settime", 0, clock},
    {"epoll_ctl", 1, epoll},
    {"bpf", 0, bpf},
});

/// The name, or unknown-WHAT(TEXT); `before` stands before the number there.
void put_name(Buffer& out, std::string_view name, std::string_view unknown, std::string_view text,
              std::string_view before = {}) {
    if (!name.empty()) {
        out.put(name);
        return;
    }
    out.put("unknown-");
    out.put(unknown);
    out.put('(');
    out.put(before);
    out.put(text);
    out.put(')');
}

void put_bits(Buffer& out, NameTable table, std::uint64_t value, bool any) {
    for (const auto& [bit, name] : table) {
        if ((value & bit) == 0) continue;
        if (any) out.put('|');
        out.put(name);
        any = true;
    }
}

void put_raw(Buffer& out, std::string_view text) {
    out.put("0x");
    out.put(text);
}

void put_flags(Buffer& out, NameTable table, std::uint64_t value, std::string_view text) {
    const std::size_t before = out.size();
    put_bits(out, table, value, false);
    if (out.size() == before) put_raw(out, text);
}

void put_permissions(Buffer& out, std::uint64_t mode, bool leading_zero) {
    if ((mode & 04000U) != 0) out.put("suid,");
    if ((mode & 02000U) != 0) out.put("sgid,");
    if ((mode & 01000U) != 0) out.put("sticky,");
    if (leading_zero) out.put('0');
    out.put_octal(mode & 0777U, 3);
}

void put_clone(Buffer& out, std::uint64_t value, std::string_view text) {
    constexpr std::uint64_t kSignalBits = 0xFF;
    const std::size_t before = out.size();
    put_bits(out, clone_names(), value & ~kSignalBits, false);
    const std::string_view signal_name =
        (value & kSignalBits) != 0 ? name_of(signals_names(), value & kSignalBits) : "";
    if (!signal_name.empty()) {
        if (out.size() != before) out.put('|');
        out.put(signal_name);
    }
    if (out.size() == before) put_raw(out, text);
}

void put_socket_level(Buffer& out, std::uint64_t value, std::string_view text) {
    const std::string_view level = name_of(socket_levels_names(), value);
    put_name(out, value != 1 && level.empty() ? name_of(protocols_names(), value) : level, "sockopt-level", text, "0x");
}

void put_socket_option(Buffer& out, std::uint64_t level, std::uint64_t value, std::string_view text) {
    switch (level) {
        case 0: put_name(out, name_of(ip_options_names(), value), "ipopt-name", text, "0x"); return;
        case 1: put_name(out, name_of(socket_options_names(), value), "sockopt-name", text, "0x"); return;
        case 6: put_name(out, name_of(tcp_options_names(), value), "tcpopt-name", text, "0x"); return;
        case 17: put_name(out, name_of(udp_options_names(), value), "udpopt-name", text, "0x"); return;
        case 41: put_name(out, name_of(ipv6_options_names(), value), "ip6opt-name", text, "0x"); return;
        case 263: put_name(out, name_of(packet_options_names(), value), "pktopt-name", text, "0x"); return;
        default: put_raw(out, text);
    }
}

void put_number_name(Buffer& out, std::string_view name, std::string_view unknown, std::uint64_t value) {
    if (!name.empty()) {
        out.put(name);
        return;
    }
    out.put("unknown-");
    out.put(unknown);
    out.put('(');
    out.put_signed(static_cast<std::int32_t>(value));
    out.put(')');
}

void put_scheduler(Buffer& out, std::uint64_t value, std::string_view text) {
    constexpr std::uint64_t kResetOnFork = 0x40000000;
    put_name(out, name_of(schedulers_names(), value & 0x0FU), "scheduler-policy", text, "0x");
    if ((value & kResetOnFork) != 0) out.put("|SCHED_RESET_ON_FORK");
}

}  // namespace

void put_mode(Buffer& out, std::uint64_t mode) {
    switch (mode & 0170000U) {
        case 0140000: out.put("socket"); break;
        case 0120000: out.put("link"); break;
        case 0100000: out.put("file"); break;
        case 0060000: out.put("block"); break;
        case 0040000: out.put("dir"); break;
        case 0020000: out.put("character"); break;
        case 0010000: out.put("fifo"); break;
        default: out.put_octal((mode & 0170000U) / 010000U, 3);
    }
    out.put(',');
    put_permissions(out, mode, false);
}

void put_map_flags(Buffer& out, std::uint64_t value) {
    const bool file = (value & 3U) == 0;
    if (file) out.put("MAP_FILE");
    put_bits(out, mmap_names(), value, file);
}

void put_open_flags(Buffer& out, std::uint64_t value) {
    const bool read_only = (value & 3U) == 0;
    if (read_only) out.put("O_RDONLY");
    put_bits(out, open_flags_names(), value, read_only);
}

void put_personality(Buffer& out, std::uint64_t value, std::string_view text) {
    constexpr std::uint64_t kNoRandomize = 0x40000;
    put_name(out, name_of(personalities_names(), value & 0xFFU), "personality", text, "0x");
    if ((value & kNoRandomize) != 0) out.put("|~ADDR_NO_RANDOMIZE");
}

Arguments::Arguments(IdNames& users, IdNames& groups) : users_(users), groups_(groups), kinds_() {
    for (std::size_t arch = 0; arch < kArchs.size(); ++arch) {
        for (const Row& row : kRows) {
            const auto number = syscall_number(kArchs[arch], row.call);
            if (number && *number < kCalls) kinds_[arch][*number][row.index] = row.kind;
        }
    }
}

void Arguments::put(Buffer& out, const Call& call, unsigned index, std::string_view text) {
    const std::size_t arch = call.arch == kArchs[0] ? 0 : call.arch == kArchs[1] ? 1 : 2;
    if (call.arch != kArchs[arch] || call.number >= kCalls || index >= 4) {
        put_raw(out, text);
        return;
    }
    const std::uint64_t value = call.arguments[index];
    const std::uint64_t before = index > 0 ? call.arguments[index - 1] : 0;
    const auto low = static_cast<std::uint32_t>(value);
    switch (kinds_[arch][call.number][index]) {
        case none: put_raw(out, text); return;
        case directory:
            if (static_cast<std::int32_t>(low) == -100)
                out.put("AT_FDCWD");
            else
                put_raw(out, text);
            return;
        case open_flags: put_open_flags(out, value); return;
        case open_mode:
            if ((before & 0x40U) != 0)
                put_permissions(out, value, true);
            else
                put_raw(out, text);
            return;
        case whence: put_name(out, name_of(whence_names(), value), "whence", text); return;
        case protection:
            if ((value & 7U) == 0)
                out.put("PROT_NONE");
            else
                put_bits(out, prot_names(), value, false);
            return;
        case map_flags: put_map_flags(out, value); return;
        case signal: put_name(out, name_of(signals_names(), value), "signal", text, "0x"); return;
        case ioctl: {
            const std::string_view name = name_of(ioctls_names(), low);
            if (name.empty()) {
                out.put("0x");
                out.put_hex(low);
            } else {
                out.put(name);
            }
            return;
        }
        case access:
            if ((value & 7U) == 0)
                out.put("F_OK");
            else
                put_bits(out, access_names(), value, false);
            return;
        case ipc_create: {
            const std::size_t size = out.size();
            put_bits(out, ipc_names(), value, false);
            if (out.size() != size) out.put('|');
            put_permissions(out, value & 0777U, true);
            return;
        }
        case family: put_name(out, name_of(families_names(), value), "family", text, "0x"); return;
        case socket_type: put_name(out, name_of(socket_types_names(), value & 0xFU), "type", text); return;
        case protocol: put_name(out, name_of(protocols_names(), value), "proto", text); return;
        case message_flags: put_flags(out, message_flags_names(), value, text); return;
        case socket_level: put_socket_level(out, value, text); return;
        case socket_option: put_socket_option(out, before, value, text); return;
        case ArgumentKind::clone: put_clone(out, value, text); return;
        case exit_code: out.put(value == 0 ? "EXIT_SUCCESS" : value == 1 ? "EXIT_FAILURE" : "UNKNOWN"); return;
        case fcntl_command: put_number_name(out, name_of(fcntl_names(), value), "fcntl-command", value); return;
        case fcntl_argument:
            if (before == 2 && value == 1)  // F_SETFD
                out.put("FD_CLOEXEC");
            else
                put_raw(out, text);
            return;
        case mode: put_permissions(out, value, true); return;
        case node_mode: put_mode(out, value); return;
        case user: out.put(users_.text(low)); return;
        case group: out.put(groups_.text(low)); return;
        case resource: put_name(out, name_of(resources_names(), value), "rlimit", text, "0x"); return;
        case ArgumentKind::ptrace: put_name(out, name_of(ptrace_names(), value), "ptrace", text, "0x"); return;
        case personality: put_personality(out, value, text); return;
        case scheduler: put_scheduler(out, value, text); return;
        case prctl_option: put_name(out, name_of(prctl_names(), value), "prctl-option", text, "0x"); return;
        case prctl_argument:
            if (before == 1)  // PR_SET_PDEATHSIG
                put_name(out, name_of(signals_names(), value), "signal", text, "0x");
            else if (before == 23 || before == 24)  // PR_CAPBSET_READ, PR_CAPBSET_DROP
                put_name(out, name_of(capabilities_names(), value), "capability", text, "0x");
            else
                put_raw(out, text);
            return;
        case ArgumentKind::mount: put_flags(out, mount_names(), value, text); return;
        case unmount: put_flags(out, umount_names(), value, text); return;
        case clock: put_name(out, name_of(clocks_names(), value), "clk_id", text, "0x"); return;
        case epoll: put_number_name(out, name_of(epoll_names(), value), "epoll_ctl-operation", value); return;
        case ArgumentKind::bpf: {
            const auto commands = bpf_commands();
            put_name(out, value < commands.size() ? commands[value] : std::string_view(), "bpf-cmd", text);
            return;
        }
        case socket_call: put_name(out, name_of(socket_calls_names(), value), "socketcall", text); return;
    }
}

}  // namespace plimsoll::audit
