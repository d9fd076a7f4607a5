#include "base/time_words.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <vector>

#include "base/text.h"

namespace plimsoll {

namespace {

constexpr Nanoseconds kLongest = 100LL * 366 * kDay;
constexpr std::size_t kLongestText = 100;

/// A clock on the wall: of this host, or some seconds ahead of UTC.
struct Clock {
    bool local = true;
    long offset = 0;

    [[nodiscard]] std::tm show(std::time_t at) const {
        std::tm parts{};
        if (local) {
            ::localtime_r(&at, &parts);
        } else {
            at += offset;
            ::gmtime_r(&at, &parts);
        }
        return parts;
    }

    /// When the clock shows these parts; days and months may run over.
    [[nodiscard]] std::time_t moment(std::tm parts) const {
        const std::time_t as_utc = ::timegm(&parts);  // normalises `parts`
        if (!local) return as_utc - offset;
        constexpr std::time_t kAround = 86'400;
        const long before = show(as_utc - kAround).tm_gmtoff;
        const long after = show(as_utc + kAround).tm_gmtoff;
        const auto shows = [&](std::time_t at) {
            std::tm seen = show(at);
            return ::timegm(&seen) == as_utc;
        };
        // Clocks put back: the offset before the change gives the first of the two moments.
        if (shows(as_utc - before) || !shows(as_utc - after)) return as_utc - before;
        return as_utc - after;
    }
};

struct TimeOfDay {
    int hour = 0;
    int minute = 0;
    int second = 0;
    Nanoseconds fraction = 0;
};

std::optional<std::int64_t> whole(std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault != std::errc() || end != digits.data() + digits.size() || digits.starts_with('-')) return std::nullopt;
    return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t leading_digits(std::string_view text) {
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n])) ++n;
    return n;
}

/// `.5` and the like, at most nine digits; nothing else may follow.
std::optional<Nanoseconds> fraction_of(std::string_view text) {
    if (text.empty()) return 0;
    if (text.size() < 2 || text.size() > 10 || text[0] != '.') return std::nullopt;
    const auto value = whole(text.substr(1));
    if (!value) return std::nullopt;
    Nanoseconds scaled = *value;
    for (auto n = text.size(); n < 10; ++n) scaled *= 10;
    return scaled;
}

/// 03:00  03:00:05.5  3am  3:30pm  noon  midnight
std::optional<TimeOfDay> time_of_day(std::string_view text) {
    if (text == "noon") return TimeOfDay{.hour = 12};
    if (text == "midnight") return TimeOfDay{};
    const bool am = text.ends_with("am");
    const bool pm = text.ends_with("pm");
    if (am || pm) text.remove_suffix(2);
    const auto parts = split(text, ':');
    if (parts.size() > 3 || (parts.size() == 1 && !am && !pm)) return std::nullopt;
    TimeOfDay out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto digits = leading_digits(parts[i]);
        if (digits == 0 || digits > 2 || (i > 0 && digits != 2)) return std::nullopt;
        const auto value = static_cast<int>(*whole(parts[i].substr(0, digits)));
        (i == 0 ? out.hour : i == 1 ? out.minute : out.second) = value;
        const auto fraction = fraction_of(parts[i].substr(digits));
        if (!fraction || (i < 2 && digits != parts[i].size())) return std::nullopt;
        out.fraction = *fraction;
    }
    if (am || pm) {
        if (out.hour < 1 || out.hour > 12) return std::nullopt;
        out.hour = out.hour % 12 + (pm ? 12 : 0);
    }
    const bool end_of_day = out.hour == 24 && out.minute == 0 && out.second == 0 && out.fraction == 0;
    if ((out.hour > 23 && !end_of_day) || out.minute > 59 || out.second > 59) return std::nullopt;
    return out;
}

std::optional<int> weekday(std::string_view word) {
    constexpr std::array<std::string_view, 7> kDays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
    for (std::size_t i = 0; i < kDays.size(); ++i) {
        if (word.size() >= 3 && kDays[i].starts_with(word)) return static_cast<int>(i);
    }
    return std::nullopt;
}

std::optional<Nanoseconds> unit(std::string_view word) {
    struct Unit {
        std::string_view letter, name;
        Nanoseconds length;
    };
    constexpr Nanoseconds kMinute = 60 * kSecond;
    static constexpr std::array kUnits = {
        Unit{"ns", "nanosecond", 1},  Unit{"us", "microsecond", 1'000}, Unit{"ms", "millisecond", 1'000'000},
        Unit{"s", "second", kSecond}, Unit{"sec", "sec", kSecond},      Unit{"m", "minute", kMinute},
        Unit{"min", "min", kMinute},  Unit{"h", "hour", 60 * kMinute},  Unit{"hr", "hr", 60 * kMinute},
        Unit{"d", "day", kDay},       Unit{"w", "week", 7 * kDay},
    };
    for (const Unit& known : kUnits) {
        const bool plural = word.ends_with('s') && word.substr(0, word.size() - 1) == known.name;
        if (word == known.letter || word == known.name || plural) return known.length;
    }
    return std::nullopt;
}

/// The sum of "1h30m", "1h 30m", "2 hours and 5 minutes", "an hour"; nothing when any word is something else.
std::optional<Nanoseconds> duration_of(const std::vector<std::string_view>& words) {
    Nanoseconds sum = 0;
    bool any = false;
    std::int64_t count = -1;  // none read yet
    const auto add = [&](std::string_view name) {
        const auto length = unit(name);
        if (!length || count < 0 || count > kLongest / *length) return false;
        sum += count * *length;
        any = true;
        count = -1;
        return sum <= kLongest;
    };
    for (const auto word : words) {
        if (word == "and" && any && count < 0) continue;
        if ((word == "a" || word == "an") && count < 0) {
            count = 1;
            continue;
        }
        for (auto rest = word; !rest.empty();) {
            const auto digits = leading_digits(rest);
            if (digits > 0) {
                const auto value = whole(rest.substr(0, digits));
                if (count >= 0 || !value) return std::nullopt;
                count = *value;
                rest.remove_prefix(digits);
                continue;
            }
            std::size_t letters = 0;
            while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
            if (!add(rest.substr(0, letters))) return std::nullopt;
            rest.remove_prefix(letters);
        }
    }
    if (!any || count >= 0) return std::nullopt;
    return sum;
}

/// Takes a zone off the end of the text: z, utc, gmt, +02:00, -0500.
std::optional<long> take_zone(std::string_view& text) {
    const auto follows = [](std::string_view before) {
        return !before.empty() && (before.back() == ' ' || is_digit(before.back()) || before.back() == 'm');
    };
    for (const std::string_view name : {"utc", "gmt", "z"}) {
        if (!text.ends_with(name)) continue;
        const auto before = text.substr(0, text.size() - name.size());
        if (!follows(before) || before.ends_with('m')) return std::nullopt;
        text = trim(before);
        return 0;
    }
    for (const std::size_t length : {std::size_t{6}, std::size_t{5}}) {
        if (text.size() < length) continue;
        const auto zone = text.substr(text.size() - length);
        const auto before = text.substr(0, text.size() - length);
        if ((zone[0] != '+' && zone[0] != '-') || (length == 6 && zone[3] != ':') || !follows(before)) continue;
        const auto hours = whole(zone.substr(1, 2));
        const auto minutes = whole(zone.substr(length - 2));
        if (!hours || !minutes || *hours > 14 || *minutes > 59) continue;
        text = trim(before);
        const long offset = static_cast<long>(*hours * 60 + *minutes) * 60;
        return zone[0] == '-' ? -offset : offset;
    }
    return std::nullopt;
}

struct Day {
    std::tm date{};
    bool exact = true;  ///< a weekday without `last` goes back a week when its time has not come yet
};

/// today, yesterday, tomorrow, 2026-11-17, monday, last monday; moves past the words it took.
std::optional<Day> day_of(const std::vector<std::string_view>& words, std::size_t& at, const std::tm& today) {
    const auto word = words[at];
    Day day{.date = today};
    if (word == "today" || word == "yesterday" || word == "tomorrow") {
        ++at;
        day.date.tm_mday += word == "yesterday" ? -1 : word == "tomorrow" ? 1 : 0;
        return day;
    }
    if (const auto date = parse_date(word)) {
        ++at;
        const std::time_t seconds = *date / kSecond;
        ::gmtime_r(&seconds, &day.date);
        return day;
    }
    const bool last = word == "last" && at + 1 < words.size();
    const auto wanted = weekday(words[last ? at + 1 : at]);
    if (!wanted) return std::nullopt;
    at += last ? 2 : 1;
    const int back = (today.tm_wday - *wanted + 7) % 7;
    day.date.tm_mday -= last && back == 0 ? 7 : back;
    day.exact = last;
    return day;
}

Nanoseconds at_time(std::tm date, const TimeOfDay& time, const Clock& clock) {
    date.tm_hour = time.hour;
    date.tm_min = time.minute;
    date.tm_sec = time.second;
    return clock.moment(date) * kSecond + time.fraction;
}

/// A day, a time, or both in any order.
std::optional<Nanoseconds> calendar(const std::vector<std::string_view>& words, Nanoseconds now, const Clock& clock) {
    const std::tm today = clock.show(now / kSecond);
    std::optional<Day> day;
    std::optional<TimeOfDay> time;
    for (std::size_t at = 0; at < words.size();) {
        if (words[at] == "at") {
            if (++at == words.size()) return std::nullopt;
            continue;
        }
        const bool half = at + 1 < words.size() && (words[at + 1] == "am" || words[at + 1] == "pm");
        const auto found =
            time ? std::nullopt : time_of_day(std::string(words[at]) + std::string(half ? words[at + 1] : ""));
        if (found) {
            time = found;
            at += half ? 2 : 1;
            continue;
        }
        if (day) return std::nullopt;
        day = day_of(words, at, today);
        if (!day) return std::nullopt;
    }
    if (!day && !time) return std::nullopt;
    const bool may_step_back = !day || !day->exact;
    std::tm date = day ? day->date : today;
    const auto moment = at_time(date, time.value_or(TimeOfDay{}), clock);
    if (!may_step_back || moment <= now) return moment;
    date.tm_mday -= day ? 7 : 1;
    return at_time(date, time.value_or(TimeOfDay{}), clock);
}

std::optional<Nanoseconds> seconds_since_1970(std::string_view text) {
    const auto digits = leading_digits(text);
    const auto seconds = whole(text.substr(0, digits));
    const auto fraction = fraction_of(text.substr(digits));
    if (!seconds || !fraction || *seconds >= 9'223'372'036) return std::nullopt;
    return *seconds * kSecond + *fraction;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
        const auto begin = text.find_first_not_of(" \t,", at);
        if (begin == std::string_view::npos) break;
        at = std::min(text.find_first_of(" \t,", begin), text.size());
        words.push_back(text.substr(begin, at - begin));
    }
    return words;
}

std::optional<Nanoseconds> read(std::string_view text, Nanoseconds now, Clock clock) {
    if (text == "now") return now;
    if (text.starts_with('@')) return seconds_since_1970(text.substr(1));
    if (text.size() > 11 && text[10] == 't') {
        std::string stamp(text);
        stamp[10] = ' ';
        return read(stamp, now, clock);
    }
    auto words = words_of(text);
    if (!words.empty()) {
        const bool ago = words.back() == "ago";
        if (ago) words.pop_back();
        if (const auto span = duration_of(words)) return now - *span;
        if (ago) return std::nullopt;
    }
    if (const auto offset = take_zone(text)) clock = {.local = false, .offset = *offset};
    words = words_of(text);
    if (words.empty()) return std::nullopt;
    return calendar(words, now, clock);
}

}  // namespace

Result<Nanoseconds> parse_time_words(std::string_view text, Nanoseconds now, Zone zone) {
    ::tzset();
    const std::string words = lowered(trim(text));
    if (words.size() <= kLongestText) {
        if (const auto time = read(words, now, {.local = zone == Zone::local})) return *time;
    }
    return Error{
        fmt::format("'{}' is no time: write 2026-11-17 03:00, 2026-11-17T03:00:00+01:00, '2h ago', 'yesterday 14:00', "
                    "'last tuesday 3am', '3am', monday or @1763434800",
                    shortened(printable(text), kLongestText))};
}

Result<Nanoseconds> parse_duration_words(std::string_view text) {
    const std::string words = lowered(trim(text));
    if (words.size() <= kLongestText) {
        if (const auto span = duration_of(words_of(words)); span && *span > 0) return *span;
    }
    return Error{fmt::format("'{}' is no span of time: write 90s, 15m, '1h 30m', 2d or 1w",
                             shortened(printable(text), kLongestText))};
}

namespace {

std::time_t floor_seconds(Nanoseconds at) { return at / kSecond - (at % kSecond < 0 ? 1 : 0); }

}  // namespace

std::string zone_name(Nanoseconds at, Zone zone) {
    if (zone == Zone::utc) return "UTC";
    ::tzset();
    const std::tm parts = Clock{}.show(floor_seconds(at));
    const long minutes = (parts.tm_gmtoff < 0 ? -parts.tm_gmtoff : parts.tm_gmtoff) / 60;
    const std::string offset =
        fmt::format("UTC{}{:02}:{:02}", parts.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
    const std::string_view name = parts.tm_zone == nullptr ? "" : parts.tm_zone;
    if (name == "UTC" && parts.tm_gmtoff == 0) return "UTC";
    if (name.empty() || name.front() == '+' || name.front() == '-') return offset;  // zones without a name of their own
    return fmt::format("{}, {}", printable(name), offset);
}

std::string to_clock(Nanoseconds at, Zone zone, int digits) {
    const std::time_t seconds = floor_seconds(at);
    const std::tm parts = Clock{.local = zone == Zone::local}.show(seconds);
    std::string out = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    if (digits <= 0) return out;
    const auto fraction = fmt::format("{:09}", at - seconds * kSecond);
    return out + '.' + fraction.substr(0, static_cast<std::size_t>(digits));
}

}  // namespace plimsoll
