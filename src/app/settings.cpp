// The table of settings: each is named, explained and read in one place.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "app/config.h"
#include "app/setting_checks.h"
#include "app/setting_values.h"
#include "model/finding.h"

namespace plimsoll::app {

namespace {

using rule::YamlNode;

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHourMs = 3600 * kSecondMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kCenturyMs = 36'500 * kDayMs;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40U;

/// As a person would write it in the file.
std::string duration_text(std::int64_t milliseconds) {
    if (milliseconds % kDayMs == 0 && milliseconds > 0) return fmt::format("{}d", milliseconds / kDayMs);
    if (milliseconds % kHourMs == 0 && milliseconds > 0) return fmt::format("{}h", milliseconds / kHourMs);
    if (milliseconds % kSecondMs == 0) return fmt::format("{}s", milliseconds / kSecondMs);
    return fmt::format("{}ms", milliseconds);
}

std::string size_text(std::uint64_t bytes) {
    if (bytes != 0 && bytes % kTiB == 0) return fmt::format("{}TiB", bytes / kTiB);
    if (bytes != 0 && bytes % kMiB == 0) return fmt::format("{}MiB", bytes / kMiB);
    return std::to_string(bytes);
}

// Each reader is told the members, one inside the other, that lead to what it fills.

template <auto... Members>
Result<void> text(Config& config, const YamlNode& value) {
    TRY((config.*....*Members), text_of(value));
    return {};
}

template <auto... Members>
Result<void> texts(Config& config, const YamlNode& value) {
    TRY(auto list, texts_of(value));
    auto& target = (config.*....*Members);
    target.insert(target.end(), list.begin(), list.end());
    return {};
}

template <auto... Members>
Result<void> truth(Config& config, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY((config.*....*Members), parse_truth(text));
    return {};
}

/// A duration from `Least` to `Most` milliseconds. A unit that is too coarse would make a short time none at all:
/// places hold seconds at most, and their bounds are whole seconds.
template <std::int64_t Least, std::int64_t Most, auto... Members>
Result<void> duration(Config& config, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const auto parsed, parse_duration(text));
    if (parsed.count() < Least || parsed.count() > Most)
        return Error{fmt::format("expected a duration from {} to {}", duration_text(Least), duration_text(Most))};
    auto& target = (config.*....*Members);
    using Target = std::remove_reference_t<decltype(target)>;
    if constexpr (requires { target.has_value(); })
        target = std::chrono::ceil<typename Target::value_type>(parsed);
    else
        target = std::chrono::ceil<Target>(parsed);
    return {};
}

/// A size from `Least` to `Most` bytes.
template <std::uint64_t Least, std::uint64_t Most, auto... Members>
Result<void> size(Config& config, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const std::uint64_t parsed, parse_size(text));
    if (parsed < Least || parsed > Most)
        return Error{fmt::format("expected a size from {} to {}", size_text(Least), size_text(Most))};
    (config.*....*Members) = parsed;
    return {};
}

template <std::uint64_t Least, std::uint64_t Most, auto... Members>
Result<void> count(Config& config, const YamlNode& value) {
    TRY(const std::string text, text_of(value));
    TRY(const auto parsed, parse_count(text, Least, Most));
    auto& target = (config.*....*Members);
    using Target = std::remove_reference_t<decltype(target)>;
    if constexpr (requires { target.has_value(); })
        target = static_cast<typename Target::value_type>(parsed);
    else
        target = static_cast<Target>(parsed);
    return {};
}

Result<void> fail_on(Config& config, const YamlNode& value) {
    if (!model::parse_severity(value.text)) return Error{"expected info, low, medium, high or critical"};
    config.fail_on = value.text;
    return {};
}

Result<void> when_full(Config& config, const YamlNode& value) {
    if (value.text == "keep_old")
        config.agent.ledger.when_full = ledger::WhenFull::keep_old;
    else if (value.text == "drop_oldest")
        config.agent.ledger.when_full = ledger::WhenFull::drop_oldest;
    else
        return Error{"expected keep_old or drop_oldest"};
    return {};
}

Result<void> audit_mode(Config& config, const YamlNode& value) {
    constexpr std::string_view kModes[] = {"off", "multicast", "daemon", "auto"};
    if (std::ranges::find(kModes, value.text) == std::end(kModes))
        return Error{"expected off, multicast, daemon or auto"};
    config.agent.audit_mode = value.text;
    return {};
}

Result<void> log_level(Config& config, const YamlNode& value) {
    const auto level = parse_log_level(value.text);
    if (!level) return Error{"expected error, warning, info or debug"};
    config.agent.log_level = *level;
    return {};
}

constexpr auto kSettings = std::to_array<Setting>({
    {"audit.fail_on", "severity", "high", "The audit exits with 1 when a finding is at or above it.", fail_on},
    {"audit.allowed_images", "list of text", "", "Globs of images that are trusted.", texts<&Config::allowed_images>},
    {"audit.rules", "list of text", "", "More rule files for the audit.", texts<&Config::rule_files>, check_path},
    {"audit.waivers", "list of text", "", "Files of findings that somebody decided to live with.",
     texts<&Config::waiver_files>, check_path},
    {"audit.log_lines", "number", "200", "Lines of each container's log that the audit reads.",
     count<0, 10'000, &Config::log_lines>},
    {"audit.mode", "off, multicast, daemon or auto", "auto",
     "Record Linux audit events: beside auditd or without it (multicast), in auditd's place (daemon), or beside it "
     "where "
     "the sensor is on and cannot be loaded (auto).",
     audit_mode},
    {"audit.buffer", "size", "64MiB", "Buffer of the socket that the kernel's audit records come through.",
     size<kMiB, 1024 * kMiB, &Config::agent, &AgentConfig::audit_buffer>},
    {"audit.mask_secrets", "true or false", "true",
     "Mask passwords and tokens in recorded command lines before they are stored.",
     truth<&Config::agent, &AgentConfig::audit_mask>},

    {"sensor.enabled", "true or false", "true",
     "Watch processes, files and connections of containers in the kernel, where it allows that.",
     truth<&Config::agent, &AgentConfig::sensor, &SensorConfig::enabled>},
    {"sensor.host", "true or false", "false", "Judge and record processes outside containers too.",
     truth<&Config::agent, &AgentConfig::sensor, &SensorConfig::host>},
    {"sensor.record", "list of text", "",
     "Conditions: what is recorded of the kernel's events though no rule holds; empty: programs, changed files, "
     "connections, sensitive reads (`plimsoll rules list --recording`).",
     texts<&Config::agent, &AgentConfig::sensor, &SensorConfig::record>, check_condition},
    {"sensor.environment", "list of text", "", "Names of environment variables of programs that are kept.",
     texts<&Config::agent, &AgentConfig::sensor, &SensorConfig::environment>},
    {"sensor.ring_bytes", "size", "4MiB", "Room between kernel and agent, for each processor; a power of two.",
     size<64 * 1024, 1024 * kMiB, &Config::agent, &AgentConfig::sensor, &SensorConfig::ring_bytes>},
    {"sensor.fold_entries", "number", "16384",
     "Repetitions (same process, same file or address) that the kernel counts at a time instead of sending each; 0: "
     "none.",
     count<0, 1'048'576, &Config::agent, &AgentConfig::sensor, &SensorConfig::fold_entries>},

    {"ledger.path", "path", "/var/lib/plimsoll/ledger", "Folder of the ledger.",
     text<&Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::path>, check_path},
    {"ledger.host", "text", "", "Name of this host in checkpoints; empty: the host's own.",
     text<&Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::host>},
    {"ledger.keep_for", "duration", "", "Sealed segments older than this are removed; empty: never.",
     duration<kHourMs, kCenturyMs, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::keep_for>},
    {"ledger.keep_bytes", "size", "", "Oldest sealed segments are removed above this size; empty: never.",
     size<kMiB, 1024 * 1024 * kTiB, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::keep_bytes>},
    {"ledger.when_full", "keep_old or drop_oldest", "keep_old",
     "On a full disk: keep all evidence and refuse what is new, or make room by removing the oldest segments.",
     when_full},
    {"ledger.reserve_bytes", "size", "64MiB", "The disk counts as full when less than this is free.",
     size<0, kTiB, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::reserve_bytes>},
    {"ledger.commit_after", "duration", "100ms", "Most that a record waits for the disk; alerts do not wait.",
     duration<0, 10 * kSecondMs, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::commit_after>},
    {"ledger.checkpoint_every", "duration", "1s", "How often a checkpoint is signed while there is news.",
     duration<100, kHourMs, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::checkpoint_every>},
    {"ledger.key_epoch", "duration", "24h", "How long a signing key is used before the next replaces it.",
     duration<kHourMs, kCenturyMs, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::key_epoch>},
    {"ledger.segment_rows", "number", "65536", "Records in a sealed segment.",
     count<64, 65'536, &Config::agent, &AgentConfig::ledger, &ledger::WriterOptions::segment_rows>},

    {"engines", "list of text", "",
     "Addresses of engines (unix:///run/docker.sock, tcp://HOST:2376); empty: DOCKER_HOST, the docker context, every "
     "well-known socket.",
     texts<&Config::agent, &AgentConfig::engines>, check_engine},
    {"daemon_log.enabled", "true or false", "true", "Record the engine's own log.",
     truth<&Config::agent, &AgentConfig::daemon_log>},
    {"daemon_log.file", "path", "", "File that the engine's log is in; empty: the journal.",
     text<&Config::agent, &AgentConfig::daemon_log_file>, check_path},
    {"container_logs.follow", "list of text", "", "Names of containers whose output is recorded, globs.",
     texts<&Config::agent, &AgentConfig::container_logs>},
    {"container_logs.lines_per_second", "number", "100",
     "Most lines of one container; what is more is counted as lost.",
     count<1, 100'000, &Config::agent, &AgentConfig::container_log_lines>},
    {"resources.every", "duration", "10s", "Time between samples of resource use; 0s: none.",
     duration<0, kDayMs, &Config::agent, &AgentConfig::sample_every>},

    {"rules.files", "list of text", "", "Rule files for events, beside the shipped ones and /etc/plimsoll/rules.d.",
     texts<&Config::agent, &AgentConfig::rule_files>, check_path},
    {"metrics.listen", "address:port", "", "Where Prometheus may read metrics; empty: nowhere.",
     text<&Config::agent, &AgentConfig::metrics_listen>, check_listen},
    {"witness.url", "address", "", "Witness that co-signs checkpoints (C2SP tlog-witness); empty: none.",
     text<&Config::agent, &AgentConfig::witness, &WitnessConfig::url>, check_url},
    {"witness.key", "text", "", "The witness's verifier key.",
     text<&Config::agent, &AgentConfig::witness, &WitnessConfig::key>, check_witness_key},
    {"witness.every", "duration", "60s", "How often the witness is asked while there is news.",
     duration<kSecondMs, kDayMs, &Config::agent, &AgentConfig::witness, &WitnessConfig::every>},

    {"agent.control_socket", "path", kControlSocket, "Unix socket of `plimsoll status` and `plimsoll alerts ack`.",
     text<&Config::agent, &AgentConfig::control_socket>, check_socket_path},
    {"agent.state", "path", "/var/lib/plimsoll", "Folder of what the agent remembers beside the ledger.",
     text<&Config::agent, &AgentConfig::state_folder>, check_path},
    {"agent.queue_events", "number", "20000", "Events between sources and ledger before sources wait.",
     count<100, 10'000'000, &Config::agent, &AgentConfig::queue_events>},
    {"agent.log_level", "error, warning, info or debug", "info", "What the agent's own log tells.", log_level},
});

}  // namespace

std::span<const Setting> settings() { return kSettings; }

}  // namespace plimsoll::app
