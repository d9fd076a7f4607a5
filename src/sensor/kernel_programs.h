#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/kernel_filter.h"
#include "sensor/rings.h"
#include "sensor/wire.h"

namespace plimsoll::sensor {

struct KernelSettings {
    std::size_t ring_bytes = 4U << 20U;  ///< of each ring; a power of two. One for each processor, and a small one each
                                         ///< for what must not be crowded out
    std::size_t fold_entries = 16384;    ///< repetitions that are counted in the kernel at a time; 0 folds nothing
    std::size_t environment_bytes = 0;   ///< most of a program's environment that is sent
    std::size_t data_bytes = 512;        ///< most of what was sent or received
    bool requests = true;                ///< requests to engines' sockets are read
};

/// What the kernel counted since the programs were loaded.
struct KernelCounts {
    std::vector<std::array<std::uint64_t, WIRE_LOSSES>> lost;  ///< by processor, by WireLoss
    std::uint64_t sent = 0;
    std::uint64_t dropped_by_filter = 0;
    std::uint64_t folded = 0;
};

/// Events of containers that share a place by chance, or mostly of one alone, which found no room in one processor's
/// ring.
struct KernelLosers {
    std::uint32_t share = 0;   ///< tells them from others
    std::uint64_t cgroup = 0;  ///< whose event was lost last (WireEvent.cgroup)
    std::uint64_t lost = 0;    ///< since the programs were loaded
};

/// The sensor's programs in the kernel: loaded and attached while this lives.
class KernelPrograms {
public:
    /// What hinders it here, in words for a person, and what still works; empty when nothing does.
    [[nodiscard]] static std::string obstacle();

    /// What still works without it, as a sentence.
    static constexpr std::string_view kInstead =
        "What engines tell is recorded without it, and what Linux audit tells unless audit.mode is off.";

    /// Loads and attaches. The error says what is missing (BTF, a right, the kernel's version, a limit), and what still
    /// works.
    [[nodiscard]] static Result<std::unique_ptr<KernelPrograms>> load(const KernelSettings& settings,
                                                                      const model::KernelFilter& filter);
    virtual ~KernelPrograms() = default;

    /// Puts another filter in force: no event that both filters want is lost meanwhile.
    [[nodiscard]] virtual Result<void> use(const model::KernelFilter& filter) = 0;

    /// Tells the kernel of containers that exist already: pairs of cgroup number (WireEvent.cgroup) and container.
    virtual void know(std::span<const std::pair<std::uint64_t, std::string>> cgroups) = 0;

    /// Processes whose sockets' requests are read: the engines.
    virtual void watch_engines(std::span<const std::uint32_t> pids) = 0;

    /// The sensor's own process sends nothing of itself.
    [[nodiscard]] virtual std::vector<Rings::Ring> rings() const = 0;
    [[nodiscard]] virtual KernelCounts counts() const = 0;

    /// Whose events those were that found no room.
    [[nodiscard]] virtual std::vector<KernelLosers> losers() const = 0;

    /// Writes what was folded since the last call into the rings (WIRE_FOLDED).
    virtual void flush_folded() = 0;

    /// Calls of 32-bit programs, io_uring and the like that it cannot see here; each a sentence.
    [[nodiscard]] virtual std::vector<std::string> blind() const = 0;
};

}  // namespace plimsoll::sensor
