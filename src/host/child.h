#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace plimsoll::host {

/// A program to run once. No shell reads the arguments; the first is the path of the program.
struct ChildTask {
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< all of it; nothing is inherited
    std::string_view input;                                        ///< its standard input
    std::chrono::milliseconds time{10'000};                        ///< then it and its process group are killed
    std::size_t output_bytes = 4096;  ///< kept of what it writes; the rest is read and dropped
};

struct ChildEnd {
    int exit_code = -1;      ///< when it ended by itself
    int signal = 0;          ///< when a signal ended it
    bool timed_out = false;  ///< or was stopped by us
    bool input_taken = false;
    std::string output;  ///< beginning of standard output and error, as they came: hostile bytes
};

/// Runs it in a session and process group of its own, working directory "/", and waits for its end: it is always
/// reaped. An error is a program that could not be started. Any thread.
[[nodiscard]] Result<ChildEnd> run_child(const ChildTask& task, const std::stop_token& stop = {});

}  // namespace plimsoll::host
