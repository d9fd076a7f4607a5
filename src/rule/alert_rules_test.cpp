#include "rule/alert_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/event.h"
#include "rule/scope.h"

namespace plimsoll::rule {
namespace {

constexpr std::string_view kRules = R"y(
- rule: privileged
  desc: d
  condition: evt.type = start and container.privileged = true
  output: "privileged %container.name at %evt.time.s (%recent.host)"
  priority: CRITICAL
  source: docker
- rule: any start
  desc: d
  condition: evt.type = start
  output: "start of %container.name"
  priority: INFO
  source: docker
- rule: gap
  desc: d
  condition: record.kind = loss
  output: "gap"
  priority: WARNING
  source: docker
- rule: off
  desc: d
  condition: evt.type = start
  output: "never"
  priority: INFO
  source: docker
  enabled: false
- rule: of the sensor
  desc: d
  condition: evt.type = start
  output: "never"
  priority: INFO
)y";

RuleSet rules() {
    RuleSet set = load_rules("own.yaml", kRules);
    EXPECT_TRUE(set.ok());
    return set;
}

model::Event start_of(std::string_view name, bool privileged) {
    model::Event event(1);
    event.set("evt.type", "start");
    event.set("container.id", name);
    event.set("container.name", name);
    event.set("container.privileged", privileged);
    return event;
}

std::vector<std::string> outputs(std::span<const AlertMatch> matches) {
    std::vector<std::string> out;
    for (const AlertMatch& match : matches) out.push_back(match.rule->name + ": " + match.output);
    return out;
}

TEST(AlertRules, TellEveryRuleOfTheSourceThatHolds) {
    AlertRules alerts(rules());
    model::Event event = start_of("web", true);
    event.set_number("recent.host", 3);
    const auto told = outputs(alerts.match(event));
    ASSERT_EQ(told.size(), 2U);
    EXPECT_THAT(told[0], testing::StartsWith("privileged: privileged web at "));
    EXPECT_EQ(told[1], "any start: start of web");
    EXPECT_THAT(outputs(alerts.match(start_of("web", false))), testing::ElementsAre("any start: start of web"));
}

TEST(AlertRules, SeeRecordsWithoutEventType) {
    AlertRules alerts(rules());
    model::Event gap(1);
    gap.set("record.kind", "loss");
    EXPECT_THAT(outputs(alerts.match(gap)), testing::ElementsAre("gap: gap"));
    EXPECT_TRUE(alerts.match(model::Event(1)).empty());
}

TEST(AlertRules, CountWhatTheyCouldNotTellInsteadOfPassingIt) {
    AlertRules alerts(rules());
    model::Event event = start_of("web", false);
    event.unknown("container.privileged", "inspect answered 500");
    EXPECT_THAT(outputs(alerts.match(event)), testing::ElementsAre("any start: start of web"));
    const auto counts = alerts.counts();
    ASSERT_EQ(counts.size(), 3U);
    EXPECT_EQ(counts[0].unknown, 1U);
    EXPECT_EQ(counts[0].matched, 0U);
    EXPECT_EQ(counts[0].unknown_reason, "container.privileged: inspect answered 500");
    EXPECT_EQ(counts[1].matched, 1U);
    EXPECT_EQ(counts[1].unknown, 0U);
}

TEST(AlertRules, IdentityLeavesTimesAndCountsOutAndTellsContainersApart) {
    AlertRules alerts(rules());
    const auto identity = [&](const char* name, Nanoseconds time, std::int64_t recent) {
        model::Event event = start_of(name, true);
        event.set_time(time);
        event.set_number("recent.host", recent);
        return alerts.match(event)[0].identity;
    };
    EXPECT_EQ(identity("web", 1, 1), identity("web", 5 * kSecond, 9));
    EXPECT_NE(identity("web", 1, 1), identity("db", 1, 1));
}

TEST(AlertRules, JudgeAnotherNameOfTheFileByTheRulesThatReadIt) {
    RuleSet set = load_rules("own.yaml", R"y(
- {rule: of file, desc: d, condition: evt.type = openat and fd.name startswith /bin/, output: "%fd.name", priority: INFO}
- {rule: of process, desc: d, condition: evt.type = openat and proc.name = sh, output: o, priority: INFO}
)y");
    AlertRules alerts(std::move(set), std::vector<std::string_view>{"syscall"});
    model::Event event(1);
    event.set("evt.type", "openat");
    event.set("proc.name", "sh");
    event.set("fd.name", "/usr/bin/x");
    EXPECT_THAT(outputs(alerts.match(event)), testing::ElementsAre("of process: o"));
    event.set("fd.name", "/bin/x");
    EXPECT_THAT(outputs(alerts.match_again(event)), testing::ElementsAre("of file: /bin/x"));
}

TEST(AlertRules, JudgesWishesBesideTheRules) {
    const auto wish = resolve("container.name startswith web", {});
    ASSERT_TRUE(wish);
    AlertRules alerts(rules(), AlertRules::kEngineSources, std::span(&*wish, 1));
    EXPECT_EQ(outputs(alerts.match(start_of("web-1", false))), std::vector<std::string>{"any start: start of web-1"});
    EXPECT_TRUE(alerts.wished());
    EXPECT_EQ(alerts.match(start_of("db", false)).size(), 1U);
    EXPECT_FALSE(alerts.wished());
    EXPECT_EQ(alerts.counts().size(), 3U);  // a wish is no rule
}

}  // namespace
}  // namespace plimsoll::rule
