#pragma once

#include <string>
#include <vector>

#include "app/audit.h"
#include "base/result.h"

namespace plimsoll::app {

inline constexpr const char* kConfigFile = "/etc/plimsoll/plimsoll.yaml";

/// The audit's part of plimsoll.yaml.
struct Config {
    std::string fail_on = "high";
    std::vector<std::string> allowed_images;
    std::vector<std::string> rule_files;
    std::vector<std::string> waiver_files;
    std::optional<unsigned> log_lines;
};

/// Reads the file; with an empty path the default one, which may be absent. An error names file, line and column.
[[nodiscard]] Result<Config> read_config(const std::string& path);

/// Parses the text of a configuration file called `name`.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& name);

/// Adds what the file says to what the command line says, which wins.
void apply(const Config& config, AuditRequest& request);

}  // namespace plimsoll::app
