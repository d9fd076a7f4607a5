#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plimsoll::posture {

/// A daemon's setting as it is in force, with where it comes from.
struct Setting {
    std::string value;   ///< true/false, text, or items parted by commas
    std::string origin;  ///< "flag --icc", "/etc/docker/daemon.json", "default"
};

/// The settings of dockerd under the names that daemon.json uses.
struct DaemonSettings {
    std::map<std::string, Setting, std::less<>> all;
    std::vector<std::string> conflicts;  ///< given twice, unknown to us, or of the wrong type
    std::string config_file;

    [[nodiscard]] const Setting* find(std::string_view name) const;
    [[nodiscard]] bool is_true(std::string_view name) const;
};

/// Merges the daemon's command line with its configuration file, as dockerd does (flags and file are one namespace;
/// lists given as flags add up), over the defaults of that engine version. `read_config` gives the file's text, nothing
/// when there is none, or an error, which then stands as a conflict.
[[nodiscard]] DaemonSettings read_daemon_settings(
    std::span<const std::string> command_line, std::string_view default_config, std::string_view engine_version,
    const std::function<Result<std::optional<std::string>>(const std::string& path)>& read_config);

}  // namespace plimsoll::posture
