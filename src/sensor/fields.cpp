#include "sensor/fields.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <charconv>

namespace plimsoll::sensor {

namespace {

constexpr std::uint32_t kPipeFs = 0x50495045;       // PIPEFS_MAGIC
constexpr std::uint32_t kAnonymousFs = 0x09041934;  // ANON_INODE_FS_MAGIC
constexpr std::uint16_t kNoCall = 0xffff;

/// Another spelling of the same file by the links that distributions make.
struct Alias {
    std::string_view from, to;
};
constexpr auto kAliases = std::to_array<Alias>({{"/usr/bin/", "/bin/"},
                                                {"/usr/sbin/", "/sbin/"},
                                                {"/usr/lib/", "/lib/"},
                                                {"/usr/lib64/", "/lib64/"},
                                                {"/run/lock/", "/var/lock/"},
                                                {"/run/", "/var/run/"}});

/// What an anonymous file is, by the name that the kernel gives it.
DescriptorKind anonymous_kind(std::string_view name) {
    struct Row {
        std::string_view part;
        DescriptorKind kind;
    };
    static constexpr auto kRows = std::to_array<Row>({{"[eventfd]", {"e", "event"}},
                                                      {"[eventpoll]", {"l", "eventpoll"}},
                                                      {"inotify", {"i", "inotify"}},
                                                      {"[signalfd]", {"s", "signalfd"}},
                                                      {"[timerfd]", {"t", "timerfd"}},
                                                      {"[userfaultfd]", {"u", "userfaultfd"}},
                                                      {"bpf", {"b", "bpf"}},
                                                      {"[io_uring]", {"r", "io_uring"}},
                                                      {"[pidfd]", {"P", "pidfd"}}});
    for (const Row& row : kRows)
        if (name.find(row.part) != std::string_view::npos) return row.kind;
    return {"o", {}};
}

bool is_zero(const model::Ip& ip) {
    return std::ranges::all_of(ip.bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// ::ffff:a.b.c.d
bool is_mapped(const std::uint8_t (&bytes)[16]) {
    return std::all_of(bytes, bytes + 10, [](std::uint8_t byte) { return byte == 0; }) && bytes[10] == 0xff &&
           bytes[11] == 0xff;
}

model::Ip address(const std::uint8_t (&bytes)[16], bool v6, bool mapped) {
    model::Ip out;
    out.v6 = v6 && !mapped;
    if (mapped)
        std::copy(bytes + 12, bytes + 16, out.bytes.begin());
    else
        std::copy(bytes, bytes + (v6 ? 16 : 4), out.bytes.begin());
    return out;
}

void append_end(const model::Ip& ip, std::uint16_t port, std::string& out) {
    std::array<char, 8> digits;
    if (ip.v6) {
        out += model::to_text(ip);
    } else {
        for (std::size_t i = 0; i < 4; ++i) {
            if (i > 0) out += '.';
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ip.bytes[i]).ptr;
            out.append(digits.data(), end);
        }
    }
    out += ':';
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), port).ptr;
    out.append(digits.data(), end);
}

/// Puts the parts of `path` behind those of `out`, which is absolute or empty.
void append_plain(std::string_view path, std::string& out) {
    while (!path.empty()) {
        const auto begin = path.find_first_not_of('/');
        if (begin == std::string_view::npos) return;
        const auto end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        path.remove_prefix(end);
        if (part == ".") continue;
        if (part == "..") {
            const auto slash = out.rfind('/');
            out.resize(slash == std::string::npos ? 0 : slash);
            continue;
        }
        out += '/';
        out += part;
    }
}

std::span<const Param> params_of(const EventView& event) {
    if (event.is(WIRE_FORK)) return fork_params();
    if (event.is(WIRE_EXIT)) return exit_params();
    if (event.is(WIRE_SIGNAL)) return signal_params();
    if (event.is(WIRE_EXEC) || event.call_number == SYS_execve || event.call_number == SYS_execveat)
        return exec_params();
    if (!event.is_call()) return {};
    const auto& all = event.call->params;
    const auto end = std::ranges::find(all, ParamKind::none, &Param::kind);
    return std::span(all).first(static_cast<std::size_t>(end - all.begin()));
}

}  // namespace

void EventView::start(const RawEvent& event, const Process* of, std::uint64_t running_number) {
    if (raw.head != nullptr) before_time = last_time_;
    raw = event;
    process = of;
    running = running_number;
    last_time_ = event.head->time;
    if (first_time == 0) first_time = last_time_;
    call_number = event.head->call;
    if (is(WIRE_FOLDED) && call_number == kNoCall && event.arguments != nullptr)
        call_number = static_cast<std::uint16_t>(std::min<std::uint64_t>(event.arguments->value[3], kNoCall));
    call = &call_of(call_number);
    chosen = 0;
    ready_ = 0;
    params_ready = 0;
    scratch.reset();
}

void EventView::choose_name(std::size_t which) {
    chosen = which;
    params_ready = 0;
    ready_ &= static_cast<std::uint8_t>(~tuple_ready);
}

std::span<const Param> EventView::params() {
    if ((ready_ & params_known) == 0) params_ = params_of(*this);
    ready_ |= params_known;
    return params_;
}

std::string_view EventView::type() const {
    switch (raw.head->kind) {
        case WIRE_FORK: return call_number == kNoCall ? "clone" : call_name(call_number);
        case WIRE_EXEC: return call_number == SYS_execveat ? "execveat" : "execve";
        case WIRE_EXIT: return "procexit";
        case WIRE_CGROUP_MADE: return "cgroup_made";
        case WIRE_CGROUP_GONE: return "cgroup_removed";
        case WIRE_REQUEST: return "request";
        case WIRE_CREDENTIALS: return "credentials";
        case WIRE_SIGNAL: return "signaldeliver";
        default: {
            // What came later than the rules: they know it by the name of what it does.
            constexpr std::uint16_t kFchmodat2 = 452;
            const std::string_view name = call_number == kFchmodat2 ? "fchmodat" : call_name(call_number);
            return name.empty() ? "unknown" : name;
        }
    }
}

Nanoseconds EventView::time() const { return static_cast<Nanoseconds>(raw.head->time) + around.boot_offset; }

std::uint64_t EventView::open_flags() const {
    std::uint64_t flags = 0;
    switch (call_number) {
        case SYS_open: flags = argument(1); break;
        case SYS_creat: flags = O_CREAT | O_WRONLY | O_TRUNC; break;
        default: flags = argument(2); break;
    }
    const bool told = raw.arguments != nullptr && !is(WIRE_FOLDED);
    if (!told && raw.file != nullptr && call_number != SYS_creat) flags = raw.file->open_flags;
    if (told && raw.file != nullptr && call_number == SYS_openat2) {
        // They lie in the caller's memory, where another thread may have changed them since; the kernel keeps all but
        // these.
        constexpr std::uint64_t kNotKept = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC;
        flags = (flags & kNotKept) | raw.file->open_flags;
    }
    return flags;
}

std::uint64_t EventView::open_mode() const {
    constexpr std::uint64_t kTmpfile = 020000000;
    if (call_number != SYS_creat && (open_flags() & (O_CREAT | kTmpfile)) == 0) return 0;
    const std::uint64_t mode = call_number == SYS_creat ? argument(1) : argument(call_number == SYS_open ? 2 : 3);
    return mode & 07777;
}

const WireCredentials* EventView::credentials() const {
    if (raw.credentials != nullptr) return raw.credentials;
    return process != nullptr && process->credentials_known ? &process->credentials : nullptr;
}

std::string_view EventView::folder() {
    if (raw.has(WIRE_CWD)) return raw.string(WIRE_CWD);
    if (raw.arguments != nullptr) {
        for (const Param& each : params()) {
            if (each.kind != ParamKind::folder_fd) continue;
            if (static_cast<std::int32_t>(argument(each.index)) != AT_FDCWD) return {};
        }
    }
    if (process == nullptr) return {};
    if (!process->cwd.empty()) return process->cwd;
    return process->program == nullptr ? std::string_view() : process->program->cwd;
}

std::string_view EventView::absolute_second(std::string_view path) {
    return absolute_from(path, raw.has(WIRE_CWD2) ? raw.string(WIRE_CWD2) : folder());
}

std::string_view EventView::absolute_from(std::string_view path, std::string_view folder) {
    if (path.empty()) return {};
    path_.clear();
    if (path.starts_with('/')) {
        append_plain(raw.string(WIRE_ROOT), path_);
    } else {
        if (folder.empty()) return path;
        append_plain(folder, path_);
    }
    append_plain(path, path_);
    if (path_.empty()) path_ = "/";
    if (path_ == path) return path;
    return scratch.keep(path_);
}

std::string_view EventView::first_name() {
    if ((ready_ & first_ready) != 0) return first_name_;
    ready_ |= first_ready;
    first_name_ = {};
    if (!is_call() || raw.socket != nullptr) return first_name_;
    if (call->paths == Paths::none && (call->fd == FdUse::none || raw.file == nullptr)) return first_name_;
    return first_name_ = raw.has(WIRE_PATH) ? raw.string(WIRE_PATH) : absolute(raw.string(WIRE_NAME));
}

void EventView::find_names() {
    ready_ |= names_ready;
    name_count_ = 0;
    if (first_name().empty()) return;
    names_[name_count_++] = first_name();
    const std::string_view wrote = raw.string(WIRE_NAME);
    if (!wrote.empty() && (wrote.starts_with("/proc/") || (!wrote.starts_with('/') && folder().starts_with("/proc")))) {
        const std::string_view full = absolute(wrote);
        if (full != names_[0]) names_[name_count_++] = full;
    }
    for (const Alias& alias : kAliases) {
        if (!names_[0].starts_with(alias.from)) continue;
        path_ = alias.to;
        path_ += names_[0].substr(alias.from.size());
        names_[name_count_++] = scratch.keep(path_);
        break;
    }
}

std::span<const std::string_view> EventView::names() {
    if ((ready_ & names_ready) == 0) find_names();
    return std::span(names_).first(name_count_);
}

std::string_view EventView::name() {
    if (chosen == 0) return first_name();
    const auto all = names();
    return all.empty() ? std::string_view() : all[std::min(chosen, all.size() - 1)];
}

std::int64_t EventView::fd_number() const {
    switch (call->fd) {
        case FdUse::made: return result() < 0 ? -1 : result();
        case FdUse::given:
        case FdUse::folder: return static_cast<std::int32_t>(argument(call->fd_index));
        default: return -1;
    }
}

void EventView::find_descriptor() {
    ready_ |= kind_ready;
    descriptor_ = {};
    if (!is_call() || call->fd == FdUse::none || call->fd == FdUse::folder) return;
    if (raw.socket != nullptr) {
        const Ends& both = ends();
        if (both.v4)
            descriptor_ = {"4", "ipv4"};
        else if (both.v6)
            descriptor_ = {"6", "ipv6"};
        else if (raw.socket->family == AF_UNIX)
            descriptor_ = {"u", "unix"};
        else if (raw.socket->family == AF_NETLINK)
            descriptor_ = {"n", "netlink"};
        else
            descriptor_ = {"o", {}};
        return;
    }
    if (raw.has(WIRE_MEMFD) || call_number == SYS_memfd_create) {
        descriptor_ = {"m", "memfd"};
        return;
    }
    if (raw.file != nullptr) {
        const bool opened = is_open();
        switch (raw.file->mode & S_IFMT) {
            case S_IFDIR: descriptor_ = {"d", "directory"}; return;
            case S_IFIFO:
                descriptor_ = !opened && raw.file->filesystem == kPipeFs ? DescriptorKind{"p", "pipe"}
                                                                         : DescriptorKind{"f", "file"};
                return;
            case S_IFSOCK: descriptor_ = {"u", "unix"}; return;
            default:
                descriptor_ = raw.file->filesystem == kAnonymousFs ? anonymous_kind(raw.string(WIRE_PATH))
                                                                   : DescriptorKind{"f", "file"};
                return;
        }
    }
    if (call_number == SYS_bpf)
        descriptor_ = {"b", "bpf"};
    else if (call_number == SYS_userfaultfd)
        descriptor_ = {"u", "userfaultfd"};
    else if (call_number == SYS_io_uring_setup)
        descriptor_ = {"r", "io_uring"};
    else if (call_number == SYS_pidfd_open)
        descriptor_ = {"P", "pidfd"};
    else if (is_open())
        descriptor_ = (open_flags() & O_DIRECTORY) != 0 ? DescriptorKind{"d", {}} : DescriptorKind{"f", {}};
}

const DescriptorKind& EventView::descriptor() {
    if ((ready_ & kind_ready) == 0) find_descriptor();
    return descriptor_;
}

/// Which end the process is: said by connect and accept; else the end with the lower port is taken for the server.
void EventView::find_ends() {
    ready_ |= ends_ready;
    ends_ = {};
    const WireSocket* const socket = raw.socket;
    if (socket == nullptr || (socket->family != AF_INET && socket->family != AF_INET6)) return;
    const bool six = socket->family == AF_INET6;
    const bool mapped = six && (is_mapped(socket->remote) || is_mapped(socket->local));
    ends_.v4 = !six || mapped;
    ends_.v6 = !ends_.v4;
    ends_.local = address(socket->local, six, mapped);
    ends_.remote = address(socket->remote, six, mapped);
    ends_.local_port = socket->local_port;
    ends_.remote_port = socket->remote_port;
    ends_.has_local = ends_.local_port != 0 || !is_zero(ends_.local);
    ends_.has_remote = ends_.remote_port != 0 || !is_zero(ends_.remote);
    if ((call->flags & connects) != 0)
        ends_.server = false;
    else if ((call->flags & (accepts | listens)) != 0 || !ends_.has_remote)
        ends_.server = ends_.has_local;
    else
        ends_.server = ends_.local_port != 0 && ends_.local_port < ends_.remote_port;
}

const Ends& EventView::ends() {
    if ((ready_ & ends_ready) == 0) find_ends();
    return ends_;
}

std::string_view EventView::tuple() {
    if ((ready_ & tuple_ready) != 0) return tuple_;
    ready_ |= tuple_ready;
    const Ends& both = ends();
    tuple_ = raw.socket != nullptr ? raw.string(WIRE_ADDRESS) : std::string_view();
    if (!both.known()) return tuple_;
    path_.clear();
    if (both.has_remote) {
        append_end(both.server ? both.remote : both.local, both.server ? both.remote_port : both.local_port, path_);
        path_ += "->";
        append_end(both.server ? both.local : both.remote, both.server ? both.local_port : both.remote_port, path_);
    } else if (both.has_local) {
        append_end(both.local, both.local_port, path_);
    }
    return tuple_ = scratch.keep(path_);
}

namespace {

/// Whether the process is in the user namespace in which its container began, so far as events told of it. One that it
/// made since maps numbers as it likes.
bool has_containers_users(const Process& process) {
    const Process* first = &process;  // of the container, or of the session that brought it there
    for (const Process* at = &process; at != nullptr && at->container == process.container; at = at->parent.get())
        if (at->task.user_namespace != 0 && (at->task.ns_pid == 1 || first->task.ns_pid != 1)) first = at;
    return first->task.user_namespace == process.task.user_namespace;
}

}  // namespace

const Users::Names& EventView::user() {
    if ((ready_ & user_ready) != 0) return user_;
    ready_ |= user_ready;
    user_ = {};
    const WireCredentials* const who = credentials();
    if (around.users == nullptr || process == nullptr || who == nullptr) return user_;
    if (process->in_container && process->container == nullptr) return user_;
    const bool mapped = process->in_container && who->ns_euid != who->euid;  // on the host the host's numbers count
    if (mapped && !has_containers_users(*process)) {
        user_.known = true;  // that it has no name that means anything
        return user_;
    }
    const std::uint32_t euid = raw.head->euid;
    if (mapped && euid != who->euid)
        return user_;  // a thread of its own mind; only the process's number is known inside
    const std::uint32_t inside = mapped ? who->ns_euid : euid;
    const std::string_view container = process->container == nullptr ? std::string_view() : process->container->id;
    const Users::Names found = around.users->names(container, raw.head->pid, inside, mapped ? UINT32_MAX : who->egid);
    user_ = {scratch.keep(found.user), scratch.keep(found.group), scratch.keep(found.home), scratch.keep(found.shell),
             found.known};
    return user_;
}

std::string_view EventView::login_name() {
    if ((ready_ & login_ready) != 0) return login_;
    ready_ |= login_ready;
    login_ = {};
    const WireCredentials* const who = credentials();
    if (around.users == nullptr || who == nullptr || who->loginuid == UINT32_MAX) return login_;
    return login_ = scratch.keep(around.users->names({}, 0, who->loginuid, UINT32_MAX).user);
}

}  // namespace plimsoll::sensor
