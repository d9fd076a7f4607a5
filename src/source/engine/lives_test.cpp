#include "source/engine/lives.h"

#include <gtest/gtest.h>

namespace plimsoll::source {
namespace {

using Starter = Lives::Starter;

constexpr Nanoseconds kBegin = 1'795'000'000 * kSecond;

/// A container whose engine is asked right after each start, unless a test says otherwise.
class Course : public testing::Test {
protected:
    EngineEvent event(Nanoseconds after, const char* action, const char* code = "") const {
        EngineEvent out{.time = kBegin + after, .type = "container", .action = action, .id = "c1"};
        if (*code != '\0') out.attributes.emplace_back("exitCode", code);
        return out;
    }
    static ContainerRecord inspected(Nanoseconds started, std::int64_t restarts, bool restarting = false) {
        ContainerRecord out;
        out.id = "c1";
        out.running = true;
        out.restarting = restarting;
        out.started = kBegin + started - 1;
        out.restarts = restarts;
        return out;
    }
    Starter start(Nanoseconds after, std::int64_t restarts, const char* policy = "always") {
        const ContainerRecord fresh = inspected(after, restarts);
        const EngineEvent one = event(after, "start");
        const Starter out = lives_.starter(one, &fresh, policy);
        lives_.apply(one, &fresh);
        return out;
    }
    void see(Nanoseconds after, const char* action, const char* code = "") {
        lives_.apply(event(after, action, code), nullptr);
    }

    Lives lives_;
};

TEST_F(Course, ARestartPolicyIsNamedWhenTheEnginesCountGrewBetweenTwoStarts) {
    EXPECT_EQ(start(0, 0), Starter::unknown) << "the first start is somebody's";
    see(2 * kSecond, "die", "0");
    EXPECT_EQ(start(3 * kSecond, 1), Starter::policy);
    see(5 * kSecond, "die", "1");
    EXPECT_EQ(start(6 * kSecond, 2), Starter::policy);
}

TEST_F(Course, AStartThatAPersonMadeNamesNoPolicy) {
    start(0, 0);
    see(1 * kSecond, "kill");
    see(2 * kSecond, "die", "137");
    see(3 * kSecond, "stop");
    EXPECT_EQ(start(4 * kSecond, 0), Starter::unknown) << "stopped and started, or restarted";
    see(5 * kSecond, "die", "0");
    see(6 * kSecond, "stop");
    EXPECT_EQ(start(7 * kSecond, 1), Starter::unknown) << "restarted by hand while the policy waited";
    see(8 * kSecond, "die", "0");
    EXPECT_EQ(start(9 * kSecond, 0), Starter::unknown) << "the count began anew";
    see(10 * kSecond, "die", "0");
    EXPECT_EQ(start(900 * kSecond, 1), Starter::unknown) << "no policy waits so long";
}

TEST_F(Course, APolicyThatDoesNotRestartIsNeverNamed) {
    start(0, 3, "on-failure");
    see(1 * kSecond, "die", "0");
    EXPECT_EQ(start(2 * kSecond, 4, "on-failure"), Starter::unknown);
    see(3 * kSecond, "die", "1");
    EXPECT_EQ(start(4 * kSecond, 5, "on-failure"), Starter::policy);
    see(5 * kSecond, "die", "1");
    EXPECT_EQ(start(6 * kSecond, 6, "no"), Starter::unknown);
}

TEST_F(Course, ACountThatWasReadTooLateMakesItAnInference) {
    start(0, 0);
    see(1 * kSecond, "die", "1");
    const ContainerRecord later =
        inspected(3 * kSecond, 2);  // it died and was started again before the engine answered
    const EngineEvent second = event(2 * kSecond, "start");
    EXPECT_EQ(lives_.starter(second, &later, "always"), Starter::policy_likely);
    lives_.apply(second, &later);
    see(kSecond * 5 / 2, "die", "1");
    EXPECT_EQ(start(3 * kSecond, 2), Starter::policy_likely) << "the count of the start before is not known";
    see(4 * kSecond, "die", "1");
    const ContainerRecord waiting = inspected(5 * kSecond, 4, true);
    EXPECT_EQ(lives_.starter(event(5 * kSecond, "start"), &waiting, "always"), Starter::policy_likely);
}

TEST_F(Course, ARemovalKnowsHowTheContainerEnded) {
    start(0, 0);
    see(1 * kSecond, "die", "0");
    EXPECT_EQ(lives_.ended_lately("c1", kBegin + 2 * kSecond), 0);
    EXPECT_EQ(lives_.ended_lately("c1", kBegin + 200 * kSecond), std::nullopt) << "another act than its end";
    see(3 * kSecond, "destroy");
    EXPECT_EQ(lives_.ended_lately("c1", kBegin + 4 * kSecond), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::source
