#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/cgroup.h"
#include "host/file.h"
#include "host/usage_file.h"
#include "host/usage_parse.h"

namespace plimsoll::host {

/// A figure: its value; or the reason why it could not be found out; or neither, when there is no such thing (no
/// limit).
template <typename T>
struct Measured {
    std::optional<T> value;
    std::string reason;

    static Measured unknown(std::string why) { return {std::nullopt, std::move(why)}; }
};
using Amount = Measured<std::uint64_t>;
using Share = Measured<double>;

/// What a container or the host uses at one moment. Times and volumes only grow, as long as it runs.
struct Usage {
    std::int64_t taken = 0;  ///< CLOCK_MONOTONIC, nanoseconds
    Amount cpu;              ///< nanoseconds, all processors together
    Amount throttled;        ///< nanoseconds held back by the processor limit; none for the host
    Amount memory;           ///< bytes, page cache that can be dropped not counted
    Amount memory_total;     ///< bytes, page cache counted
    Amount memory_limit;     ///< bytes; none without a limit
    Amount oom_kills;        ///< processes killed for want of memory
    Amount pids;             ///< processes and threads
    Amount pids_limit;       ///< none without a limit
    Amount io_read;          ///< bytes from block devices
    Amount io_written;
    Amount net_received;  ///< bytes by all devices of its own network namespace but lo
    Amount net_sent;
    Share pressure_cpu;  ///< percent of the last 10 s in which something waited (PSI, "some avg10")
    Share pressure_memory;
    Share pressure_io;
};

/// Which container to measure.
struct UsageTarget {
    pid_t pid = 0;       ///< its first process; 0 when unknown
    std::string id;      ///< where the cgroup's path names it, cgroups below that one belong to it
    std::string cgroup;  ///< path in the hierarchies, for when the process cannot be asked
};

/// The open files of one container.
class UsageWatch;

/// Reads the use of containers and of the host from cgroup files (version 1, 2 and hybrid), PSI and /proc, without
/// asking an engine. One thread.
class UsageReader {
public:
    /// An error when the mount table cannot be read or no cgroup hierarchy is mounted.
    static Result<std::unique_ptr<UsageReader>> open(Root root = {});
    ~UsageReader();
    UsageReader(const UsageReader&) = delete;
    UsageReader& operator=(const UsageReader&) = delete;

    /// Finds a container's files; an error when it has none (it ended, or may not be asked).
    Result<std::unique_ptr<UsageWatch>> watch(const UsageTarget& target);

    /// Measures; nothing when the container has ended. `watch` comes from this reader.
    std::optional<Usage> sample(UsageWatch& watch);

    /// Gives back the descriptors of a container that is not measured any more.
    void close(UsageWatch& watch);

    Usage sample_host();

    [[nodiscard]] std::uint64_t system_calls() const { return buffer_.system_calls(); }
    [[nodiscard]] const std::vector<CgroupHierarchy>& hierarchies() const { return hierarchies_; }
    [[nodiscard]] const Root& root() const { return root_; }

private:
    UsageReader(Root root, std::vector<CgroupHierarchy> hierarchies);
    Result<std::vector<CgroupMembership>> memberships_of(const UsageTarget& target);
    void find_network(UsageWatch& watch, pid_t pid);
    void read_memory(UsageWatch& watch, Usage& out);
    void read_network(UsageWatch& watch, Usage& out);
    void read_pressure(std::array<UsageFile, 3>& files, Usage& out);
    void read_host_network(Usage& out);
    void read_host_disks(Usage& out);
    bool is_real(std::map<std::string, bool, std::less<>>& known, std::string_view name, std::string_view kind);

    struct HostFiles {
        UsageFile stat{"/proc/stat"}, meminfo{"/proc/meminfo"}, vmstat{"/proc/vmstat"}, loadavg{"/proc/loadavg"},
            threads_max{"/proc/sys/kernel/threads-max"}, pid_max{"/proc/sys/kernel/pid_max"},
            network{"/proc/1/net/dev"}, disks{"/proc/diskstats"};
        std::array<UsageFile, 3> pressure{UsageFile("/proc/pressure/cpu"), UsageFile("/proc/pressure/memory"),
                                          UsageFile("/proc/pressure/io")};
        std::map<std::string, bool, std::less<>> devices, blocks;  ///< name: stands for hardware
    };

    Root root_;
    std::vector<CgroupHierarchy> hierarchies_;
    std::optional<std::uint64_t> host_network_;  ///< inode of the first process's network namespace
    UsageBuffer buffer_;
    HostFiles host_;
};

class UsageWatch {
private:
    friend class UsageReader;
    bool cpu_v2_ = false, memory_v2_ = false, io_v2_ = false;
    UsageFile cpu_, throttled_, memory_, memory_stat_, memory_limit_, oom_, pids_, pids_limit_, io_;
    std::array<UsageFile, 3> pressure_;
    CgroupLimit outer_memory_;  ///< version 2: of the cgroups around it, read once
    Fd process_;                ///< /proc/PID, so that the number's next owner is never measured
    std::string no_network_;    ///< why its network volume cannot be told
};

}  // namespace plimsoll::host
