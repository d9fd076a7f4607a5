#include "base/time.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace plimsoll {

namespace {

/// Reads exactly `digits` digits at the front of `text` and takes them off.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + digits, value);
    if (fault != std::errc() || end != text.data() + digits || value < 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Nanoseconds> take_date(std::string_view& text) {
    const auto year = take_number(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_number(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_number(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *year < 1970 || *year > 2261) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

Nanoseconds take_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    Nanoseconds value = 0;
    Nanoseconds unit = kSecond / 10;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        value += unit * (text.front() - '0');
        unit /= 10;
        text.remove_prefix(1);
    }
    return value;
}

}  // namespace

Nanoseconds now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::optional<Nanoseconds> parse_rfc3339(std::string_view text) {
    const auto date = take_date(text);
    if (!date || !(take(text, 'T') || take(text, ' '))) return std::nullopt;
    const auto hour = take_number(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || !take(text, ':')) return std::nullopt;
    const auto second = take_number(text, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    Nanoseconds time = *date + ((*hour * 60 + *minute) * 60LL + *second) * kSecond + take_fraction(text);
    if (text == "Z") return time;
    const bool ahead = take(text, '+');
    if (!ahead && !take(text, '-')) return std::nullopt;
    const auto hours = take_number(text, 2);
    take(text, ':');
    const auto minutes = take_number(text, 2);
    if (!hours || !minutes || !text.empty()) return std::nullopt;
    const Nanoseconds offset = (*hours * 60 + *minutes) * 60LL * kSecond;
    return ahead ? time - offset : time + offset;
}

std::optional<Nanoseconds> parse_date(std::string_view text) {
    const auto date = take_date(text);
    return text.empty() ? date : std::nullopt;
}

std::string to_date(Nanoseconds time) {
    using namespace std::chrono;
    const year_month_day date{floor<days>(sys_time<nanoseconds>(nanoseconds(time)))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
}

std::string to_rfc3339(Nanoseconds time) {
    const Nanoseconds in_day = ((time % kDay) + kDay) % kDay / kSecond;
    return fmt::format("{}T{:02}:{:02}:{:02}Z", to_date(time), in_day / 3600, in_day / 60 % 60, in_day % 60);
}

}  // namespace plimsoll
