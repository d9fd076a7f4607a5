#include "app/kernel_losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// Programs that count what the test says.
class Counting final : public sensor::KernelPrograms {
public:
    [[nodiscard]] sensor::KernelCounts counts() const override { return now; }
    [[nodiscard]] std::vector<sensor::KernelLosers> losers() const override { return lost; }
    Result<void> use(const model::KernelFilter& /*filter*/) override { return {}; }
    void know(std::span<const std::pair<std::uint64_t, std::string>> /*cgroups*/) override {}
    void watch_engines(std::span<const std::uint32_t> /*pids*/) override {}
    [[nodiscard]] std::vector<sensor::Rings::Ring> rings() const override { return {}; }
    void flush_folded() override {}
    [[nodiscard]] std::vector<std::string> blind() const override { return {}; }

    sensor::KernelCounts now{.lost = std::vector<std::array<std::uint64_t, WIRE_LOSSES>>(2)};
    std::vector<sensor::KernelLosers> lost;
};

std::string number(std::uint64_t cgroup) { return "container " + std::to_string(cgroup); }

TEST(KernelLosses, AreToldOnceByKindProcessorAndWhoseTheyWere) {
    Counting programs;
    KernelLosses losses;
    EXPECT_THAT(losses.since_last(programs, number), IsEmpty());

    programs.now.lost[0][WIRE_LOST_FILE] = 3;
    programs.now.lost[1][WIRE_LOST_FILE] = 4;
    programs.now.lost[1][WIRE_LOST_PROCESS] = 1;
    programs.lost = {{.share = 1, .cgroup = 8, .lost = 2},
                     {.share = 2, .cgroup = 9, .lost = 4},
                     {.share = 3, .cgroup = 9, .lost = 2}};
    const auto records = losses.since_last(programs, number);
    ASSERT_THAT(records, SizeIs(2));
    EXPECT_EQ(records[0].text("loss.what"), "kernel-processes");
    EXPECT_EQ(records[0].number("loss.count"), 1U);
    EXPECT_EQ(records[1].text("loss.what"), "kernel-files");
    EXPECT_EQ(records[1].number("loss.count"), 7U);
    EXPECT_THAT(std::string(records[1].text("loss.reason")),
                HasSubstr("by processor: 0: 3, 1: 4; of all kinds: 6 of container 9, 2 of container 8"));

    EXPECT_THAT(losses.since_last(programs, number), IsEmpty());
    programs.now.lost[0][WIRE_LOST_FILE] += 5;
    programs.lost[0].lost += 5;
    const auto more = losses.since_last(programs, number);
    ASSERT_THAT(more, SizeIs(1));
    EXPECT_EQ(more[0].number("loss.count"), 5U);
    EXPECT_THAT(std::string(more[0].text("loss.reason")), HasSubstr("5 of container 8"));
    EXPECT_THAT(std::string(more[0].text("loss.reason")), Not(HasSubstr("container 9")));
    EXPECT_EQ(losses.all(), 13U);
}

TEST(KernelLosses, NameThreeAtMostAndSayWhenNobodyIsKnown) {
    Counting programs;
    KernelLosses losses;
    programs.now.lost[0][WIRE_LOST_OTHER] = 10;
    auto records = losses.since_last(programs, number);
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_THAT(std::string(records[0].text("loss.reason")), HasSubstr("of whom is not known"));

    programs.now.lost[0][WIRE_LOST_OTHER] = 20;
    for (std::uint32_t i = 1; i <= 4; ++i) programs.lost.push_back({.share = i, .cgroup = i, .lost = i});
    records = losses.since_last(programs, number);
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_THAT(std::string(records[0].text("loss.reason")),
                HasSubstr("4 of container 4, 3 of container 3, 2 of container 2)"));
}

TEST(KernelLosses, OfTwoAtOnePlaceTheLastIsNamedForWhatIsNew) {
    Counting programs;
    KernelLosses losses;
    std::uint64_t all = 0;
    const auto told = [&](std::uint64_t cgroup, std::uint64_t more) {
        all += more;
        programs.now.lost[0][WIRE_LOST_OTHER] = all;
        programs.lost = {{.share = 7, .cgroup = cgroup, .lost = all}};
        return std::string(losses.since_last(programs, number).at(0).text("loss.reason"));
    };
    EXPECT_THAT(told(1, 1000), HasSubstr("1000 of container 1)"));
    EXPECT_THAT(told(2, 1), HasSubstr(": 1 of container 2)"));
    EXPECT_THAT(told(1, 1), HasSubstr(": 1 of container 1)"));
}

}  // namespace
}  // namespace plimsoll::app
