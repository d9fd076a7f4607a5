#pragma once

#include <cstdint>
#include <memory>
#include <span>
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

/// What a process runs; shared by a process and the children that did not exec. Immutable once made, and not movable:
/// the views are of its own text.
struct Program {
    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    virtual ~Program() = default;

    std::string_view comm;                      ///< fifteen bytes at most
    std::string_view exe;                       ///< first argument, or the path where there are none
    std::string_view args;                      ///< the others, a blank between
    std::string_view cmdline;                   ///< comm and args, as Falco writes it
    std::vector<std::string_view> arguments;    ///< all, first one included; cut where WIRE_CUT says so
    std::vector<std::string_view> environment;  ///< NAME=value, of the names that are wanted
    std::string_view exepath;                   ///< the file, as the kernel names it
    std::string_view cwd;                       ///< at exec, without a slash at its end
    std::string_view script;                    ///< what an interpreter was started for
    WireFile file{};
    std::uint16_t flags = 0;            ///< WIRE_MEMFD, WIRE_DELETED, WIRE_CUT
    bool environment_known = false;     ///< false: it was not asked for, or could not be read
    std::uint64_t began = 0;            ///< time of the exec, CLOCK_BOOTTIME; 0 when it was before all events
    std::uint32_t mount_namespace = 0;  ///< in which it began; 0 when not known

    std::string text;  ///< what the views are of
};

/// The words that make a program; borrowed.
struct ProgramWords {
    std::string_view comm;
    std::string_view argv;  ///< arguments, each ended by NUL (the last one may lack it)
    std::string_view env;   ///< NAME=value, each ended by NUL
    std::string_view exepath;
    std::string_view cwd;
    std::string_view script;
    std::size_t most_argument_bytes = 128U << 10U;
    std::span<const std::string> environment;  ///< names that are kept; a single "*" keeps all
    bool environment_known = false;
};

/// Fills an empty program with its words.
void set_words(Program& program, const ProgramWords& words);

/// A process, living or remembered.
struct Process {
    ProcessKey key;
    WireTask task{};
    WireCredentials credentials{};
    std::string comm;  ///< its name when it was made or last ran a program; what it calls itself later is not believed
    std::string cwd;   ///< since it changed folder after its program began; empty otherwise
    std::shared_ptr<const Program> program;  ///< shared with children that run the same; null when nothing is known
    std::shared_ptr<Process> parent;  ///< as it was when this one was made; kept alive by its children; null at the top
    std::uint64_t cgroup = 0;
    std::shared_ptr<const Container> container;  ///< null on the host
    std::uint64_t ended = 0;                     ///< CLOCK_BOOTTIME; 0 while it lives
    std::uint64_t changed = 0;  ///< number of the last change to what is told of it; no two changes have the same
    std::uint32_t told = 0;     ///< of the table: what the engines had told when `container` was looked up
    bool in_container = false;
    bool exec_session = false;  ///< descends from an exec into the container, not from its first process
    bool credentials_known = false;
    bool rough_start = false;  ///< key.start is known to a tick of the clock only, from /proc
};

/// The last change to the process or one of its ancestors: while it is the same, so is everything that is told of them.
[[nodiscard]] inline std::uint64_t last_change(const Process& process) {
    std::uint64_t last = 0;
    for (const Process* each = &process; each != nullptr; each = each->parent.get())
        last = each->changed > last ? each->changed : last;
    return last;
}

}  // namespace plimsoll::sensor
