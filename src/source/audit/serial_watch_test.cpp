#include "source/audit/serial_watch.h"

#include <gtest/gtest.h>

namespace plimsoll::source {
namespace {

TEST(SerialWatch, EventsThatOvertakeEachOtherAreNoGap) {
    SerialWatch watch;
    for (const std::uint64_t serial : {10U, 12U, 11U, 11U, 12U, 15U, 13U, 14U, 16U}) watch.saw(serial, 1000);
    EXPECT_EQ(watch.overdue(99'000, 3000).count, 0U);
}

TEST(SerialWatch, AGapIsToldOnceWithItsTimes) {
    SerialWatch watch;
    watch.saw(10, 1000);
    watch.saw(15, 2000);
    watch.saw(13, 2100);
    watch.saw(20, 2500);
    EXPECT_EQ(watch.overdue(3000, 3000).count, 0U);  // they may still come
    const auto gap = watch.overdue(9000, 3000);
    EXPECT_EQ(gap.count, 7U);  // 11, 12, 14, 16 to 19
    EXPECT_EQ(gap.from, 1000);
    EXPECT_EQ(gap.until, 2500);
    EXPECT_EQ(watch.overdue(9000, 3000).count, 0U);
    watch.saw(12, 9000);  // too late
    EXPECT_EQ(watch.overdue(99'000, 3000).count, 0U);
}

TEST(SerialWatch, NumbersThatBeginAgainAreAnotherStream) {
    SerialWatch watch;
    watch.saw(5'000'000, 1000);
    watch.saw(1, 2000);
    watch.saw(2, 2000);
    EXPECT_EQ(watch.overdue(99'000, 3000).count, 0U);
    watch.restart();
    watch.saw(100, 3000);
    EXPECT_EQ(watch.overdue(99'000, 3000).count, 0U);
}

TEST(SerialWatch, ManyGapsStayBounded) {
    SerialWatch watch;
    for (std::uint64_t serial = 0; serial < 100'000; serial += 2) watch.saw(serial + 2, 1000);
    EXPECT_EQ(watch.overdue(99'000, 3000).count, 49'999U);
}

}  // namespace
}  // namespace plimsoll::source
