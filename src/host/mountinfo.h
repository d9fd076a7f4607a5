#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

/// One line of mountinfo, proc(5), with octal escapes undone.
struct Mount {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::string root;   ///< the directory of the file system that is mounted; not "/" for bind mounts of sub-paths
    std::string point;  ///< where it is mounted, seen from the process's root
    std::vector<std::string> options;             ///< per mount ("ro", "nosuid")
    std::optional<std::uint64_t> shared;          ///< propagation: peer group; none of the three: private
    std::optional<std::uint64_t> master;          ///< propagation: receives from this peer group
    std::optional<std::uint64_t> propagate_from;  ///< nearest dominant peer group below the process's root
    bool unbindable = false;
    std::string type;                        ///< "ext4", "overlay"
    std::string source;                      ///< device or whatever the mounter said
    std::vector<std::string> super_options;  ///< per file system ("rw", "lowerdir=…"), split at commas

    /// Whether this option stands in `options` (per mount, exact word).
    [[nodiscard]] bool has_option(std::string_view option) const;

    /// The value of `name=value` in `super_options`, or empty text for a bare `name`; nothing when it is not there.
    [[nodiscard]] std::optional<std::string_view> super_option(std::string_view name) const;
};

/// The mounts of one mount namespace, in the kernel's order: a later one lies over an earlier one.
struct MountTable {
    std::vector<Mount> mounts;
    std::size_t malformed_lines = 0;

    /// The mount that holds an absolute path without "." and "..": longest mount point that is a prefix by whole names,
    /// the last of equals. Null when nothing fits.
    [[nodiscard]] const Mount* holding(std::string_view path) const;

    /// The mount with this id; null when it is not in the table.
    [[nodiscard]] const Mount* by_id(std::uint64_t id) const;
};

[[nodiscard]] MountTable parse_mountinfo(std::string_view text);

inline constexpr std::size_t kMountinfoLimit = std::size_t{64} << 20U;

/// The mounts that a process sees, or with 0 this one; empty when the process is gone.
[[nodiscard]] Result<std::optional<MountTable>> read_mounts(const Root& root, pid_t pid = 0);

}  // namespace plimsoll::host
