#pragma once

namespace plimsoll::cli {

/// Runs the program and returns its exit code; no exception leaves it.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace plimsoll::cli
