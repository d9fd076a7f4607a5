#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace plimsoll {

/// Whose clock words like "3am" mean and times are shown by: this host's (TZ, else /etc/localtime), or UTC.
enum class Zone : std::uint8_t { local, utc };

/// Reads a moment as people write it, seen from `now`:
///   2026-11-17T03:00:00+01:00   2026-11-17 03:00[:05]   2026-11-17   @1763434800 (seconds since 1970)
///   now   15m   2h ago   90 seconds ago   1h 30m ago   today   yesterday 14:00   noon   midnight   3am
///   monday   tuesday 03:00   last tuesday 3am
/// A zone in the text (Z, UTC, +02:00) goes before `zone`. A day without a time is its first moment. A time without a
/// day is the last one that is not in the future; so is a weekday, and `last` leaves today out. A local time that the
/// clock skipped is read by the offset before the change (02:30 becomes 03:30); one that came twice is the first.
[[nodiscard]] Result<Nanoseconds> parse_time_words(std::string_view text, Nanoseconds now, Zone zone = Zone::local);

/// Reads a span of time: 90s, 15m, 1h 30m, 2 days, 1w; ms, us and ns too. Never 0 and never more than 100 years.
[[nodiscard]] Result<Nanoseconds> parse_duration_words(std::string_view text);

/// The zone in force at that moment, as an answer names it: "CET, UTC+01:00"; "UTC".
[[nodiscard]] std::string zone_name(Nanoseconds at, Zone zone);

/// 2026-11-17 03:00:00.123 by that zone's clock, with so many digits (0 to 9) after the second.
[[nodiscard]] std::string to_clock(Nanoseconds at, Zone zone, int digits = 3);

}  // namespace plimsoll
