#pragma once

#include <CLI/App.hpp>
#include <span>

namespace plimsoll::cli {

/// Exit codes of every command.
enum Exit : int {
    kClean = 0,     ///< nothing at or above --fail-on; the command did its work
    kFindings = 1,  ///< findings at or above --fail-on; examples that fail; a plan not fully carried out
    kUsage = 2,     ///< wrong arguments, or a file of the user that is broken
    kUnknown = 3,   ///< could not find out
};

/// A command of the program: `add` declares it below `root`; when it is chosen, it sets `exit`.
struct Command {
    const char* name;
    void (*add)(CLI::App& root, int& exit);
};

/// Every command, in the order in which help lists them.
[[nodiscard]] std::span<const Command> commands();

/// The whole program's arguments, as help and man pages read them.
void declare(CLI::App& root, int& exit);

}  // namespace plimsoll::cli
