#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::source {

/// What a program does for a container by its command line.
struct RuntimeCommand {
    enum class Kind : std::uint8_t {
        none,
        shim,     ///< containerd-shim or conmon: parent of the container's processes
        runtime,  ///< runc, crun or another OCI runtime, at work for it
    };
    Kind kind = Kind::none;
    std::string_view id;     ///< 64 hexadecimal digits; borrowed from the arguments
    bool whole_pod = false;  ///< a shim that may serve several containers: the id is that of the first
};

/// Reads the command line of a shim, a monitor or an OCI runtime: `exe` is the program's path. Nothing for any other
/// program, or without a whole container id among the arguments.
[[nodiscard]] RuntimeCommand runtime_command(std::string_view exe, const std::vector<std::string>& arguments);

/// The first run of exactly 64 lower-case hexadecimal digits; empty without one.
[[nodiscard]] std::string_view container_id_in(std::string_view text);

}  // namespace plimsoll::source
