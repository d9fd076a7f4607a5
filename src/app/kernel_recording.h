#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/kernel_rules.h"
#include "base/result.h"
#include "model/event.h"

namespace plimsoll::app {

struct RecordingOptions {
    std::string file;
    std::chrono::milliseconds length{0};  ///< 0: until stopped
    std::vector<std::string> engines;     ///< addresses of those that name containers; empty: the usual ones
    bool host = false;                    ///< processes outside containers too
    bool everything = false;              ///< not only what rules and recording policy can want
};

struct RecordingCount {
    std::uint64_t events = 0;
    std::uint64_t lost = 0;        ///< found no room
    std::uint64_t containers = 0;  ///< that an engine named
    std::uint64_t malformed = 0;   ///< of a replay: kept out, because they are no events
    std::uint64_t matches = 0;     ///< of a replay: how often a rule held
};

/// Records what the kernel tells: for rules' authors and bug reports. Needs root.
[[nodiscard]] Result<RecordingCount> record_kernel(const RecordingOptions& options, const KernelRules& rules,
                                                   const std::stop_token& stop);

/// Plays a recording back as if it happened now: each event that a rule holds for, with its matches, in order.
using ReplayTake = std::function<void(const model::Event& event, std::span<const rule::AlertMatch> matches)>;
[[nodiscard]] Result<RecordingCount> replay_kernel(const std::string& file, KernelRules& rules, bool host,
                                                   const ReplayTake& take);

}  // namespace plimsoll::app
