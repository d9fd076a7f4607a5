#include "base/time_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

namespace plimsoll {
namespace {

using testing::HasSubstr;

/// Sets TZ for one test.
class ZoneGuard {
public:
    explicit ZoneGuard(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }
    ~ZoneGuard() {
        ::unsetenv("TZ");
        ::tzset();
    }
    ZoneGuard(const ZoneGuard&) = delete;
    ZoneGuard& operator=(const ZoneGuard&) = delete;
};

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";  // needs no zone files
constexpr const char* kNewYork = "EST5EDT,M3.2.0,M11.1.0";

Nanoseconds utc(std::string_view rfc3339) { return parse_rfc3339(rfc3339).value(); }

/// What the words mean in Berlin on Saturday 2026-11-21 at 12:34:56, as UTC.
std::string in_berlin(std::string_view words) {
    const ZoneGuard zone(kBerlin);
    const auto time = parse_time_words(words, utc("2026-11-21T11:34:56Z"));
    return time ? to_rfc3339(*time) : time.error().message;
}

TEST(TimeWords, ReadWhatPeopleWrite) {
    struct Row {
        const char* words;
        const char* meant;
    };
    for (const auto& [words, meant] : {
             Row{"now", "2026-11-21T11:34:56Z"},
             Row{"2026-11-17T03:00:00+01:00", "2026-11-17T02:00:00Z"},
             Row{"2026-11-17T03:00:00Z", "2026-11-17T03:00:00Z"},
             Row{"2026-11-17T03:00:00", "2026-11-17T02:00:00Z"},
             Row{"2026-11-17 03:00", "2026-11-17T02:00:00Z"},
             Row{"2026-11-17 03:00:09", "2026-11-17T02:00:09Z"},
             Row{"2026-11-17 3am", "2026-11-17T02:00:00Z"},
             Row{"2026-11-17 03:00 UTC", "2026-11-17T03:00:00Z"},
             Row{"2026-11-17 03:00-0500", "2026-11-17T08:00:00Z"},
             Row{"2026-11-17", "2026-11-16T23:00:00Z"},
             Row{"2026-07-17", "2026-07-16T22:00:00Z"},  // summer
             Row{"@1763434800", "2025-11-18T03:00:00Z"},
             Row{"15m", "2026-11-21T11:19:56Z"},
             Row{"2h ago", "2026-11-21T09:34:56Z"},
             Row{"90 seconds ago", "2026-11-21T11:33:26Z"},
             Row{"1h30m ago", "2026-11-21T10:04:56Z"},
             Row{"2 hours and 5 minutes ago", "2026-11-21T09:29:56Z"},
             Row{"an hour ago", "2026-11-21T10:34:56Z"},
             Row{"3 days ago", "2026-11-18T11:34:56Z"},
             Row{"today", "2026-11-20T23:00:00Z"},
             Row{"Today 18:00", "2026-11-21T17:00:00Z"},  // said so, though it is in the future
             Row{"yesterday 14:00", "2026-11-20T13:00:00Z"},
             Row{"yesterday at noon", "2026-11-20T11:00:00Z"},
             Row{"noon yesterday", "2026-11-20T11:00:00Z"},
             Row{"tomorrow", "2026-11-21T23:00:00Z"},
             Row{"monday", "2026-11-15T23:00:00Z"},
             Row{"tuesday 03:00", "2026-11-17T02:00:00Z"},
             Row{"tue 3am", "2026-11-17T02:00:00Z"},
             Row{"last Tuesday 3am", "2026-11-17T02:00:00Z"},
             Row{"3:30 pm last tuesday", "2026-11-17T14:30:00Z"},
             Row{"saturday", "2026-11-20T23:00:00Z"},        // today
             Row{"saturday 18:00", "2026-11-14T17:00:00Z"},  // not come yet, so a week ago
             Row{"last saturday", "2026-11-13T23:00:00Z"},
             Row{"3am", "2026-11-21T02:00:00Z"},
             Row{"15:00", "2026-11-20T14:00:00Z"},  // the last one that was
             Row{"12am", "2026-11-20T23:00:00Z"},
             Row{"12pm", "2026-11-21T11:00:00Z"},
             Row{"noon", "2026-11-21T11:00:00Z"},
             Row{"midnight", "2026-11-20T23:00:00Z"},
             Row{"03:00 UTC", "2026-11-21T03:00:00Z"},
             Row{"yesterday 24:00", "2026-11-20T23:00:00Z"},
         }) {
        EXPECT_EQ(in_berlin(words), meant) << words;
    }
}

TEST(TimeWords, FractionsAreKept) {
    EXPECT_EQ(parse_time_words("@1.5", 0, Zone::utc).value(), 1'500'000'000);
    EXPECT_EQ(parse_time_words("2026-11-17 03:00:00.000000042", 0, Zone::utc).value() % kSecond, 42);
}

TEST(TimeWords, AnythingElseIsAnErrorWithExamples) {
    for (const char* words : {"",
                              "  ",
                              "soon",
                              "25:00",
                              "3",
                              "13pm",
                              "0am",
                              "2026-13-01",
                              "2026-11-17 03:60",
                              "ago",
                              "h ago",
                              "2 ago",
                              "2x ago",
                              "99999999999999999999h ago",
                              "last",
                              "last today",
                              "monday tuesday",
                              "3am 4am",
                              "@",
                              "@-5",
                              "@x",
                              "@99999999999999",
                              "2026-11-17 03:00 +99:00",
                              "z",
                              "utc",
                              "at",
                              "2026-11-17T",
                              "2h ago ago",
                              "1:2",
                              "tuesday 03:00 last",
                              "\x1b[31m",
                              "m",
                              "today at"}) {
        EXPECT_THAT(in_berlin(words), HasSubstr("last tuesday 3am")) << words;
    }
    EXPECT_EQ(in_berlin("\x1b]0;x\x07").find('\x1b'), std::string::npos);
}

TEST(TimeWords, SkippedTimesAreReadByTheOffsetBeforeTheChangeAndDoubleOnesAreTheFirst) {
    const ZoneGuard zone(kBerlin);
    EXPECT_EQ(to_rfc3339(*parse_time_words("2026-03-29 02:30", 0)), "2026-03-29T01:30:00Z");  // shows 03:30
    EXPECT_EQ(to_rfc3339(*parse_time_words("2026-10-25 02:30", 0)), "2026-10-25T00:30:00Z");
    EXPECT_EQ(to_rfc3339(*parse_time_words("2026-10-25 03:00", 0)), "2026-10-25T02:00:00Z");
    EXPECT_EQ(to_rfc3339(*parse_time_words("2026-03-29 03:00", 0)), "2026-03-29T01:00:00Z");
    // A day with 25 hours: yesterday 14:00 is a time of the day, not 24 hours before one.
    EXPECT_EQ(to_rfc3339(*parse_time_words("yesterday 14:00", utc("2026-10-25T20:00:00Z"))), "2026-10-24T12:00:00Z");
}

TEST(TimeWords, TheZoneIsNamed) {
    {
        const ZoneGuard zone(kBerlin);
        EXPECT_EQ(zone_name(utc("2026-11-21T00:00:00Z"), Zone::local), "CET, UTC+01:00");
        EXPECT_EQ(zone_name(utc("2026-07-21T00:00:00Z"), Zone::local), "CEST, UTC+02:00");
        EXPECT_EQ(zone_name(0, Zone::utc), "UTC");
        EXPECT_EQ(to_clock(utc("2026-11-21T02:00:00.25Z"), Zone::local), "2026-11-21 03:00:00.250");
        EXPECT_EQ(to_clock(utc("2026-11-21T02:00:00.25Z"), Zone::utc, 0), "2026-11-21 02:00:00");
        EXPECT_EQ(to_clock(-1, Zone::utc, 9), "1969-12-31 23:59:59.999999999");
    }
    const ZoneGuard zone("<-0330>3:30");
    EXPECT_EQ(zone_name(0, Zone::local), "UTC-03:30");
}

TEST(TimeWords, WhatAClockShowsIsReadBackInAnyZone) {
    std::mt19937_64 random(17);
    for (const char* name : {kBerlin, kNewYork, "<+1345>-13:45", "UTC0"}) {
        const ZoneGuard zone(name);
        for (int i = 0; i < 2000; ++i) {
            const auto at = static_cast<Nanoseconds>(random() % (60 * 365 * 86'400ULL)) * kSecond;
            const auto shown = to_clock(at, Zone::local, 0);
            const auto back = parse_time_words(shown, at);
            ASSERT_TRUE(back) << shown;
            EXPECT_EQ(to_clock(*back, Zone::local, 0), shown);
            EXPECT_LE(*back, at);  // the first of two
            EXPECT_GE(*back, at - 3600 * kSecond);
            EXPECT_EQ(parse_time_words(to_clock(at, Zone::utc, 9) + "Z", 0), at);
        }
    }
}

TEST(TimeWords, SpansOfTime) {
    EXPECT_EQ(parse_duration_words("1h").value(), 3600 * kSecond);
    EXPECT_EQ(parse_duration_words("1h 30m").value(), 5400 * kSecond);
    EXPECT_EQ(parse_duration_words("250ms").value(), kSecond / 4);
    EXPECT_EQ(parse_duration_words("2 weeks").value(), 14 * kDay);
    for (const char* words : {"", "0s", "1", "h", "-1h", "1 fortnight", "1h ago", "200000 days"}) {
        EXPECT_FALSE(parse_duration_words(words)) << words;
    }
}

}  // namespace
}  // namespace plimsoll
