#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/cgroup_membership.h"
#include "host/file.h"
#include "host/mountinfo.h"

namespace plimsoll::host {

/// One mounted cgroup hierarchy.
struct CgroupHierarchy {
    bool v2 = false;
    std::vector<std::string> controllers;  ///< of a version 1 hierarchy, also "name=systemd"; empty for version 2
    std::string mount_point;
    std::string mount_root;  ///< the cgroup that is mounted there; not "/" inside a container
};

/// The hierarchies that the mount table shows; version 1, version 2 and both together (hybrid).
[[nodiscard]] std::vector<CgroupHierarchy> cgroup_hierarchies(const MountTable& mounts);

/// Where a process stands for one controller.
struct CgroupPlace {
    bool v2 = false;
    std::string mount_point;
    std::string directory;  ///< below the mount point or equal to it
};

/// The place for a controller ("memory", "pids", "cpu", "cpuset"): its version 1 hierarchy if it has one, else
/// version 2. Empty when no such hierarchy is mounted or the process stands outside of what is mounted.
[[nodiscard]] std::optional<CgroupPlace> cgroup_place(const std::vector<CgroupHierarchy>& hierarchies,
                                                      const std::vector<CgroupMembership>& memberships,
                                                      std::string_view controller);

/// The deepest of a process's places: on hybrid hosts a container's own cgroup may exist in some hierarchies only.
[[nodiscard]] std::optional<CgroupPlace> deepest_cgroup_place(const std::vector<CgroupHierarchy>& hierarchies,
                                                              const std::vector<CgroupMembership>& memberships);

/// A bound as the kernel enforces it: the least of a cgroup and all its ancestors up to the mount point.
struct CgroupLimit {
    enum class State : std::uint8_t { unknown, unlimited, limited };

    State state = State::unknown;
    std::uint64_t value = 0;  ///< when limited
    std::string reason;       ///< when unknown
};

/// Effective limits of one process's cgroups.
struct CgroupLimits {
    CgroupLimit memory;           ///< bytes
    CgroupLimit memory_and_swap;  ///< bytes; version 2's separate swap limit is added to its memory limit
    CgroupLimit pids;             ///< processes and threads
    CgroupLimit cpu;              ///< thousandths of one processor (quota divided by period)
    std::optional<std::uint64_t>
        cpu_weight;                     ///< cpu.weight (version 2, default 100) or cpu.shares (version 1, default 1024)
    std::optional<std::string> cpuset;  ///< processors it may run on ("0-3,8")
    std::optional<bool> cpuset_narrowed;      ///< fewer than the hierarchy's root has
    std::optional<std::uint64_t> oom_kills;   ///< since the cgroup was made
    std::optional<bool> oom_killer_disabled;  ///< version 1 only
};

/// Reads all limits; what cannot be read is unknown with its reason, or empty.
[[nodiscard]] CgroupLimits read_cgroup_limits(const Root& root, const std::vector<CgroupHierarchy>& hierarchies,
                                              const std::vector<CgroupMembership>& memberships);

/// All processes of a cgroup and the cgroups below it, sorted and unique; empty when the cgroup is gone. More than
/// `limit` processes or 65536 cgroups is an error.
[[nodiscard]] Result<std::optional<std::vector<pid_t>>> cgroup_processes(const Root& root, std::string_view directory,
                                                                         std::size_t limit = 1U << 20U);

}  // namespace plimsoll::host
