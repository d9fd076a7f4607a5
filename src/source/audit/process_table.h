#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace plimsoll::source {

/// How the container of a process was found; the words of audit.attributed.
enum class Found : std::uint8_t { nowhere, mount, shim, runtime, ancestor, cgroup };
[[nodiscard]] std::string_view to_text(Found found);

/// Number of a container in Attribution; 0 is the host.
using ContainerNumber = std::uint32_t;
inline constexpr ContainerNumber kHost = 0;

/// What is known of one process.
struct ProcessEntry {
    pid_t parent = 0;  ///< 0 when not known
    ContainerNumber container = kHost;
    Found found = Found::nowhere;
    bool shim = false;          ///< its children are the container's processes
    bool runtime = false;       ///< an OCI runtime at work for the container
    bool pod = false;           ///< a shim of several containers
    bool inside = false;        ///< runs in the container, beyond doubt
    bool doubtful = false;      ///< its ancestors say one thing, a file that it ran another: nobody can tell
    std::int64_t seen = 0;      ///< milliseconds: of its last event
    std::int64_t verified = 0;  ///< when /proc was last asked whether the number means another process by now
    std::uint32_t name = 0;     ///< of its program, in Attribution
};

/// Processes by number, as events tell of them. Bounded: when full, those that no longer exist are forgotten.
class ProcessTable {
public:
    static constexpr std::size_t kMost = 1U << 18U;

    [[nodiscard]] ProcessEntry* find(pid_t pid) {
        const auto found = processes_.find(pid);
        return found == processes_.end() ? nullptr : &found->second;
    }
    ProcessEntry& put(pid_t pid, const ProcessEntry& entry) {
        return processes_.insert_or_assign(pid, entry).first->second;
    }
    void forget(pid_t pid) { processes_.erase(pid); }
    [[nodiscard]] bool full() const { return processes_.size() >= kMost; }
    [[nodiscard]] std::size_t size() const { return processes_.size(); }
    /// Keeps those alone; all others are forgotten.
    void keep_only(const std::vector<pid_t>& alive);
    void clear() { processes_.clear(); }

private:
    std::unordered_map<pid_t, ProcessEntry> processes_;
};

}  // namespace plimsoll::source
