#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/process.h"

namespace plimsoll::sensor {

// What runs already when the sensor begins, and what it missed, from /proc.

/// A process as /proc shows it.
struct SeededProcess {
    ProcessKey key;   ///< start to a tick of the clock
    WireTask task{};  ///< parent_start is not known
    WireCredentials credentials{};
    WireFile file{};
    std::uint16_t flags = 0;
    std::string comm;
    std::string argv;  ///< as in cmdline
    std::string environment;
    bool environment_read = false;
    std::string exepath;
    std::string cwd;
    std::string container;  ///< id; empty on the host
    bool kernel_thread = false;
};

/// A container's cgroup.
struct SeededCgroup {
    std::uint64_t number = 0;  ///< as WireEvent.cgroup
    std::string container;
    std::string path;  ///< within its hierarchy
};

/// Nanoseconds of one tick in which /proc tells times.
[[nodiscard]] std::uint64_t tick();

/// Nothing when there is no such process, or it ends meanwhile. `proc` is the folder; `environment`: it is read too.
[[nodiscard]] std::optional<SeededProcess> read_seed(const std::string& proc, std::uint32_t pid, bool environment);

/// Numbers of the processes that run, ascending.
[[nodiscard]] std::vector<std::uint32_t> seed_pids(const std::string& proc);

/// The cgroups of all containers in all hierarchies, those inside of containers included.
[[nodiscard]] std::vector<SeededCgroup> seed_cgroups(const std::string& proc);

/// The id of the container that a cgroup's path lies in, the outermost one; empty for the host's.
[[nodiscard]] std::string container_in_path(std::string_view path);

}  // namespace plimsoll::sensor
