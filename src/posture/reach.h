#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::posture {

/// An engine's socket as the host has it.
struct EngineSocket {
    std::string path;          ///< links resolved
    std::string word;          ///< docker-socket, containerd-socket, podman-socket, crio-socket
    std::uint64_t device = 0;  ///< of the socket file, so that another name for it is recognised
    std::uint64_t inode = 0;
};

/// What a path on the host is worth, for this host's folders.
struct HostPlaces {
    std::vector<EngineSocket> sockets;
    std::vector<std::string> data_roots;  ///< of the engines, links resolved
};

/// What a file is, as far as the host could be asked.
struct SourceFacts {
    bool known = false;  ///< the host was asked
    bool exists = false;
    bool socket = false;
    bool block_device = false;
    bool character_device = false;
    std::uint32_t major = 0;  ///< of a device node
    std::uint32_t minor = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::vector<std::string>
        also;  ///< other paths of the host that lead to the same files: what is bind-mounted here or below
};

struct Reach {
    std::vector<std::string> words;  ///< sorted, as the field mount.reaches names them
    bool exact = false;
    bool secret = false;  ///< key material or a credentials file
};

/// What of the host somebody who holds `path` can reach: the thing itself, a part of it, or what lies below it. `path`
/// is absolute and has its links resolved where the host could be asked. What is bind-mounted at or below it counts
/// too.
[[nodiscard]] Reach reach_of(std::string_view path, const SourceFacts& source, const HostPlaces& places);

/// Takes out `.`, `..` and doubled slashes, without asking the host.
[[nodiscard]] std::string normalized(std::string_view path);

}  // namespace plimsoll::posture
