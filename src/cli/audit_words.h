#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "audit/word_option.h"

namespace plimsoll::cli {

/// Declares the options of a command that takes ausearch's or aureport's words, and hands `run` all words as they were
/// given; those that CLI11 cannot know (-ts and the like) among them. What `run` returns is the exit code.
void take_audit_words(CLI::App& command, std::span<const audit::WordOption> options, int& exit,
                      std::function<int(const std::vector<std::string>&)> run);

}  // namespace plimsoll::cli
