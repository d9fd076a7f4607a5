#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rule/rule_set.h"

namespace plimsoll::sink {

enum class BodyForm : std::uint8_t { json, slack, teams };

/// An HTTP receiver: one POST for each alert.
struct WebhookConfig {
    std::string url;  ///< http:// or https://
    BodyForm body = BodyForm::json;
    std::string secret;  ///< key of the HMAC-SHA256 signature; empty: no signature header
    std::vector<std::pair<std::string, std::string>> headers;
    std::string ca_file;  ///< PEM; empty: the system's authorities
    std::string cert_file;
    std::string key_file;
    std::chrono::milliseconds timeout{10'000};  ///< connect, send and answer together
};

/// A syslog receiver, RFC 5424 with octet counting (RFC 6587), over TLS as RFC 5425 has it.
struct SyslogConfig {
    std::string address;  ///< tcp://HOST[:601], tls://HOST[:6514], or unix:///PATH of a stream socket
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::uint8_t facility = 16;  ///< 0 to 23; 16 is local0
    std::string app_name = "plimsoll";
    std::chrono::milliseconds timeout{10'000};
};

/// JSON lines, appended; the file is made with mode 0600 and opened anew when it was moved away.
struct FileConfig {
    std::string path;
};

struct StdoutConfig {
    bool json = true;  ///< else one line for people
};

/// A program that reads one alert as JSON on standard input. Exit 0: taken; 65 (EX_DATAERR): refused for good; all else
/// is tried again.
struct CommandConfig {
    std::vector<std::string> arguments;                            ///< the first is a path; no shell reads them
    std::vector<std::pair<std::string, std::string>> environment;  ///< besides PATH and LANG
    std::chrono::milliseconds timeout{10'000};
};

/// At most so many deliveries; alerts beyond are folded into one with their count.
struct RateLimit {
    std::uint32_t per_minute = 0;  ///< 0: no limit
    std::uint32_t burst = 0;       ///< 0: as many as per_minute
};

/// Which alerts a sink gets, and how.
struct SinkConfig {
    std::string name;  ///< unique, [a-z0-9_-]+; the cursor is kept under it
    std::variant<WebhookConfig, SyslogConfig, FileConfig, StdoutConfig, CommandConfig> kind;
    std::string condition;                         ///< in the rule language, over the alert's fields; empty: all
    rule::Priority least = rule::Priority::debug;  ///< alerts of lower priority are not sent
    std::optional<std::chrono::seconds> fold_for;  ///< 0: never fold; absent: 60 s for webhooks and commands, else 0
    std::optional<RateLimit> rate;  ///< absent: 120 a minute, 60 at once for webhooks and commands, else no limit
};

}  // namespace plimsoll::sink
