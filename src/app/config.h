#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/audit.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/writer.h"
#include "rule/yaml.h"
#include "sink/sink_config.h"

namespace plimsoll::app {

inline constexpr const char* kConfigFile = "/etc/plimsoll/plimsoll.yaml";
inline constexpr const char* kControlSocket = "/run/plimsoll/agent.sock";

/// A second host that keeps and co-signs checkpoints.
struct WitnessConfig {
    std::string url;  ///< empty: none
    std::string key;  ///< its C2SP verifier key
    std::chrono::seconds every{60};
};

/// The kernel sensor.
struct SensorConfig {
    bool enabled = true;                   ///< where the kernel lets it run; elsewhere the status says why not
    bool host = false;                     ///< processes outside containers too
    std::vector<std::string> record;       ///< conditions of the recording policy; empty: the default one
    std::vector<std::string> environment;  ///< variables of programs that are kept
    std::uint64_t ring_bytes = std::uint64_t{4} << 20U;
    std::uint32_t fold_entries = 16'384;
};

/// The recorder's part of plimsoll.yaml.
struct AgentConfig {
    ledger::WriterOptions ledger;
    std::vector<std::string> engines;  ///< addresses; empty: DOCKER_HOST, context, every well-known socket
    bool daemon_log = true;
    std::string daemon_log_file;                     ///< empty: the journal
    std::vector<std::string> container_logs;         ///< names of containers to follow, globs; empty: none
    std::uint32_t container_log_lines = 100;         ///< most lines a second of one container
    std::chrono::milliseconds sample_every{10'000};  ///< 0: no samples
    std::string audit_mode = "auto";                 ///< off, multicast, daemon or auto
    std::uint64_t audit_buffer = std::uint64_t{64} << 20U;
    bool audit_mask = true;
    SensorConfig sensor;
    std::vector<std::string> rule_files;
    std::vector<sink::SinkConfig> sinks;
    std::string metrics_listen;  ///< ADDRESS:PORT; empty: no endpoint
    WitnessConfig witness;
    std::string control_socket = kControlSocket;
    std::string state_folder = "/var/lib/plimsoll";
    std::uint32_t queue_events = 20'000;  ///< events between sources and ledger before sources wait
    LogLevel log_level = LogLevel::info;
};

/// What plimsoll.yaml says.
struct Config {
    std::string fail_on = "high";
    std::vector<std::string> allowed_images;
    std::vector<std::string> rule_files;
    std::vector<std::string> waiver_files;
    std::optional<unsigned> log_lines;
    AgentConfig agent;
};

/// One setting: what a configuration file may hold, what `plimsoll config reference` prints.
struct Setting {
    std::string_view name;      ///< with the sections it stands in: "ledger.keep_for"
    std::string_view form;      ///< "duration", "size", "list of text", …
    std::string_view fallback;  ///< in force when the file does not name it
    std::string_view meaning;
    Result<void> (*set)(Config& config, const rule::YamlNode& value);  ///< an error is told without its place
    Result<void> (*holds)(std::string_view text) = nullptr;  ///< what each text of it must name, besides its form
};

/// Every setting but those of a sink, section by section.
[[nodiscard]] std::span<const Setting> settings();

/// Reads the file; with an empty path the default one, which may be absent. An error names file, line and column.
[[nodiscard]] Result<Config> read_config(const std::string& path);

/// Parses the text of a configuration file called `name`.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& name);

/// Every setting with form, default and meaning, as Markdown.
[[nodiscard]] std::string config_reference();

/// Adds what the file says to what the command line says, which wins.
void apply(const Config& config, AuditRequest& request);

}  // namespace plimsoll::app
