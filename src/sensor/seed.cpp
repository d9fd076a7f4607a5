#include "sensor/seed.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>

#include "base/text.h"
#include "host/cgroup.h"
#include "host/container_cgroups.h"
#include "host/fd.h"
#include "host/number.h"

namespace plimsoll::sensor {

namespace {

constexpr std::size_t kSmall = 16384;
constexpr std::size_t kMostArguments = 128U << 10U;
constexpr std::size_t kMostCgroups = 65536;
constexpr std::size_t kMostDepth = 32;
constexpr std::uint64_t kSecondNs = 1'000'000'000;

std::string read_at(int folder, const char* name, std::size_t most) {
    const host::Fd fd(::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::string out;
    std::array<char, 4096> piece;
    while (fd && out.size() < most) {
        const ssize_t got = ::read(fd.get(), piece.data(), std::min(piece.size(), most - out.size()));
        if (got <= 0) break;
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

std::string link_at(int folder, const char* name) {
    std::array<char, 4096> target;
    const ssize_t size = ::readlinkat(folder, name, target.data(), target.size());
    return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

template <typename T>
T number_or(std::string_view text, T otherwise, int base = 10) {
    return host::number<T>(trim(text), base).value_or(otherwise);
}

/// The words after "NAME:" in a status file.
std::vector<std::string_view> status_words(std::string_view status, std::string_view name) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < status.size();) {
        const auto end = std::min(status.find('\n', at), status.size());
        const std::string_view line = status.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
        for (std::string_view rest = line.substr(name.size() + 1); !rest.empty();) {
            const auto begin = rest.find_first_not_of(" \t");
            if (begin == std::string_view::npos) break;
            const auto stop = std::min(rest.find_first_of(" \t", begin), rest.size());
            out.push_back(rest.substr(begin, stop - begin));
            rest.remove_prefix(stop);
        }
        break;
    }
    return out;
}

std::uint32_t last_number(std::string_view status, std::string_view name) {
    const auto words = status_words(status, name);
    return words.empty() ? 0 : number_or<std::uint32_t>(words.back(), 0);
}

/// "pid:[4026531836]"
std::uint32_t namespace_inode(int folder, const char* name) {
    const std::string target = link_at(folder, name);
    const auto open = target.find('[');
    if (open == std::string::npos || !target.ends_with(']')) return 0;
    return number_or<std::uint32_t>(std::string_view(target).substr(open + 1, target.size() - open - 2), 0);
}

/// The fields behind the name, which is in brackets and may hold any bytes; the first is the state.
bool read_stat(int folder, SeededProcess& out) {
    const std::string stat = read_at(folder, "stat", kSmall);
    const auto open = stat.find('(');
    const auto close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos || close < open || close + 2 > stat.size())
        return false;
    out.comm = stat.substr(open + 1, std::min<std::size_t>(close - open - 1, 15));
    const auto words = split(std::string_view(stat).substr(close + 2), ' ');
    if (words.size() < 20) return false;
    out.task.parent = number_or<std::uint32_t>(words[1], 0);
    out.task.group = number_or<std::uint32_t>(words[2], 0);
    out.task.session = number_or<std::uint32_t>(words[3], 0);
    out.task.tty = number_or<std::uint32_t>(words[4], 0);
    out.kernel_thread = (number_or<std::uint32_t>(words[6], 0) & 0x00200000U) != 0;  // PF_KTHREAD
    out.task.threads = number_or<std::uint32_t>(words[17], 0);
    const auto ticks = host::number<std::uint64_t>(words[19]);
    if (!ticks) return false;
    out.key.start = *ticks * tick();
    return true;
}

void read_status(int folder, SeededProcess& out) {
    const std::string status = read_at(folder, "status", kSmall);
    WireCredentials& who = out.credentials;
    const auto ids = [&](std::string_view name, std::uint32_t& real, std::uint32_t& effective, std::uint32_t& saved,
                         std::uint32_t& files) {
        const auto words = status_words(status, name);
        if (words.size() < 4) return;
        real = number_or<std::uint32_t>(words[0], 0);
        effective = number_or<std::uint32_t>(words[1], 0);
        saved = number_or<std::uint32_t>(words[2], 0);
        files = number_or<std::uint32_t>(words[3], 0);
    };
    ids("Uid", who.uid, who.euid, who.suid, who.fsuid);
    ids("Gid", who.gid, who.egid, who.sgid, who.fsgid);
    const auto mask = [&](std::string_view name) {
        const auto words = status_words(status, name);
        return words.empty() ? 0 : number_or<std::uint64_t>(words[0], 0, 16);
    };
    who.inheritable = mask("CapInh");
    who.permitted = mask("CapPrm");
    who.effective = mask("CapEff");
    who.bounding = mask("CapBnd");
    who.ambient = mask("CapAmb");
    out.task.ns_pid = last_number(status, "NStgid");
    out.task.ns_group = last_number(status, "NSpgid");
    out.task.ns_session = last_number(status, "NSsid");
}

/// The number within the process's own user namespace of one that the host has.
std::uint32_t mapped(int folder, const char* map, std::uint32_t outside) {
    const std::string text = read_at(folder, map, kSmall);
    for (const std::string_view line : split(text, '\n')) {
        std::array<std::uint64_t, 3> row{};
        std::size_t n = 0;
        for (std::string_view rest = line; n < 3;) {
            const auto begin = rest.find_first_not_of(' ');
            if (begin == std::string_view::npos) break;
            const auto stop = std::min(rest.find(' ', begin), rest.size());
            row[n++] = number_or<std::uint64_t>(rest.substr(begin, stop - begin), 0);
            rest.remove_prefix(stop);
        }
        if (n == 3 && outside >= row[1] && outside - row[1] < row[2])
            return static_cast<std::uint32_t>(row[0] + (outside - row[1]));
    }
    return text.empty() ? outside : 65534;
}

void read_file(int folder, SeededProcess& out) {
    constexpr std::string_view kDeleted = " (deleted)";
    out.exepath = link_at(folder, "exe");
    if (out.exepath.ends_with(kDeleted)) {
        out.exepath.resize(out.exepath.size() - kDeleted.size());
        out.flags |= WIRE_DELETED;
    }
    if (out.exepath.starts_with("/memfd:")) out.flags |= WIRE_MEMFD;
    const host::Fd fd(::openat(folder, "exe", O_PATH | O_CLOEXEC));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0) return;
    const auto nanoseconds = [](const timespec& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * kSecondNs + static_cast<std::uint64_t>(time.tv_nsec);
    };
    out.file.inode = facts.st_ino;
    out.file.mtime = nanoseconds(facts.st_mtim);
    out.file.ctime = nanoseconds(facts.st_ctim);
    out.file.size = static_cast<std::uint64_t>(facts.st_size);
    out.file.device =
        (static_cast<std::uint32_t>(major(facts.st_dev)) << 20U) | static_cast<std::uint32_t>(minor(facts.st_dev));
    out.file.mode = facts.st_mode;
    out.file.uid = facts.st_uid;
    out.file.gid = facts.st_gid;
    out.file.links = static_cast<std::uint32_t>(facts.st_nlink);
    struct statfs system {};
    if (::fstatfs(fd.get(), &system) == 0) out.file.filesystem = static_cast<std::uint32_t>(system.f_type);
    out.file.layer = out.file.filesystem == OVERLAYFS_SUPER_MAGIC ? WIRE_LAYER_UNKNOWN : WIRE_NO_OVERLAY;
}

std::string container_of(int folder) {
    const std::string text = read_at(folder, "cgroup", kSmall);
    for (const std::string_view line : split(text, '\n')) {
        const auto first = line.find(':');
        const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        if (std::string id = container_in_path(line.substr(second + 1)); !id.empty()) return id;
    }
    return {};
}

/// Numbers of the hierarchies by their controllers ("" is version 2), as this process's cgroup file tells them.
std::map<std::string, std::uint64_t, std::less<>> hierarchy_numbers(const std::string& proc) {
    std::map<std::string, std::uint64_t, std::less<>> out;
    const host::Fd folder(::open((proc + "/self").c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY));
    if (!folder) return out;
    const std::string text = read_at(folder.get(), "cgroup", kSmall);
    for (const std::string_view line : split(text, '\n')) {
        const auto first = line.find(':');
        const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto number = host::number<std::uint64_t>(line.substr(0, first));
        if (!number) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        if (controllers.empty()) out.emplace("", *number);
        for (const std::string_view each : split(controllers, ','))
            if (!each.empty()) out.emplace(each, *number);
    }
    return out;
}

/// Walks one hierarchy for containers' cgroups.
class CgroupWalk {
public:
    CgroupWalk(std::uint64_t hierarchy, std::vector<SeededCgroup>& out) : hierarchy_(hierarchy), out_(out) {}

    void below(const std::string& directory, const std::string& path, std::string container, std::size_t depth) {
        if (depth > kMostDepth) return;
        const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(directory.c_str()), ::closedir);
        if (!list) return;
        while (const dirent* entry = ::readdir(list.get())) {
            const std::string_view name = static_cast<const char*>(entry->d_name);
            if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
            if (++seen_ > kMostCgroups) return;
            std::string id = container;
            if (id.empty()) id = host::container_of_cgroup(name).id;
            const std::string inner = directory + "/" + std::string(name);
            const std::string inner_path = path + "/" + std::string(name);
            struct stat facts {};
            if (!id.empty() && ::stat(inner.c_str(), &facts) == 0)
                out_.push_back({hierarchy_ << WIRE_HIERARCHY | facts.st_ino, id, inner_path});
            below(inner, inner_path, std::move(id), depth + 1);
        }
    }

private:
    std::uint64_t hierarchy_;
    std::vector<SeededCgroup>& out_;
    std::size_t seen_ = 0;
};

}  // namespace

std::uint64_t tick() {
    static const std::uint64_t length = kSecondNs / static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
    return length;
}

std::string container_in_path(std::string_view path) {
    while (!path.empty()) {
        const auto begin = path.find_first_not_of('/');
        if (begin == std::string_view::npos) break;
        const auto end = std::min(path.find('/', begin), path.size());
        auto container = host::container_of_cgroup(path.substr(begin, end - begin));
        if (!container.id.empty()) return std::move(container.id);
        path.remove_prefix(end);
    }
    return {};
}

std::optional<SeededProcess> read_seed(const std::string& proc, std::uint32_t pid, bool environment) {
    const host::Fd folder(::open((proc + "/" + std::to_string(pid)).c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY));
    if (!folder) return std::nullopt;
    SeededProcess out;
    out.key.pid = pid;
    if (!read_stat(folder.get(), out)) return std::nullopt;
    read_status(folder.get(), out);
    out.argv = read_at(folder.get(), "cmdline", kMostArguments);
    if (environment) {
        out.environment = read_at(folder.get(), "environ", kMostArguments);
        out.environment_read = true;
    }
    if (!out.kernel_thread) read_file(folder.get(), out);
    out.cwd = link_at(folder.get(), "cwd");
    out.container = container_of(folder.get());
    out.task.pid_namespace = namespace_inode(folder.get(), "ns/pid");
    out.task.mount_namespace = namespace_inode(folder.get(), "ns/mnt");
    out.task.net_namespace = namespace_inode(folder.get(), "ns/net");
    out.task.user_namespace = namespace_inode(folder.get(), "ns/user");
    out.credentials.loginuid = number_or<std::uint32_t>(read_at(folder.get(), "loginuid", 64), UINT32_MAX);
    out.task.login_session = number_or<std::uint32_t>(read_at(folder.get(), "sessionid", 64), UINT32_MAX);
    out.credentials.ns_euid = mapped(folder.get(), "uid_map", out.credentials.euid);
    if (out.task.ns_pid == 0) out.task.ns_pid = pid;
    return out;
}

std::vector<std::uint32_t> seed_pids(const std::string& proc) {
    std::vector<std::uint32_t> out;
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(proc.c_str()), ::closedir);
    if (!list) return out;
    while (const dirent* entry = ::readdir(list.get())) {
        const auto pid = host::number<std::uint32_t>(static_cast<const char*>(entry->d_name));
        if (pid && *pid > 0) out.push_back(*pid);
    }
    std::ranges::sort(out);
    return out;
}

std::vector<SeededCgroup> seed_cgroups(const std::string& proc) {
    std::vector<SeededCgroup> out;
    const host::Fd self(::open((proc + "/self").c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY));
    if (!self) return out;
    const auto numbers = hierarchy_numbers(proc);
    const std::string mounts = read_at(self.get(), "mountinfo", host::kMountinfoLimit);
    std::vector<std::uint64_t> walked;
    for (const host::CgroupHierarchy& each : host::cgroup_hierarchies(host::parse_mountinfo(mounts))) {
        const auto number = numbers.find(each.v2 || each.controllers.empty() ? std::string_view()
                                                                             : std::string_view(each.controllers[0]));
        if (number == numbers.end() || (!each.v2 && each.controllers.empty())) continue;
        if (std::ranges::find(walked, number->second) != walked.end()) continue;
        walked.push_back(number->second);
        CgroupWalk(number->second, out).below(each.mount_point, each.mount_root == "/" ? "" : each.mount_root, {}, 0);
    }
    return out;
}

}  // namespace plimsoll::sensor
