#include "sink/fold.h"

#include <gtest/gtest.h>

#include <vector>

namespace plimsoll::sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Folder::Time kStart{seconds(1000)};

model::Event alert_of(const std::string& rule, const std::string& priority = "Notice") {
    model::Event event(1);
    event.set("alert.rule", rule);
    event.set("alert.key", rule);
    event.set("alert.priority", priority);
    event.set("alert.output", rule + " happened");
    return event;
}

/// Everything that goes out when the alerts come one after the other at the same time, then all that is due later.
struct Told {
    std::vector<RecordNumber> numbers;
    std::uint64_t stands_for = 0;

    void add(std::optional<Outgoing> out) {
        if (!out) return;
        numbers.push_back(out->number);
        stands_for += out->stands_for;
    }
};

TEST(Fold, TheFirstGoesAtOnceAndRepeatsAreToldTogetherWhenTheWindowEnds) {
    Folder folder(seconds(60), {});
    const auto first = folder.take(1, alert_of("a"), kStart);
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->alert.has("alert.folded"));
    for (RecordNumber number = 2; number <= 8; ++number)
        EXPECT_FALSE(folder.take(number, alert_of("a"), kStart + seconds(5)));
    EXPECT_EQ(folder.lowest_held(), 2U);
    EXPECT_FALSE(folder.due(kStart + seconds(59)));
    EXPECT_EQ(folder.next(), kStart + seconds(60));
    const auto summary = folder.due(kStart + seconds(60));
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->alert.number("alert.folded"), 7U);
    EXPECT_EQ(summary->stands_for, 7U);
    EXPECT_EQ(summary->number, 8U);
    EXPECT_FALSE(folder.lowest_held());
    EXPECT_EQ(folder.held(), 0U);
}

TEST(Fold, AStormIsToldOnceInEachWindowAndThenStartsAnew) {
    Folder folder(seconds(60), {});
    ASSERT_TRUE(folder.take(1, alert_of("a"), kStart));
    ASSERT_FALSE(folder.take(2, alert_of("a"), kStart + seconds(1)));
    ASSERT_TRUE(folder.due(kStart + seconds(60)));
    EXPECT_FALSE(folder.take(3, alert_of("a"), kStart + seconds(61)));  // the next window runs
    ASSERT_TRUE(folder.due(kStart + seconds(120)));
    EXPECT_FALSE(folder.due(kStart + seconds(180)));  // a window without repeats ends silently
    EXPECT_TRUE(folder.take(4, alert_of("a"), kStart + seconds(181)));
}

TEST(Fold, OtherKeysAreNotFolded) {
    Folder folder(seconds(60), {});
    EXPECT_TRUE(folder.take(1, alert_of("a"), kStart));
    EXPECT_TRUE(folder.take(2, alert_of("b"), kStart));
    Folder off(seconds(0), {});
    EXPECT_TRUE(off.take(1, alert_of("a"), kStart));
    EXPECT_TRUE(off.take(2, alert_of("a"), kStart));
}

TEST(Fold, BeyondTheRateOneSummaryTellsHowManyAndWhich) {
    Folder folder(seconds(0), {.per_minute = 60, .burst = 3});
    Told told;
    for (RecordNumber number = 0; number < 10; ++number)
        told.add(
            folder.take(number, alert_of(number == 7 ? "grave" : "a", number == 7 ? "Critical" : "Notice"), kStart));
    EXPECT_EQ(told.numbers, (std::vector<RecordNumber>{0, 1, 2}));
    EXPECT_EQ(folder.next(), kStart + seconds(1));
    EXPECT_FALSE(folder.due(kStart + milliseconds(900)));
    const auto summary = folder.due(kStart + milliseconds(1001));
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->alert.number("alert.folded"), 7U);
    EXPECT_EQ(summary->alert.text("alert.priority"), "Critical");
    EXPECT_EQ(summary->alert.text("alert.output"),
              "7 alerts were held back, since more came than 60 a minute: a (6), grave (1). They stand in the record, "
              "3 to 9.");
    told.add(folder.take(10, alert_of("a"), kStart + seconds(10)));
    EXPECT_EQ(told.numbers.back(), 10U);
}

TEST(Fold, NothingIsLostFromTheCountsWhateverTheMix) {
    Folder folder(seconds(60), {.per_minute = 120, .burst = 5});
    Told told;
    Folder::Time now = kStart;
    constexpr std::uint64_t kAlerts = 20'000;
    for (RecordNumber number = 0; number < kAlerts; ++number) {
        now += milliseconds(number % 7 == 0 ? 300 : 1);
        while (auto out = folder.due(now)) told.add(std::move(out));
        told.add(folder.take(number, alert_of("rule " + std::to_string(number * 7919 % 3000)), now));
    }
    while (auto out = folder.due(now, true)) told.add(std::move(out));
    EXPECT_EQ(told.stands_for, kAlerts);
    EXPECT_EQ(folder.held(), 0U);
    EXPECT_FALSE(folder.lowest_held());
    EXPECT_LT(told.numbers.size(), kAlerts / 8);
}

TEST(Fold, KeysAreBoundedAndTheCountOfAForgottenOneIsToldAllTheSame) {
    Folder folder(seconds(60), {});
    Told told;
    told.add(folder.take(0, alert_of("first"), kStart));
    told.add(folder.take(1, alert_of("first"), kStart));
    for (RecordNumber number = 2; number < 2 + Folder::kMostKeys; ++number)
        told.add(folder.take(number, alert_of("rule " + std::to_string(number)), kStart));
    while (auto out = folder.due(kStart)) told.add(std::move(out));
    EXPECT_EQ(told.stands_for, 2 + Folder::kMostKeys);
}

}  // namespace
}  // namespace plimsoll::sink
