#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace plimsoll::sensor {

/// Names of users and groups as a process's own root tells them: from /etc/passwd and /etc/group of its container,
/// never from the host's for a container. Bounded; remembers each container's answers until it ends, and looks for
/// changes of the files every few seconds. One thread.
class Users {
public:
    /// `proc` is /proc; `host_root` the folder that stands for the host's "/".
    explicit Users(std::string proc = "/proc", std::string host_root = "/");
    ~Users();
    Users(const Users&) = delete;
    Users& operator=(const Users&) = delete;

    struct Names {
        std::string_view user, group, home, shell;  ///< empty when there is no such entry; borrowed until the next call
        bool known = false;                         ///< false: the files could not be read
    };
    /// `container` is an id, empty for the host; `pid` is a process of it that may still live, whose root is read.
    /// `uid` and `gid` are numbers within the process's own user namespace.
    [[nodiscard]] Names names(std::string_view container, std::uint32_t pid, std::uint32_t uid, std::uint32_t gid);
    /// While it is the same, names of the container are the same too, whatever process is asked for.
    [[nodiscard]] std::uint64_t version(std::string_view container, std::uint32_t pid);
    void forget(std::string_view container);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll::sensor
