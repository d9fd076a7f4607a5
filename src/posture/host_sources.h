#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "host/accounts.h"
#include "host/file.h"
#include "host/mountinfo.h"
#include "posture/reach.h"

namespace plimsoll::posture {

/// Answers about the host's files that container definitions lead to.
class HostSources {
public:
    explicit HostSources(const host::Root& root);

    /// What a path on the host is. Links in `path` are resolved in place; bind mounts at it or below it are followed to
    /// the paths that they stand for.
    [[nodiscard]] SourceFacts look_at(std::string& path) const;

    /// The host's name of a group number; empty when it has none.
    [[nodiscard]] std::string group_name(std::uint32_t gid) const;

private:
    [[nodiscard]] std::vector<std::string> other_paths(std::string_view path) const;

    host::Root root_;
    host::MountTable mounts_;
    std::map<std::uint32_t, std::string> groups_;
};

/// A user of an image's own /etc/passwd, read from its layers on this host.
struct ImageUser {
    std::int64_t uid = 0;
    std::int64_t gid = 0;
};

/// Finds a user by name or number; an error when the image's files cannot be read.
[[nodiscard]] Result<std::optional<ImageUser>> image_user(const Json& inspect, std::string_view name_or_number);

}  // namespace plimsoll::posture
