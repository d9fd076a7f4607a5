#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/containers.h"
#include "sensor/wire.h"

namespace plimsoll::sensor {

/// Names one process for ever, pids being used again.
struct ProcessKey {
    std::uint32_t pid = 0;    ///< host number
    std::uint64_t start = 0;  ///< nanoseconds, CLOCK_BOOTTIME

    friend bool operator==(const ProcessKey&, const ProcessKey&) = default;
};

/// What a process runs; shared by a process and the children that did not exec. Immutable once made.
struct Program {
    std::string comm;                      ///< fifteen bytes at most
    std::string exe;                       ///< first argument, or the path where there are none
    std::string args;                      ///< the others, a blank between
    std::string exepath;                   ///< the file, as the process's root shows it
    std::string cwd;                       ///< at exec
    std::string script;                    ///< what an interpreter was started for
    std::vector<std::string> arguments;    ///< all, first one included; cut where `cut` says so
    std::vector<std::string> environment;  ///< of the names that are wanted
    WireFile file{};
    std::uint16_t flags = 0;  ///< WIRE_MEMFD, WIRE_DELETED, WIRE_CUT
    std::uint64_t began = 0;  ///< time of the exec, CLOCK_BOOTTIME
};

/// A process, living or remembered.
struct Process {
    ProcessKey key;
    WireTask task{};
    WireCredentials credentials{};
    std::shared_ptr<const Program> program;  ///< shared with children that run the same; null when nothing is known
    std::shared_ptr<Process> parent;  ///< as it was when this one was made; kept alive by its children; null at the top
    std::uint64_t cgroup = 0;
    std::shared_ptr<const Container> container;  ///< null on the host
    std::uint64_t ended = 0;                     ///< CLOCK_BOOTTIME; 0 while it lives
    bool in_container = false;
    bool exec_session = false;  ///< descends from an exec into the container, not from its first process
};

}  // namespace plimsoll::sensor
