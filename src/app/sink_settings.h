#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "rule/yaml.h"
#include "sink/sink_config.h"

namespace plimsoll::app {

/// What one item of `alerts.sinks` is read into before its kind is known.
struct SinkDraft {
    sink::SinkConfig common;
    std::string type;
    sink::WebhookConfig webhook;
    sink::SyslogConfig syslog;
    sink::FileConfig file;
    sink::StdoutConfig stdout_;
    sink::CommandConfig command;
    std::string secret_file;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::optional<std::chrono::milliseconds> timeout;
};

/// One setting of a sink.
struct SinkSetting {
    std::string_view name;
    std::string_view form;
    std::string_view fallback;
    std::string_view meaning;
    std::string_view types;  ///< sinks that have it, blank between; empty: all
    Result<void> (*set)(SinkDraft& draft, const rule::YamlNode& value);
    Result<void> (*holds)(std::string_view text) = nullptr;  ///< what its text must name, besides its form
};

[[nodiscard]] std::span<const SinkSetting> sink_settings();

/// Reads one sink; at an error `place` is the node that is wrong, and the message says why.
[[nodiscard]] Result<sink::SinkConfig> read_sink(const rule::YamlNode& item, const rule::YamlNode*& place);

}  // namespace plimsoll::app
