#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Nanoseconds since 1970-01-01 00:00 UTC.
using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kSecond = 1'000'000'000;
inline constexpr Nanoseconds kDay = 86'400 * kSecond;

[[nodiscard]] Nanoseconds now();

/// Reads RFC 3339 with any number of digits after the second; the engine's zero time (year 1) and anything else is
/// nothing.
[[nodiscard]] std::optional<Nanoseconds> parse_rfc3339(std::string_view text);

/// Reads `YYYY-MM-DD` as the first moment of that day, UTC.
[[nodiscard]] std::optional<Nanoseconds> parse_date(std::string_view text);

/// 2026-11-21T03:00:00Z
[[nodiscard]] std::string to_rfc3339(Nanoseconds time);

/// 2026-11-21
[[nodiscard]] std::string to_date(Nanoseconds time);

}  // namespace plimsoll
