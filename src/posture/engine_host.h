#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/endpoint.h"
#include "host/file.h"
#include "host/listening_sockets.h"
#include "posture/reach.h"

namespace plimsoll::posture {

/// A daemon of a container engine that runs on this host.
struct EngineProcess {
    int pid = 0;
    std::string kind;  ///< docker, containerd, podman, crio
    std::vector<std::string> command_line;
    std::string executable;
    std::optional<std::int64_t> started;  ///< seconds since 1970
};

/// The engines that the kernel shows: their processes, and every socket they listen on.
struct EngineHost {
    struct Listener {
        std::optional<host::ListeningTcp> tcp;
        std::string path;                        ///< of a unix socket
        const EngineProcess* process = nullptr;  ///< points into `processes`
    };

    std::vector<EngineProcess> processes;
    std::vector<Listener> listeners;
    std::vector<EngineSocket> sockets;  ///< the unix ones, for judging mounts
    std::vector<std::string> problems;

    EngineHost() = default;
    EngineHost(EngineHost&&) = default;
    EngineHost& operator=(EngineHost&&) = default;
    EngineHost(const EngineHost&) = delete;  // listeners point into processes
    EngineHost& operator=(const EngineHost&) = delete;

    /// The process that listens at the endpoint, found by the socket and never by a name alone; null when none is seen.
    [[nodiscard]] const EngineProcess* behind(const host::Endpoint& endpoint, const host::Root& root) const;
};

/// Reads /proc and the kernel's socket tables.
[[nodiscard]] EngineHost look_for_engines(const host::Root& root);

}  // namespace plimsoll::posture
