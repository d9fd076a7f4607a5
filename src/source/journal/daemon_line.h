#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace plimsoll::source {

/// One line of an engine's own log: logrus text (`time="…" level=info msg="…" key=value`), its JSON form, or plain
/// text.
struct DaemonLine {
    std::optional<Nanoseconds> time;
    std::string level;    ///< debug, info, warning, error, fatal; empty when the line does not say
    std::string message;  ///< the whole line when it has no such part
    std::string kind;     ///< api, error, pull, plugin, tls, start, stop, other
    std::string method;   ///< of a request to the engine that the line tells of
    std::string path;     ///< with its query
};

/// Reads a line. Never fails: what has no form is a message.
[[nodiscard]] DaemonLine parse_daemon_line(std::string_view line);

}  // namespace plimsoll::source
