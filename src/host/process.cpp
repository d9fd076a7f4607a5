#include "host/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/text.h"
#include "host/number.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

/// Reads parts of one process through its /proc directory.
class PartReader {
public:
    PartReader(Fd directory, Process& process) : directory_(std::move(directory)), process_(process) {}

    /// The process ended while it was read.
    [[nodiscard]] bool gone() const { return gone_; }

    void unread(Part part, std::string reason) { process_.unread.push_back({part, std::move(reason)}); }

    /// Content of a file, at most `limit` bytes of it; nothing when it could not be read, which is noted unless the
    /// errno is one of `absent` (what the kernel answers when the process has no such thing).
    std::optional<std::string> read(Part part, const char* name, std::size_t limit,
                                    std::initializer_list<int> absent = {}) {
        const Fd fd(::openat(directory_.get(), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!fd) return failed<std::string>(part, name, absent);
        std::array<char, 16384> chunk;
        std::string content;
        while (content.size() < limit) {
            const std::size_t wanted = std::min(chunk.size(), limit - content.size());
            const ssize_t got = ::pread(fd.get(), chunk.data(), wanted, static_cast<off_t>(content.size()));
            if (got < 0) return failed<std::string>(part, name, absent);
            if (got == 0) break;
            content.append(chunk.data(), static_cast<std::size_t>(got));
            // All but the id maps are one record, which the kernel gives whole if it fits; asking again would only cost
            // time.
            if (part != kIdMaps && static_cast<std::size_t>(got) < wanted) break;
        }
        return content;
    }

    std::optional<std::string> link(Part part, const char* name, std::initializer_list<int> absent = {}) {
        std::array<char, PATH_MAX> target;
        const ssize_t size = ::readlinkat(directory_.get(), name, target.data(), target.size());
        if (size < 0) return failed<std::string>(part, name, absent);
        return std::string(target.data(), static_cast<std::size_t>(size));
    }

private:
    template <typename T>
    std::optional<T> failed(Part part, const char* name, std::initializer_list<int> absent) {
        const int number = errno;
        // A process that ended answers ESRCH or, from its empty directory, ENOENT to everything, also to stat.
        if (number == ESRCH || (number == ENOENT && ::faccessat(directory_.get(), "stat", F_OK, 0) != 0)) {
            gone_ = true;
        } else if (std::ranges::find(absent, number) == absent.end()) {
            unread(part, system_error("reading", name, number).message);
        }
        return std::nullopt;
    }

    Fd directory_;
    Process& process_;
    bool gone_ = false;
};

CommandLine split_command_line(std::string_view text) {
    CommandLine out;
    out.cut = text.size() >= kCommandLineLimit;
    if (text.ends_with('\0')) text.remove_suffix(1);
    if (text.empty()) return out;
    for (const std::string_view argument : split(text, '\0')) out.arguments.emplace_back(argument);
    return out;
}

void read_namespaces(PartReader& reader, Process& process) {
    struct Kind {
        const char* file;
        std::uint64_t Namespaces::*inode;
    };
    static constexpr Kind kKinds[] = {
        {"ns/cgroup", &Namespaces::cgroup}, {"ns/ipc", &Namespaces::ipc}, {"ns/mnt", &Namespaces::mount},
        {"ns/net", &Namespaces::network},   {"ns/pid", &Namespaces::pid}, {"ns/time", &Namespaces::time},
        {"ns/user", &Namespaces::user},     {"ns/uts", &Namespaces::uts},
    };
    Namespaces found;
    for (const Kind& kind : kKinds) {
        const auto unread_before = process.unread.size();
        const auto target = reader.link(kNamespaces, kind.file, {ENOENT});
        if (process.unread.size() > unread_before) return;  // what hides one kind hides them all
        if (!target) continue;
        const auto open = target->find('[');
        const auto inode =
            open != std::string::npos && target->ends_with(']')
                ? number<std::uint64_t>(std::string_view(*target).substr(open + 1, target->size() - open - 2))
                : std::nullopt;
        if (!inode) {
            reader.unread(kNamespaces, "malformed link: " + printable(*target));
            return;
        }
        found.*kind.inode = *inode;
    }
    process.namespaces = found;
}

void read_id_maps(PartReader& reader, Process& process) {
    const auto uid_text = reader.read(kIdMaps, "uid_map", kReadLimit, {ENOENT});
    const auto gid_text = reader.read(kIdMaps, "gid_map", kReadLimit, {ENOENT});
    if (!uid_text || !gid_text) return;
    auto uids = parse_id_map(*uid_text);
    auto gids = parse_id_map(*gid_text);
    if (!uids || !gids) return reader.unread(kIdMaps, (uids ? gids : uids).error().message);
    process.id_maps = IdMaps{std::move(*uids), std::move(*gids)};
}

void read_label(PartReader& reader, Process& process) {
    // EINVAL and EOPNOTSUPP: no module that gives labels is active.
    auto text = reader.read(kLabel, "attr/current", 4096, {EINVAL, EOPNOTSUPP, ENOENT});
    if (!text) return;
    while (text->ends_with('\n') || text->ends_with('\0')) text->pop_back();
    if (!text->empty()) process.label = std::move(*text);
}

void read_parts(PartReader& reader, Process& process, Parts parts) {
    if ((parts & kStatus) != 0) {
        if (const auto text = reader.read(kStatus, "status", kReadLimit)) {
            auto status = parse_process_status(*text);
            if (status) process.status = std::move(*status);
            if (!status) reader.unread(kStatus, "reading status: " + status.error().message);
        }
    }
    if ((parts & kCommandLine) != 0) {
        if (const auto text = reader.read(kCommandLine, "cmdline", kCommandLineLimit)) {
            process.command_line = split_command_line(*text);
        }
    }
    if ((parts & kExecutable) != 0) process.executable = reader.link(kExecutable, "exe", {ENOENT});
    if ((parts & kLabel) != 0) read_label(reader, process);
    if ((parts & kNamespaces) != 0) read_namespaces(reader, process);
    if ((parts & kIdMaps) != 0) read_id_maps(reader, process);
    if ((parts & kRootLink) != 0) process.root = reader.link(kRootLink, "root", {ENOENT});
    if ((parts & kCgroups) != 0) {
        if (const auto text = reader.read(kCgroups, "cgroup", kReadLimit, {ENOENT})) {
            process.cgroups = parse_cgroup_memberships(*text);
        }
    }
    if ((parts & kStartTime) != 0) {
        if (const auto text = reader.read(kStartTime, "stat", 4096)) {
            process.start_ticks = parse_start_ticks(*text);
            if (!process.start_ticks) reader.unread(kStartTime, "malformed stat: " + printable(*text));
        }
    }
    if ((parts & kOomScoreAdjust) != 0) {
        if (const auto text = reader.read(kOomScoreAdjust, "oom_score_adj", 64)) {
            process.oom_score_adjust = number<int>(trim(*text));
            if (!process.oom_score_adjust) reader.unread(kOomScoreAdjust, "malformed: " + printable(*text));
        }
    }
    if ((parts & kLogin) != 0) {
        if (const auto text = reader.read(kLogin, "loginuid", 64, {ENOENT})) {
            process.login_uid = number<std::uint32_t>(trim(*text));
            if (!process.login_uid) reader.unread(kLogin, "malformed: " + printable(*text));
        }
    }
}

}  // namespace

Result<std::vector<pid_t>> process_ids(const Root& root) {
    constexpr std::size_t kMost = 4U << 20U;  // pid_max cannot be larger
    TRY(const auto entries, list_directory(root, "/proc", kMost));
    if (!entries) return Error{"listing /proc: it is not mounted"};
    std::vector<pid_t> pids;
    for (const DirectoryEntry& entry : *entries) {
        if (const auto pid = number<pid_t>(entry.name); pid && *pid > 0) pids.push_back(*pid);
    }
    std::ranges::sort(pids);
    return pids;
}

Result<std::optional<Process>> read_process(const Root& root, pid_t pid, Parts parts) {
    TRY(auto directory, open_if_exists(root, "/proc/" + std::to_string(pid), O_PATH | O_DIRECTORY));
    if (!directory) return std::optional<Process>{};
    Process process;
    process.pid = pid;
    PartReader reader(std::move(*directory), process);
    read_parts(reader, process, parts);
    if (reader.gone()) return std::optional<Process>{};
    return std::optional<Process>(std::move(process));
}

Result<std::int64_t> start_seconds(const Root& root, std::uint64_t start_ticks) {
    constexpr std::size_t kStatLimit = std::size_t{16} << 20U;  // one line per processor and one number per interrupt
    TRY(const auto text, read_file(root, "/proc/stat", kStatLimit));
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with("btime ")) continue;
        const auto boot = number<std::int64_t>(trim(line.substr(6)));
        if (!boot) return Error{"reading /proc/stat: malformed btime"};
        return *boot + static_cast<std::int64_t>(start_ticks / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
    }
    return Error{"reading /proc/stat: no btime"};
}

}  // namespace plimsoll::host
