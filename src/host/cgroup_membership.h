#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::host {

/// One line of /proc/PID/cgroup: where a process stands in one hierarchy (cgroups(7)).
struct CgroupMembership {
    std::vector<std::string> controllers;  ///< empty: the version 2 hierarchy; "name=systemd" for a named one
    std::string path;                      ///< as seen from the reader's cgroup namespace; "/../…" lies outside of it

    friend bool operator==(const CgroupMembership&, const CgroupMembership&) = default;
};

/// Parses /proc/PID/cgroup; lines without three fields are skipped.
[[nodiscard]] std::vector<CgroupMembership> parse_cgroup_memberships(std::string_view text);

}  // namespace plimsoll::host
