#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/event.h"

/// Times, spans, sizes, signals and exit codes in the words of a person. Local means the process' time zone.
namespace plimsoll::report::words {

[[nodiscard]] std::string day(Nanoseconds time);     ///< Tuesday, 17 November 2026
[[nodiscard]] std::string clock(Nanoseconds time);   ///< 03:02:17, local
[[nodiscard]] std::string moment(Nanoseconds time);  ///< 2026-11-17 03:02:17, local
[[nodiscard]] std::string minute(Nanoseconds time);  ///< Tue 17 Nov 03:02, local
[[nodiscard]] std::string zone(Nanoseconds time);    ///< CET, UTC+01:00: the local zone as it was at that time
[[nodiscard]] std::string iso(Nanoseconds time);     ///< 2026-11-17T02:02:17.123456+00:00: UTC, microseconds

/// From one moment to another, with both days only where they differ; the zone is named once, as at the begin.
[[nodiscard]] std::string range(Nanoseconds since, Nanoseconds until);

[[nodiscard]] std::string span(Nanoseconds length);    ///< 340 ms, 12 s, 2 min 5 s, 17 h 33 min, 3 days 4 h
[[nodiscard]] std::string offset(Nanoseconds length);  ///< +2m03s, -8m53s, 0s, +3d04h
[[nodiscard]] std::string bytes(std::uint64_t count);  ///< 512 B, 40 MiB, 1.5 GiB

/// "SIGTERM" for 15; empty for a number that names no signal.
[[nodiscard]] std::string_view signal_name(int number);
/// "15 (SIGTERM)" for "15", "SIGTERM" and "TERM"; the text itself when it names no signal.
[[nodiscard]] std::string signal_text(std::string_view text);
/// What an exit code says by custom: "killed by SIGKILL" for 137, "command not found" for 127; empty when nothing.
[[nodiscard]] std::string exit_meaning(std::int64_t code);

/// The host in a ledger's name, plimsoll/HOST/ID; the name itself when it has another form.
[[nodiscard]] std::string host_of(std::string_view origin);

/// First twelve characters of a hash; `sha256:` stays in front.
[[nodiscard]] std::string short_digest(std::string_view digest);

/// Short id of the container that a record belongs to; empty when it belongs to none.
[[nodiscard]] std::string_view container_id(const model::Event& event);
/// Exit code of a die event, from its field or from the engine's attribute.
[[nodiscard]] std::optional<std::int64_t> exit_code(const model::Event& event);
/// The engine's action, from `docker.action` or `evt.type`.
[[nodiscard]] std::string_view action(const model::Event& event);
/// Is an exec session (or a raw event of one) that the engine ran as the container's health check.
[[nodiscard]] bool is_health_check(const model::Event& event);
/// Settings of the container that this record shows to be dangerous, in words; from fields, and from what the engine
/// told as JSON when it was created.
[[nodiscard]] std::string risks(const model::Event& event);

}  // namespace plimsoll::report::words
