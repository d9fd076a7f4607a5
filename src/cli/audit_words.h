#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "audit/log/log_file.h"
#include "audit/log/search_time.h"
#include "audit/word_option.h"
#include "base/result.h"

namespace plimsoll::cli {

/// Declares the options of a command that takes ausearch's or aureport's words, and hands `run` all words as they were
/// given; those that CLI11 cannot know (-ts and the like) among them. What `run` returns is the exit code.
void take_audit_words(CLI::App& command, std::span<const audit::WordOption> options, int& exit,
                      std::function<int(const std::vector<std::string>&)> run);

/// What times in words count from, on this host.
[[nodiscard]] audit::SearchClock search_clock();

/// The logs that were named; else standard input, where that is a pipe; none when the system's own are meant.
[[nodiscard]] std::vector<std::string> named_logs(std::vector<std::string> inputs, bool system_logs);

/// Opens those; of none the system's own.
[[nodiscard]] Result<std::vector<audit::LogFile>> open_logs(std::vector<std::string> named);

}  // namespace plimsoll::cli
