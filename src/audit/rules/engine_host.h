#pragma once

#include <string>
#include <vector>

#include "host/file.h"

namespace plimsoll::audit {

// What container engines have on this host, found without asking them: their processes, files and sockets.

/// A container engine's process as far as rules need it.
struct EngineTraces {
    struct Found {
        std::string engine;  ///< "docker", "containerd", "podman"
        std::string path;    ///< links resolved
    };
    std::vector<Found> programs;  ///< executables of running daemons and shims
    std::vector<Found> sockets;   ///< unix sockets that they listen on
    std::vector<Found> data_roots;
    std::vector<Found> configs;
    std::vector<std::string> problems;  ///< what could not be looked at, and why
};

/// Reads /proc, the kernel's socket tables, daemon.json and the units below `root`.
[[nodiscard]] EngineTraces find_engine_traces(const host::Root& root);

/// A process whose acts matter, for the question whether the kernel audits it.
struct WatchedProcess {
    int pid = 0;
    std::string name;          ///< "dockerd"
    std::int64_t started = 0;  ///< seconds since 1970
};
/// Daemons of engines, shims and sshd that run now.
[[nodiscard]] std::vector<WatchedProcess> find_watched_processes(const host::Root& root);

}  // namespace plimsoll::audit
