#include "base/time.h"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Time, ReadsWhatEnginesWrite) {
    EXPECT_EQ(to_rfc3339(parse_rfc3339("2026-11-21T00:30:01.83066572Z").value()), "2026-11-21T00:30:01Z");
    EXPECT_EQ(parse_rfc3339("2026-11-21T00:30:01.5Z").value() % kSecond, kSecond / 2);
    EXPECT_EQ(parse_rfc3339("2026-11-21T02:30:01+02:00"), parse_rfc3339("2026-11-21T00:30:01Z"));
    EXPECT_EQ(parse_rfc3339("2026-11-20T19:00:01-05:30"), parse_rfc3339("2026-11-21T00:30:01Z"));
}

TEST(Time, TheEnginesZeroTimeAndGarbageAreNothing) {
    for (const char* text : {"0001-01-01T00:00:00Z", "", "2026-13-01T00:00:00Z", "2026-11-21", "2026-11-21T25:00:00Z",
                             "2026-11-21T00:00:00", "2026-11-21T00:00:00Zx"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(Time, Dates) {
    EXPECT_EQ(to_date(parse_date("2024-02-29").value()), "2024-02-29");
    EXPECT_FALSE(parse_date("2023-02-29"));
    EXPECT_FALSE(parse_date("2024-02-29x"));
}

}  // namespace
}  // namespace plimsoll
