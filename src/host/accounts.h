#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/file.h"

namespace plimsoll::host {

struct User {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;  ///< primary group
    std::string home;
    std::string shell;
};

struct Group {
    std::string name;
    std::uint32_t gid = 0;
    std::vector<std::string> members;  ///< supplementary members only, as the group file lists them
};

/// The host's local accounts. Directory services are never asked; `other_sources` says which ones the host has, so that
/// a missing name is then "not found locally" and not "does not exist".
struct Accounts {
    std::vector<User> users;
    std::vector<Group> groups;
    std::vector<std::string>
        other_sources;  ///< services besides files in nsswitch.conf's passwd and group lines, sorted
    std::size_t malformed_lines = 0;

    /// The first user with that uid or name, as getpwuid and getpwnam choose; null when there is none locally.
    [[nodiscard]] const User* user(std::uint32_t uid) const;
    [[nodiscard]] const User* user(std::string_view name) const;

    /// The first group with that gid or name; null when there is none locally.
    [[nodiscard]] const Group* group(std::uint32_t gid) const;
    [[nodiscard]] const Group* group(std::string_view name) const;

    /// All members of the group, primary and supplementary, sorted and unique.
    [[nodiscard]] std::vector<std::string> members_of(std::uint32_t gid) const;
};

/// Reads /etc/passwd, /etc/group (both must exist) and /etc/nsswitch.conf (may be absent).
[[nodiscard]] Result<Accounts> read_accounts(const Root& root);

}  // namespace plimsoll::host
