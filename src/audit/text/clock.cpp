#include "audit/text/clock.h"

#include <ctime>

namespace plimsoll::audit {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::int64_t second_of(std::int64_t milliseconds) {
    return milliseconds >= 0 ? milliseconds / 1000 : -((-milliseconds + 999) / 1000);
}

CalendarTime broken_down(std::int64_t second, Zone zone) {
    std::tm tm{};
    const auto time = static_cast<std::time_t>(second);
    const bool known = (zone == Zone::utc ? ::gmtime_r(&time, &tm) : ::localtime_r(&time, &tm)) != nullptr;
    if (!known) return {};
    return {.year = tm.tm_year + 1900,
            .month = static_cast<unsigned>(tm.tm_mon) + 1,
            .day = static_cast<unsigned>(tm.tm_mday),
            .weekday = static_cast<unsigned>(tm.tm_wday),
            .hour = static_cast<unsigned>(tm.tm_hour),
            .minute = static_cast<unsigned>(tm.tm_min),
            .second = static_cast<unsigned>(tm.tm_sec),
            .offset = static_cast<int>(tm.tm_gmtoff)};
}

void put_calendar(Buffer& out, const CalendarTime& at, unsigned milli) {
    if (at.year >= 0 && at.year <= 9999)
        out.put_padded(static_cast<unsigned>(at.year), 4);
    else
        out.put_signed(at.year);
    out.put('-');
    out.put_padded(at.month, 2);
    out.put('-');
    out.put_padded(at.day, 2);
    out.put('T');
    out.put_padded(at.hour, 2);
    out.put(':');
    out.put_padded(at.minute, 2);
    out.put(':');
    out.put_padded(at.second, 2);
    out.put('.');
    out.put_padded(milli, 3);
    if (at.offset == 0) {
        out.put('Z');
        return;
    }
    const auto minutes = static_cast<unsigned>((at.offset < 0 ? -at.offset : at.offset) / 60);
    out.put(at.offset < 0 ? '-' : '+');
    out.put_padded(minutes / 60, 2);
    out.put(':');
    out.put_padded(minutes % 60, 2);
}

}  // namespace

unsigned millis(std::int64_t milliseconds) {
    return static_cast<unsigned>(milliseconds - second_of(milliseconds) * 1000);
}

const CalendarTime& Clock::calendar(std::int64_t milliseconds) {
    const std::int64_t second = second_of(milliseconds);
    if (second == second_) return calendar_;
    second_ = second;
    calendar_ = broken_down(second, zone_);
    const auto two = [&](std::size_t at, unsigned value) {
        text_[at] = static_cast<char>('0' + value / 10 % 10);
        text_[at + 1] = static_cast<char>('0' + value % 10);
    };
    two(0, calendar_.month);
    two(3, calendar_.day);
    two(6, static_cast<unsigned>((calendar_.year % 100 + 100) % 100));
    two(9, calendar_.hour);
    two(12, calendar_.minute);
    two(15, calendar_.second);
    text_[2] = text_[5] = '/';
    text_[8] = ' ';
    text_[11] = text_[14] = ':';
    return calendar_;
}

void Clock::put_iso(Buffer& out, std::int64_t milliseconds) {
    put_calendar(out, calendar(milliseconds), millis(milliseconds));
}

void Clock::put_utc(Buffer& out, std::int64_t milliseconds) {
    put_calendar(out, broken_down(second_of(milliseconds), Zone::utc), millis(milliseconds));
}

void Clock::put_moment(Buffer& out, std::int64_t milliseconds) {
    if (iso_) {
        put_iso(out, milliseconds);
        return;
    }
    (void)calendar(milliseconds);
    out.put(std::string_view(text_.data(), text_.size()));
    out.put('.');
    out.put_padded(millis(milliseconds), 3);
}

void Clock::put_long(Buffer& out, std::int64_t milliseconds) {
    if (iso_) {
        put_iso(out, milliseconds);
        return;
    }
    const CalendarTime& at = calendar(milliseconds);
    if (at.month == 0) return;  // a year that no calendar has
    out.put(kDays[at.weekday]);
    out.put(' ');
    out.put(kMonths[at.month - 1]);
    out.put(at.day < 10 ? "  " : " ");
    out.put_number(at.day);
    out.put(' ');
    out.put(std::string_view(text_.data() + 9, 8));
    out.put(' ');
    out.put_signed(at.year);
}

void Clock::put_date(Buffer& out, std::int64_t milliseconds) {
    const CalendarTime& at = calendar(milliseconds);
    if (!iso_) {
        out.put(std::string_view(text_.data(), 8));
        return;
    }
    out.put_signed(at.year);
    out.put('-');
    out.put_padded(at.month, 2);
    out.put('-');
    out.put_padded(at.day, 2);
}

void Clock::put_time(Buffer& out, std::int64_t milliseconds) {
    (void)calendar(milliseconds);
    out.put(std::string_view(text_.data() + 9, 8));
}

}  // namespace plimsoll::audit
