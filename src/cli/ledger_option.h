#pragma once

#include <CLI/App.hpp>
#include <string>

namespace plimsoll::cli {

/// Where the recorder of this host keeps its ledger: `ledger.path` of /etc/plimsoll/plimsoll.yaml, or the usual place.
[[nodiscard]] std::string default_ledger();

/// Declares `--ledger DIR`. Once the command line is read `folder` holds what it gave, or the default; it must live
/// that long.
CLI::Option* add_ledger_option(CLI::App& command, std::string& folder);

}  // namespace plimsoll::cli
