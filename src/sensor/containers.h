#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::sensor {

/// A mount of a container, as `container.mount` shows it.
struct ContainerMount {
    std::string source;
    std::string destination;
    std::string mode;
    bool writable = false;
    std::string propagation;
};

/// What an engine says of a container. Immutable once published.
struct Container {
    std::string id;  ///< 64 hexadecimal digits
    std::string name;
    std::string image;  ///< as it was asked for, repository:tag
    std::string image_id;
    std::string image_digest;
    std::string engine;  ///< docker, podman, containerd
    bool privileged = false;
    bool known = false;        ///< false: only the id is known so far
    std::int64_t created = 0;  ///< nanoseconds since 1970
    std::int64_t started = 0;
    std::string ip;
    std::vector<ContainerMount> mounts;
    std::vector<std::pair<std::string, std::string>> labels;
    std::string health_command;  ///< arguments with blanks between; empty without a health check
    std::string unnamed;         ///< why name and image are not known; empty when they are
};

/// Knows containers by id. Any thread; the answer may change from unknown to known as the engine tells of it.
class Containers {
public:
    virtual ~Containers() = default;
    /// Null when the engine has not told of it (yet).
    [[nodiscard]] virtual std::shared_ptr<const Container> find(std::string_view id) const = 0;
    /// Grows whenever an answer may have become another one.
    [[nodiscard]] virtual std::uint64_t generation() const = 0;
};

}  // namespace plimsoll::sensor
