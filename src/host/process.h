#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/cgroup_membership.h"
#include "host/file.h"

namespace plimsoll::host {

/// The security part of /proc/PID/status, proc(5).
struct ProcessStatus {
    std::string name;  ///< the kernel's escapes ("\n" for a line feed) undone
    char state = '?';
    pid_t parent = 0;
    pid_t thread_group = 0;
    std::array<std::uint32_t, 4> uids{};  ///< real, effective, saved, file system
    std::array<std::uint32_t, 4> gids{};
    std::vector<std::uint32_t> groups;        ///< supplementary
    std::optional<bool> no_new_privileges;    ///< absent before Linux 4.10
    std::optional<unsigned> seccomp;          ///< 0 off, 1 strict, 2 filter; absent without kernel support
    std::optional<unsigned> seccomp_filters;  ///< absent before Linux 5.9
    std::uint64_t inheritable = 0;            ///< capability masks, see capability.h
    std::uint64_t permitted = 0;
    std::uint64_t effective = 0;
    std::uint64_t bounding = 0;
    std::uint64_t ambient = 0;
    std::vector<pid_t> namespace_pids;           ///< thread id in each pid namespace, the reader's first
    std::vector<pid_t> namespace_thread_groups;  ///< process id in each pid namespace, the reader's first
};

/// Inode numbers of /proc/PID/ns/*; 0 for a kind that the kernel does not have.
struct Namespaces {
    std::uint64_t cgroup = 0, ipc = 0, mount = 0, network = 0, pid = 0, time = 0, user = 0, uts = 0;

    friend bool operator==(const Namespaces&, const Namespaces&) = default;
};

/// One line of uid_map or gid_map, user_namespaces(7).
struct IdRange {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;

    friend bool operator==(const IdRange&, const IdRange&) = default;
};

struct CommandLine {
    std::vector<std::string> arguments;  ///< empty for kernel threads and zombies
    bool cut = false;                    ///< it was longer than kCommandLineLimit
};

struct IdMaps {
    std::vector<IdRange> uids;
    std::vector<IdRange> gids;
};

/// The parts of a process that can be asked for; combine with |.
enum Part : std::uint32_t {
    kStatus = 1U << 0U,
    kCommandLine = 1U << 1U,
    kExecutable = 1U << 2U,
    kLabel = 1U << 3U,
    kNamespaces = 1U << 4U,
    kIdMaps = 1U << 5U,
    kRootLink = 1U << 6U,
    kCgroups = 1U << 7U,
    kStartTime = 1U << 8U,
    kOomScoreAdjust = 1U << 9U,
    kLogin = 1U << 10U,
    kAllParts = (1U << 11U) - 1,
};
using Parts = std::uint32_t;

inline constexpr std::size_t kCommandLineLimit = 65536;

/// One process. A part that was asked for and is empty here is either listed in `unread` or does not exist for this
/// process.
struct Process {
    struct Unread {
        Part part = kStatus;
        std::string reason;
    };

    pid_t pid = 0;
    std::optional<ProcessStatus> status;
    std::optional<CommandLine> command_line;
    std::optional<std::string> executable;  ///< target of exe, seen from the process's root; absent for kernel threads
    std::optional<std::string>
        label;  ///< AppArmor or SELinux label ("docker-default (enforce)"); absent without such a module
    std::optional<Namespaces> namespaces;
    std::optional<IdMaps> id_maps;
    std::optional<std::string> root;  ///< target of the root link
    std::optional<std::vector<CgroupMembership>> cgroups;
    std::optional<std::uint64_t> start_ticks;  ///< since boot, in clock ticks; pid and start time together are unique
    std::optional<int> oom_score_adjust;       ///< -1000 … 1000
    std::optional<std::uint32_t> login_uid;    ///< audit uid; 4294967295 means never logged in; absent without audit
    std::vector<Unread> unread;
};

/// Process ids below /proc, ascending.
[[nodiscard]] Result<std::vector<pid_t>> process_ids(const Root& root);

/// Reads the chosen parts through one handle on /proc/PID, so that all belong to the same process even if the number is
/// used again; empty when there is no such process or it ends meanwhile.
[[nodiscard]] Result<std::optional<Process>> read_process(const Root& root, pid_t pid, Parts parts);

/// Parses /proc/PID/status; an error names the line that is missing or malformed.
[[nodiscard]] Result<ProcessStatus> parse_process_status(std::string_view text);

/// Parses uid_map or gid_map.
[[nodiscard]] Result<std::vector<IdRange>> parse_id_map(std::string_view text);

/// Field 22 of /proc/PID/stat, whatever bytes the command name in it has.
[[nodiscard]] std::optional<std::uint64_t> parse_start_ticks(std::string_view stat);

/// When a process started: seconds since 1970, from its start ticks and /proc/stat's boot time (within a second or
/// two).
[[nodiscard]] Result<std::int64_t> start_seconds(const Root& root, std::uint64_t start_ticks);

}  // namespace plimsoll::host
