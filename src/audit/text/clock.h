#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "audit/text/buffer.h"
#include "base/time_words.h"

namespace plimsoll::audit {

/// A moment by the calendar of a zone.
struct CalendarTime {
    int year = 0;
    unsigned month = 0;  ///< 1 to 12
    unsigned day = 0;
    unsigned weekday = 0;  ///< 0 for Sunday
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    int offset = 0;  ///< seconds east of UTC
};

/// Writes the times of events. The events of a log share their second more often than not, so it remembers the last.
class Clock {
public:
    explicit Clock(Zone zone, bool iso = false) : zone_(zone), iso_(iso) {}

    /// 11/21/26 00:37:43.745 as ausearch -i writes it under LC_ALL=C, or RFC 3339.
    void put_moment(Buffer& out, std::int64_t milliseconds);

    /// Sat Nov 21 00:37:43 2026 as ausearch writes it, or RFC 3339.
    void put_long(Buffer& out, std::int64_t milliseconds);

    /// 11/21/26 and 00:37:43, or 2026-11-21 and 00:37:43.
    void put_date(Buffer& out, std::int64_t milliseconds);
    void put_time(Buffer& out, std::int64_t milliseconds);

    /// 2026-11-21T00:37:43.745Z, in UTC whatever the zone.
    static void put_utc(Buffer& out, std::int64_t milliseconds);

    [[nodiscard]] const CalendarTime& calendar(std::int64_t milliseconds);

private:
    void put_iso(Buffer& out, std::int64_t milliseconds);

    Zone zone_;
    bool iso_;
    std::int64_t second_ = INT64_MIN;  ///< that `calendar_` and `text_` hold
    CalendarTime calendar_;
    std::array<char, 17> text_{};  ///< 11/21/26 00:37:43
};

/// Milliseconds within the second, also before 1970.
[[nodiscard]] unsigned millis(std::int64_t milliseconds);

}  // namespace plimsoll::audit
