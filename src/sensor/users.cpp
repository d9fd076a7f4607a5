#include "sensor/users.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "host/fd.h"
#include "host/number.h"

namespace plimsoll::sensor {

namespace {

using Clock = std::chrono::steady_clock;

/// The same clock, to a tick of the kernel, read in a fraction of the time.
Clock::time_point about_now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return Clock::time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

constexpr std::size_t kMostBytes = 1U << 20U;  // of one file
constexpr std::size_t kMostEntries = 16384;    // of one file
constexpr std::size_t kMostName = 256;         // bytes of a name, a folder, a shell
constexpr std::size_t kMostContainers = 1024;  // whose answers are remembered
constexpr auto kLookAgain = std::chrono::seconds(5);
constexpr auto kTryAgain = std::chrono::milliseconds(20);  // the same process
constexpr auto kTryAnother = std::chrono::microseconds(500);

struct User {
    std::string name, home, shell;
};

/// What tells one state of a file from another.
struct Mark {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t changed = 0;
    friend bool operator==(const Mark&, const Mark&) = default;
};

/// A regular file below the root; no link leads out of it, and opening waits for nobody.
host::Fd open_below(int root, const char* path, Mark& mark) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    host::Fd fd(static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    mark = {facts.st_dev, facts.st_ino, static_cast<std::uint64_t>(facts.st_size),
            facts.st_ctim.tv_sec * kSecondNs + facts.st_ctim.tv_nsec};
    return fd;
}

std::string read_all(const host::Fd& fd) {
    std::string out;
    std::array<char, 8192> piece;
    while (out.size() < kMostBytes) {
        const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
        if (got <= 0) break;
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

/// One container's accounts.
struct Accounts {
    std::unordered_map<std::uint32_t, User> users;
    std::unordered_map<std::uint32_t, std::string> groups;
    Mark passwd, group;
    bool read = false;
    Clock::time_point looked{};
    std::uint32_t looked_at = 0;  ///< pid
    std::uint64_t version = 0;
};

/// The first entry of a number counts, as for getpwuid().
void read_users(std::string_view text, std::unordered_map<std::uint32_t, User>& out) {
    for (const std::string_view line : split(text, '\n')) {
        const auto parts = split(line, ':');
        if (parts.size() < 7 || parts[0].empty() || out.size() >= kMostEntries) continue;
        if (parts[0].size() > kMostName || parts[5].size() > kMostName || parts[6].size() > kMostName) continue;
        const auto uid = host::number<std::uint32_t>(parts[2]);
        if (uid) out.try_emplace(*uid, User{std::string(parts[0]), std::string(parts[5]), std::string(parts[6])});
    }
}

void read_groups(std::string_view text, std::unordered_map<std::uint32_t, std::string>& out) {
    for (const std::string_view line : split(text, '\n')) {
        const auto parts = split(line, ':');
        if (parts.size() < 3 || parts[0].empty() || parts[0].size() > kMostName || out.size() >= kMostEntries) continue;
        if (const auto gid = host::number<std::uint32_t>(parts[2])) out.try_emplace(*gid, parts[0]);
    }
}

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace

struct Users::State {
    std::string proc;
    std::string host_root;
    std::unordered_map<std::string, Accounts, TextHash, std::equal_to<>> containers;
    std::uint64_t versions = 0;

    /// The root of a process that is of the container still. Not the host's: a process that a runtime is setting up
    /// stands in the container's cgroup, but not yet in its root; and a number may be used again.
    [[nodiscard]] host::Fd root_of(std::string_view container, std::uint32_t pid) const {
        const host::Fd process(::open((proc + "/" + std::to_string(pid)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!process) return {};
        const host::Fd cgroup(::openat(process.get(), "cgroup", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!cgroup || read_all(cgroup).find(container) == std::string::npos) return {};
        host::Fd root(::openat(process.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
        struct stat inside {};
        struct stat outside {};
        if (!root || ::fstat(root.get(), &inside) != 0 || ::stat(host_root.c_str(), &outside) != 0) return {};
        if (inside.st_dev == outside.st_dev && inside.st_ino == outside.st_ino) return {};
        return root;
    }

    /// Reads what has changed; nothing when the root cannot be reached.
    static void read(Accounts& accounts, const host::Fd& folder) {
        if (!folder) return;
        Mark mark;
        const host::Fd passwd = open_below(folder.get(), "etc/passwd", mark);
        if (mark != accounts.passwd || !accounts.read) {
            accounts.passwd = mark;
            accounts.users.clear();
            if (passwd) read_users(read_all(passwd), accounts.users);
        }
        mark = {};
        const host::Fd group = open_below(folder.get(), "etc/group", mark);
        if (mark != accounts.group || !accounts.read) {
            accounts.group = mark;
            accounts.groups.clear();
            if (group) read_groups(read_all(group), accounts.groups);
        }
        accounts.read = true;
    }

    Accounts& of(std::string_view container) {
        if (const auto known = containers.find(container); known != containers.end()) return known->second;
        if (containers.size() >= kMostContainers) containers.erase(containers.begin());
        Accounts& made = containers.try_emplace(std::string(container)).first->second;
        made.version = ++versions;
        return made;
    }

    /// What was remembered, looked at again when it is time to.
    const Accounts& current(std::string_view container, std::uint32_t pid) {
        Accounts& accounts = of(container);
        const auto time = accounts.read ? about_now() : Clock::now();
        const auto age = time - accounts.looked;
        const bool due =
            accounts.read ? age > kLookAgain : age > kTryAgain || (pid != accounts.looked_at && age > kTryAnother);
        if (!due) return accounts;
        accounts.looked = time;
        accounts.looked_at = pid;
        const bool was_read = accounts.read;
        const Mark passwd = accounts.passwd;
        const Mark group = accounts.group;
        read(accounts, container.empty() ? host::Fd(::open(host_root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))
                                         : root_of(container, pid));
        const bool same = accounts.read == was_read && accounts.passwd == passwd && accounts.group == group;
        if (!same) accounts.version = ++versions;
        return accounts;
    }
};

Users::Users(std::string proc, std::string host_root) : state_(std::make_unique<State>()) {
    state_->proc = std::move(proc);
    state_->host_root = std::move(host_root);
}
Users::~Users() = default;

Users::Names Users::names(std::string_view container, std::uint32_t pid, std::uint32_t uid, std::uint32_t gid) {
    const Accounts& accounts = state_->current(container, pid);
    Names out;
    out.known = accounts.read;
    if (const auto user = accounts.users.find(uid); user != accounts.users.end()) {
        out.user = user->second.name;
        out.home = user->second.home;
        out.shell = user->second.shell;
    }
    if (const auto group = accounts.groups.find(gid); group != accounts.groups.end()) out.group = group->second;
    return out;
}

std::uint64_t Users::version(std::string_view container, std::uint32_t pid) {
    return state_->current(container, pid).version;
}

void Users::forget(std::string_view container) {
    const auto known = state_->containers.find(container);
    if (known != state_->containers.end()) state_->containers.erase(known);
}

}  // namespace plimsoll::sensor
