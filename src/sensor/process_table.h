#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sensor/process.h"
#include "sensor/raw_event.h"

namespace plimsoll::sensor {

struct ProcessTableLimits {
    std::size_t most = 1U << 17U;  ///< processes, ended ones included
    std::uint64_t remembered =
        60'000'000'000;  ///< nanoseconds that an ended process is remembered at least, room permitting
    std::size_t most_argument_bytes = 128U << 10U;  ///< kept of the arguments of one program
    std::size_t most_text_bytes = 48U << 20U;  ///< of all programs together; beyond it 4 KiB are kept of each new one
    std::size_t most_ancestors = 64;           ///< ended ones beyond this many generations are let go
    std::vector<std::string> environment;      ///< names of variables that are kept; a single "*" keeps all
};

/// Processes and containers' cgroups, as events tell of them. Fed with every event in order of time, before the event
/// is judged. What events did not tell (a lost exec) is read from /proc where the process still lives (once seed() was
/// called), and is not known otherwise. One thread.
class ProcessTable {
public:
    /// Borrows `containers`, which must outlive it.
    ProcessTable(const Containers& containers, ProcessTableLimits limits);
    ~ProcessTable();
    ProcessTable(const ProcessTable&) = delete;
    ProcessTable& operator=(const ProcessTable&) = delete;

    /// Takes what the event says of processes and cgroups, and finds the process it is of. The answer lives until the
    /// next call; it is null only for events of no process.
    const Process* take(const RawEvent& event);

    /// Containers whose cgroups exist already, and processes that run already (`proc` is /proc, or a copy of it).
    void seed(const std::string& proc = "/proc");

    /// The process of that number as of now; null when it is not known.
    [[nodiscard]] const Process* find(std::uint32_t pid) const;

    /// The container of a cgroup as the kernel programs number it; empty for the host's.
    [[nodiscard]] std::string_view container_of(std::uint64_t cgroup) const;

    /// All containers' cgroups that are known: for KernelPrograms::know().
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> cgroups() const;

    /// What is known, as the events that would have told it: cgroups of containers, then processes that live, parents
    /// first. A recording begins with them.
    void retell(const std::function<void(std::span<const std::byte>)>& put) const;

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t text_bytes() const;   ///< of all programs that are remembered
    [[nodiscard]] std::size_t objects() const;      ///< processes in memory: the table's, and their ancestors
    [[nodiscard]] std::uint64_t forgotten() const;  ///< ended processes that had to make room early
    [[nodiscard]] std::uint64_t guessed() const;    ///< events whose process no event had told of

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll::sensor
