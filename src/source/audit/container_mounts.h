#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/fd.h"
#include "host/file.h"
#include "host/mountinfo.h"

namespace plimsoll::source {

/// Which device number was which container's file system, and when: the kernel gives the numbers of unmounted ones
/// away again. Fed by the mount table of the host.
class ContainerMounts {
public:
    struct Hit {
        std::string_view id;     ///< 64 hexadecimal digits
        std::string_view point;  ///< where the host has it mounted
        bool sure = true;  ///< false: by then it may have been unmounted, and the number another container's
    };

    explicit ContainerMounts(host::Root root) : root_(std::move(root)) {}

    /// Reads the mount table if it changed since the last call. Costs one system call when it did not.
    void follow();

    /// Takes over a mount table as it was at that time, milliseconds since 1970. What the table held before is taken to
    /// have lasted until the last look at it.
    void update(const host::MountTable& mounts, std::int64_t time);

    /// The container whose file system had that device (`MAJOR:MINOR` in hexadecimal, as in PATH records) at that time.
    [[nodiscard]] std::optional<Hit> find(std::string_view device, std::int64_t time) const;

    [[nodiscard]] std::size_t size() const { return spans_.size(); }

private:
    struct Span {
        std::string id;
        std::string point;
        std::uint64_t mount = 0;  ///< number of the mount, in the table
        std::int64_t from = 0;
        bool exact = false;                   ///< `from` is when it was mounted; otherwise, when it was first seen
        std::int64_t sure_until = INT64_MAX;  ///< when it was last seen
        std::int64_t until = INT64_MAX;       ///< when it was first missed
    };

    [[nodiscard]] std::optional<std::int64_t> mounted_at(const host::Mount& mount) const;
    std::string container_of(const host::Mount& mount);
    std::string of_docker_layer(const std::string& root, std::string_view layer);
    std::string of_podman_layer(const std::string& root, std::string_view layer);

    host::Root root_;
    host::Fd watch_;     ///< of the mount table; readable out of band when it changed
    pid_t process_ = 1;  ///< whose mount table is read; 0: our own
    bool known_ = false;
    std::int64_t looked_ = 0;                                     ///< when the table was last known to be as it is here
    std::unordered_map<std::uint64_t, std::vector<Span>> spans_;  ///< by device, oldest first
    std::map<std::string, std::string, std::less<>> layers_;      ///< container id by engine's root and layer
};

}  // namespace plimsoll::source
