#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace plimsoll::source {

inline constexpr std::size_t kMostSnapshotBytes = 64 * 1024;
inline constexpr std::size_t kMostSnapshotText = 4096;
inline constexpr std::size_t kMostChanges = 64;

/// The first `most` bytes of a text, at a character's border, with a word on how long it was when something was cut.
[[nodiscard]] std::string bounded(std::string_view text, std::size_t most);

/// What is kept of a container's inspect data: identity, state, Config, HostConfig, Mounts, and the addresses by
/// network; values of environment variables and of secret-looking log options are masked. Compact JSON with sorted
/// names, in the shape that the engine gives it, bounded: long texts and what exceeds the budget are cut and say so.
[[nodiscard]] std::string snapshot(const Json& inspect);

/// The part of a snapshot that people set: name, Config, HostConfig, Mounts, networks. Compact JSON.
[[nodiscard]] std::string settings(std::string_view snapshot);

/// What differs between two snapshots' settings.
struct Change {
    std::string before, after;       ///< the top-level parts that differ, as compact JSON
    std::vector<std::string> paths;  ///< `HostConfig.Memory: 0 -> 1073741824`, kMostChanges at most
};
[[nodiscard]] Change changes(std::string_view before, std::string_view after);

}  // namespace plimsoll::source
