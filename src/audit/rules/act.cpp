#include "audit/rules/act.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "audit/rules/rule_text.h"
#include "audit/rules/uring_act.h"
#include "audit/tables.h"
#include "host/system_error.h"

namespace plimsoll::audit {

namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::string_view kNoName = ".plimsoll-proof-that-is-not-there";
constexpr const char* kNoAttribute = "user.plimsoll-proof-that-is-not-there";

struct HarmlessCall {
    std::string_view name;
    std::array<long, 5> arguments;
};
// Each is refused before it does anything: null paths, no such descriptor, unknown flags.
constexpr HarmlessCall kCalls[] = {
    {"connect", {-1, 0, 0}},
    {"socketcall", {3, 0}},
    {"accept", {-1, 0, 0}},
    {"accept4", {-1, 0, 0, 0}},
    {"bind", {-1, 0, 0}},
    {"openat", {-1, 0, 0}},
    {"open", {0, 0}},
    {"creat", {0, 0}},
    {"truncate", {0, 0}},
    {"unlink", {0}},
    {"unlinkat", {-1, 0, 0}},
    {"rename", {0, 0}},
    {"renameat", {-1, 0, -1, 0}},
    {"renameat2", {-1, 0, -1, 0, -1}},
    {"link", {0, 0}},
    {"symlink", {0, 0}},
    {"mkdir", {0, 0}},
    {"rmdir", {0}},
    {"mknod", {0, 0, 0}},
    {"chmod", {0, 0}},
    {"fchmod", {-1, 0}},
    {"fchmodat", {-1, 0, 0}},
    {"chown", {0, -1, -1}},
    {"fchown", {-1, -1, -1}},
    {"fchownat", {-1, 0, -1, -1, 0}},
    {"lchown", {0, -1, -1}},
    {"setxattr", {0, 0, 0, 0, 0}},
    {"removexattr", {0, 0}},
    {"execve", {0, 0, 0}},
    {"execveat", {-1, 0, 0, 0, -1}},
    {"mount", {0, 0, 0, 0, 0}},
    {"umount2", {0, 0}},
    {"umount", {0}},
    {"move_mount", {-1, 0, -1, 0, -1}},
    {"fsopen", {0, -1}},
    {"pivot_root", {0, 0}},
    {"setns", {-1, 0}},
    {"unshare", {0}},
    {"chroot", {0}},
    {"init_module", {0, 0, 0}},
    {"finit_module", {-1, 0, 0}},
    {"delete_module", {0, 0}},
    {"kexec_load", {0, 0, 0, -1}},
    {"kexec_file_load", {-1, -1, 0, 0, -1}},
    {"open_by_handle_at", {-1, 0, 0}},
    {"ptrace", {PTRACE_ATTACH, -1, 0, 0}},
    {"process_vm_writev", {-1, 0, 0, 0, 0}},
    {"process_vm_readv", {-1, 0, 0, 0, 0}},
    {"bpf", {-1, 0, 0}},
    {"io_uring_enter", {-1, 0, 0, 0, 0}},
    {"setuid", {-1}},
    {"setgid", {-1}},
    {"sethostname", {0, -1}},
    {"setdomainname", {0, -1}},
    {"clock_settime", {-1, 0}},
    {"swapon", {0, 0}},
    {"memfd_create", {0, 0}},
};

constexpr int kCannot = 99;  ///< exit code of the child that could not act

Act none(std::string why) { return {.kind = Act::Kind::none, .text = std::move(why)}; }

const HarmlessCall* harmless(std::string_view name) {
    const auto found = std::ranges::find(kCalls, name, &HarmlessCall::name);
    return found == std::end(kCalls) ? nullptr : found;
}

Act act_for_calls(const host::AuditRule& rule) {
    if (rule.all_syscalls) return none("it has neither a path nor system calls to try");
    const std::uint32_t arch = rule.architecture.value_or(native_arch());
    const bool compat = arch != native_arch();
#ifndef __x86_64__
    if (compat) return none("the other architecture's calls cannot be made from here");
#endif
    if (compat && arch != compat_arch()) return none("this machine cannot make calls of that architecture");
    for (const unsigned number : rule.syscalls) {
        const std::string_view name = syscall_name(arch, number);
        if (harmless(name) == nullptr) continue;
        return {.kind = Act::Kind::system_call,
                .text = fmt::format("{} that the kernel refuses{}", name, compat ? ", by the 32-bit entry" : ""),
                .number = static_cast<long>(number),
                .compat = compat};
    }
    return none("none of its system calls has arguments that are surely harmless");
}

Act act_for_uring(const host::AuditRule& rule) {
    if (rule.action != "always") return none("it keeps something from being recorded");
    for (const unsigned operation : rule.syscalls) {
        if (!is_harmless_uring(operation)) continue;
        return {.kind = Act::Kind::uring,
                .text = fmt::format("{} that the kernel refuses, by io_uring", uring_name(operation)),
                .number = static_cast<long>(operation)};
    }
    if (rule.all_syscalls)
        return {
            .kind = Act::Kind::uring, .text = "connect that the kernel refuses, by io_uring", .number = kUringConnect};
    return none("none of its operations can be tried in a surely harmless way");
}

Act act_for_folder(const host::AuditRule& rule, const std::string& path) {
    const auto may = [&](char letter) {
        return rule.permissions.empty() || rule.permissions.find(letter) != std::string::npos;
    };
    if (may('w'))
        return {.kind = Act::Kind::remove_nothing,
                .path = path + "/" + std::string(kNoName),
                .text = "delete a name that is not in " + path};
    if (may('a'))
        return {.kind = Act::Kind::remove_no_attribute,
                .path = path,
                .text = "remove an attribute that " + path + " does not have"};
    if (may('r')) return {.kind = Act::Kind::open_to_read, .path = path, .text = "open " + path};
    return none("a folder is not executed");
}

Act act_for_file(const host::AuditRule& rule, const FileIdentity& file) {
    const std::string& path = file.path;
    const auto may = [&](char letter) { return rule.permissions.find(letter) != std::string::npos; };
    if (file.link)
        return may('a') || rule.permissions.empty()
                   ? Act{.kind = Act::Kind::remove_no_attribute,
                         .path = path,
                         .text = "remove an attribute that the link " + path + " does not have"}
                   : none("a symbolic link can only be replaced");
    if (rule.permissions.empty()) return {.kind = Act::Kind::stat, .path = path, .text = "stat of " + path};
    const bool program = ::access(path.c_str(), X_OK) == 0 && file.type == host::FileType::regular;
    struct stat facts {};
    const bool executable = program && ::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 0111U) != 0;
    if (may('x') && executable)
        return {
            .kind = Act::Kind::execute, .path = path, .text = "start " + path + ", ended before its first instruction"};
    if (file.type != host::FileType::regular && !may('a')) return none("neither a file nor a folder");
    // A program that is open for writing cannot be started meanwhile.
    if (may('w') && !executable && file.type == host::FileType::regular)
        return {
            .kind = Act::Kind::open_to_write, .path = path, .text = "open " + path + " for writing, without writing"};
    if (may('a'))
        return {.kind = Act::Kind::remove_no_attribute,
                .path = path,
                .text = "remove an attribute that " + path + " does not have"};
    if (may('r')) return {.kind = Act::Kind::open_to_read, .path = path, .text = "open " + path};
    return none("opening a program for writing would keep it from being started");
}

void connect_to(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    ::close(fd);
}

void call(const Act& act) {
    const std::string_view name =
        syscall_name(act.compat ? compat_arch().value_or(0) : native_arch(), static_cast<unsigned>(act.number));
    const HarmlessCall* harmless_call = harmless(name);
    if (harmless_call == nullptr) return;
    const auto& a = harmless_call->arguments;
#ifdef __x86_64__
    if (act.compat) {
        long result = act.number;
        // The 32-bit entry of a 64-bit program; the kernel leaves r8 to r11 undefined.
        asm volatile("int $0x80"
                     : "+a"(result)
                     : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "r8", "r9", "r10", "r11");
        return;
    }
#endif
    static_cast<void>(::syscall(act.number, a[0], a[1], a[2], a[3], a[4]));
}

/// In the child: nothing but the act. Its exit code.
int do_it(const Act& act) {
    const char* path = act.path.c_str();
    switch (act.kind) {
        case Act::Kind::none: break;
        case Act::Kind::uring: return submit_refused(static_cast<unsigned>(act.number)) ? 0 : kCannot;
        case Act::Kind::connect: connect_to(act.path); break;
        case Act::Kind::open_to_write: ::close(::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)); break;
        case Act::Kind::open_to_read: ::close(::open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)); break;
        case Act::Kind::remove_nothing: static_cast<void>(::unlink(path)); break;
        case Act::Kind::remove_no_attribute: static_cast<void>(::lremovexattr(path, kNoAttribute)); break;
        case Act::Kind::stat: {
            struct stat facts {};
            static_cast<void>(::lstat(path, &facts));
            break;
        }
        case Act::Kind::system_call: call(act); break;
        case Act::Kind::execute: {
            if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) break;
            std::string name = "plimsoll-proof";
            std::array<char*, 2> arguments{name.data(), nullptr};
            char* environment = nullptr;
            ::execve(path, arguments.data(), &environment);
            break;
        }
    }
    return 0;
}

}  // namespace

Act choose_act(const host::AuditRule& rule, const FileIdentity* file) {
    if (rule.filter == "io_uring") return act_for_uring(rule);
    if (rule.filter != "exit") return none(fmt::format("rules of the list '{}' are not tried", rule.filter));
    if (rule.action != "always") return none("it keeps something from being recorded");
    if (file == nullptr || rule.path_negated) return act_for_calls(rule);
    if (!file->exists) return none(file->path + " does not exist, and making it would be a change");
    if (file->type == host::FileType::socket)
        return file->path.size() < sizeof(sockaddr_un::sun_path)
                   ? Act{.kind = Act::Kind::connect, .path = file->path, .text = "connect to " + file->path}
                   : none("the path is too long for connect");
    if (file->type == host::FileType::directory) return act_for_folder(rule, file->path);
    return act_for_file(rule, *file);
}

Result<pid_t> perform(const Act& act) {
    check(act.kind != Act::Kind::none);
    const pid_t child = ::fork();
    if (child < 0) return host::system_error("starting a process", "");
    if (child == 0) {
        ::_exit(do_it(act));
    }
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
        int state = 0;
        const pid_t ended = ::waitpid(child, &state, WNOHANG);
        if (ended < 0 && errno != EINTR) return host::system_error("waiting for a process", "");
        if (ended == child && WIFEXITED(state) && WEXITSTATUS(state) == kCannot)
            return Error{act.text + ": it cannot be tried here (io_uring is not to be had)"};
        if (ended == child && !WIFSTOPPED(state)) return child;
        const bool late = std::chrono::steady_clock::now() > deadline;
        if (ended == child || late) ::kill(child, SIGKILL);  // a traced program stops at its first instruction
        if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace plimsoll::audit
