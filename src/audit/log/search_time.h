#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time_words.h"

namespace plimsoll::audit {

/// What the words of a search are read against.
struct SearchClock {
    Nanoseconds now = 0;
    Zone zone = Zone::local;
    std::optional<Nanoseconds> boot;  ///< when this host started
};

/// How many of the words belong to a time that begins with the first: `11/21/26 00:37:44` has two.
[[nodiscard]] std::size_t time_words(std::span<const std::string> words);

/// Reads the time of --start or --end (milliseconds since 1970, both ends included): the words of ausearch (now,
/// recent, this-hour, boot, today, yesterday, this-week, week-ago, this-month, this-year), its dates (MM/DD/YY, or as
/// the locale writes them) with or without a time of day, a time of day alone (of today), seconds since 1970, and
/// whatever parse_time_words reads. A date alone means its beginning, with `end` its end.
[[nodiscard]] Result<std::int64_t> parse_search_time(std::string_view text, bool end, const SearchClock& clock);

}  // namespace plimsoll::audit
