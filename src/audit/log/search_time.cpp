#include "audit/log/search_time.h"

#include <langinfo.h>
#include <locale.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "base/text.h"
#include "host/number.h"

namespace plimsoll::audit {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::tm parts_of(Nanoseconds at, Zone zone) {
    const std::time_t seconds = at / kSecond;
    std::tm parts{};
    if (zone == Zone::utc)
        ::gmtime_r(&seconds, &parts);
    else
        ::localtime_r(&seconds, &parts);
    return parts;
}

std::int64_t moment(std::tm parts, Zone zone) {
    parts.tm_isdst = -1;
    return static_cast<std::int64_t>(zone == Zone::utc ? ::timegm(&parts) : ::mktime(&parts)) * 1000;
}

/// HH:MM or HH:MM:SS into the parts.
bool take_clock(std::string_view text, std::tm& parts) {
    const auto fields = split(text, ':');
    if (fields.size() < 2 || fields.size() > 3) return false;
    int values[3] = {0, 0, 0};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto value = host::number<int>(fields[i]);
        if (!value || *value < 0 || *value > (i == 0 ? 23 : 59) || fields[i].size() > 2) return false;
        values[i] = *value;
    }
    parts.tm_hour = values[0];
    parts.tm_min = values[1];
    parts.tm_sec = values[2];
    return true;
}

/// MM/DD/YY or MM/DD/YYYY, else a date as the locale of LC_TIME writes it.
bool take_date(const std::string& text, std::tm& parts) {
    const auto fields = split(text, '/');
    if (fields.size() == 3) {
        const auto month = host::number<int>(fields[0]);
        const auto day = host::number<int>(fields[1]);
        auto year = host::number<int>(fields[2]);
        if (month && day && year && *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31 && *year >= 0) {
            if (fields[2].size() == 2) *year += *year < 69 ? 2000 : 1900;
            parts.tm_mon = *month - 1;
            parts.tm_mday = *day;
            parts.tm_year = *year - 1900;
            return *year >= 1970 && *year < 10000;
        }
    }
    const locale_t locale = ::newlocale(LC_TIME_MASK, "", static_cast<locale_t>(nullptr));
    if (locale == static_cast<locale_t>(nullptr)) return false;
    const char* const rest = ::strptime_l(text.c_str(), ::nl_langinfo_l(D_FMT, locale), &parts, locale);
    ::freelocale(locale);
    return rest != nullptr && *rest == '\0';
}

void to_midnight(std::tm& parts) { parts.tm_hour = parts.tm_min = parts.tm_sec = 0; }

/// The words of ausearch; nothing for another text.
std::optional<std::int64_t> word_time(std::string_view word, const SearchClock& clock) {
    const std::int64_t now = clock.now / kMillisecond;
    std::tm parts = parts_of(clock.now, clock.zone);
    if (word == "now") return now;
    if (word == "recent") return now - 600'000;
    if (word == "boot" && clock.boot) return *clock.boot / kMillisecond / 1000 * 1000;
    if (word == "this-hour")
        parts.tm_min = parts.tm_sec = 0;
    else if (word == "today" || word == "yesterday" || word == "this-week" || word == "week-ago" ||
             word == "this-month" || word == "this-year")
        to_midnight(parts);
    else
        return std::nullopt;
    if (word == "yesterday") parts.tm_mday -= 1;
    if (word == "this-week") parts.tm_mday -= parts.tm_wday;
    if (word == "week-ago") parts.tm_mday -= 7;
    if (word == "this-month" || word == "this-year") parts.tm_mday = 1;
    if (word == "this-year") parts.tm_mon = 0;
    return moment(parts, clock.zone);
}

}  // namespace

std::size_t time_words(std::span<const std::string> words) {
    if (words.size() < 2) return words.size();
    const std::string& second = words[1];
    const bool clock = second.size() >= 4 && is_digit(second[0]) && second.find(':') != std::string::npos &&
                       second.find_first_not_of("0123456789:.,+-Z") == std::string::npos;
    return clock && words[0].find(':') == std::string::npos ? 2 : 1;
}

Result<std::int64_t> parse_search_time(std::string_view text, bool end, const SearchClock& clock) {
    const std::string_view word = trim(text);
    if (word == "today" && end) return clock.now / kMillisecond;
    if (const auto time = word_time(word, clock)) return *time;
    if (word == "boot") return Error{"when this host booted is not known"};
    const std::int64_t to_end = end ? 999 : 0;  // of the second

    const auto blank = word.find(' ');
    const std::string first(word.substr(0, blank));
    const std::string_view second = blank == std::string_view::npos ? std::string_view() : trim(word.substr(blank));
    std::tm parts = parts_of(clock.now, clock.zone);
    if (second.empty() && take_clock(first, parts)) return moment(parts, clock.zone) + to_end;
    if (first.find('-') == std::string::npos && !first.starts_with('@') && take_date(first, parts)) {
        to_midnight(parts);
        if (!second.empty() && !take_clock(second, parts)) return Error{"no time of day: " + std::string(second)};
        if (second.empty() && end) parts.tm_mday += 1;
        return second.empty() && end ? moment(parts, clock.zone) - 1 : moment(parts, clock.zone) + to_end;
    }
    if (word.size() >= 9 && word.size() <= 12 && std::ranges::all_of(word, is_digit))
        return *host::number<std::int64_t>(word) * 1000 + to_end;
    TRY(const Nanoseconds time, parse_time_words(word, clock.now, clock.zone));
    const std::int64_t milliseconds = time / kMillisecond;
    const bool date_alone = word.size() == 10 && word[4] == '-' && word[7] == '-';
    if (date_alone && end) return milliseconds + 86'400'000 - 1;
    return milliseconds % 1000 == 0 ? milliseconds + to_end : milliseconds;
}

}  // namespace plimsoll::audit
