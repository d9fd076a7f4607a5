#include "sink/alert_event.h"

#include <gtest/gtest.h>

namespace plimsoll::sink {
namespace {

rule::Rule a_rule() {
    rule::Rule rule;
    rule.name = "Shell in a container";
    rule.priority = rule::Priority::notice;
    rule.tags = {"T1609", "exec"};
    return rule;
}

model::Event a_cause() {
    model::Event cause(42);
    cause.set("record.kind", "event");
    cause.set("evt.type", "exec_start");
    cause.set("docker.action", "exec_start");
    cause.set("container.id", "0123456789ab");
    cause.set("container.name", "web");
    cause.set("container.labels", "a:b");
    cause.set("exec.command", "sh");
    cause.set("change.after", "{}");
    cause.unknown("exec.user", "inspect failed");
    return cause;
}

model::Event made(const rule::AlertMatch& match, const model::Event& cause, RecordNumber number) {
    model::Event alert;
    make_alert(match, cause, number, alert);
    return alert;
}

TEST(AlertEvent, HoldsTheRuleTheOutputAndWhoseCauseItWas) {
    const rule::Rule rule = a_rule();
    const model::Event alert = made({.rule = &rule, .output = "Shell in web: sh", .identity = "i"}, a_cause(), 99);
    EXPECT_EQ(alert.time(), 42);
    EXPECT_EQ(alert.text("record.kind"), "alert");
    EXPECT_EQ(alert.text("record.summary"), "Notice: Shell in web: sh");
    EXPECT_EQ(alert.text("alert.rule"), "Shell in a container");
    EXPECT_EQ(alert.text("alert.priority"), "Notice");
    EXPECT_EQ(alert.number("alert.record"), 99U);
    EXPECT_EQ(alert.read(model::FieldKey("alert.tags").id(), {}).values.size(), 2U);
    EXPECT_EQ(alert.text("container.name"), "web");
    EXPECT_EQ(alert.text("exec.command"), "sh");
    EXPECT_EQ(alert.read(model::FieldKey("exec.user").id(), {}).reason, "inspect failed");
    EXPECT_FALSE(alert.has("evt.type"));  // else it would count as one more such event
    EXPECT_FALSE(alert.has("change.after"));
    EXPECT_FALSE(alert.has("container.labels"));
    EXPECT_EQ(priority_of(alert), rule::Priority::notice);
}

TEST(AlertEvent, IsBoundedWhateverTheCauseHolds) {
    const rule::Rule rule = a_rule();
    model::Event cause = a_cause();
    cause.set("exec.command", std::string(1'000'000, 'x'));
    for (int i = 0; i < 1000; ++i)
        cause.set_keyed("docker.attributes", "label" + std::to_string(i), std::string(10'000, 'y'));
    const model::Event alert = made({.rule = &rule, .output = std::string(1'000'000, 'z'), .identity = ""}, cause, 1);
    std::size_t bytes = 0;
    for (const auto& slot : alert.slots()) {
        for (const auto& value : alert.values(slot)) bytes += model::to_text(value).size();
    }
    EXPECT_LT(bytes, kAlertBytes + 3 * kAlertOutput);
    EXPECT_TRUE(alert.text("exec.command").ends_with("…"));
}

TEST(AlertEvent, TakesNoMoreMemoryThanItNeeds) {
    rule::Rule rule = a_rule();
    rule.tags = {"container", "mitre_execution"};
    const model::Event alert = made({.rule = &rule, .output = "Shell in web: sh", .identity = "i"}, a_cause(), 99);
    EXPECT_LE(alert.memory(), alert.clone().memory() + 400);
}

TEST(AlertEvent, KeysAreEqualWhenIdentitiesAre) {
    const rule::Rule rule = a_rule();
    const auto key = [&](const char* identity) {
        return std::string(made({.rule = &rule, .output = "o", .identity = identity}, a_cause(), 1).text("alert.key"));
    };
    EXPECT_EQ(key("a"), key("a"));
    EXPECT_NE(key("a"), key("b"));
    EXPECT_EQ(key("a").size(), 32U);
}

TEST(ActAlert, OneRecordTellsOfTheActAndOfTheAlert) {
    const rule::Rule rule = a_rule();
    model::Event act = a_cause();
    ASSERT_TRUE(ActAlert().tell({.rule = &rule, .output = "Shell in web: sh", .identity = "i"}, act));
    EXPECT_EQ(act.time(), 42);
    EXPECT_EQ(act.text("record.kind"), "alert");
    EXPECT_EQ(act.text("record.summary"), "Notice: Shell in web: sh");
    EXPECT_EQ(act.text("alert.rule"), "Shell in a container");
    EXPECT_EQ(act.text("alert.key").size(), 32U);
    EXPECT_FALSE(act.has("alert.record"));
    EXPECT_EQ(act.text("evt.type"), "exec_start");
    EXPECT_EQ(act.text("change.after"), "{}");
    EXPECT_EQ(cause_of({.number = 7, .alert = act, .host = "h"}), 7U);
    const model::Event apart = made({.rule = &rule, .output = "o", .identity = "i"}, a_cause(), 99);
    EXPECT_EQ(cause_of({.number = 100, .alert = apart, .host = "h"}), 99U);
    const model::Event uncaused = made({.rule = &rule, .output = "o", .identity = "i"}, a_cause(), kNotRecorded);
    EXPECT_EQ(cause_of({.number = 100, .alert = uncaused, .host = "h"}), kNotRecorded);
}

TEST(ActAlert, AnActOfMoreTextThanAnAlertMayHaveIsLeftAlone) {
    const rule::Rule rule = a_rule();
    model::Event act = a_cause();
    act.set("proc.args", std::string(kAlertBytes, 'x'));
    EXPECT_FALSE(ActAlert().tell({.rule = &rule, .output = "o", .identity = "i"}, act));
    EXPECT_EQ(act.text("record.kind"), "event");
    EXPECT_FALSE(act.has("alert.rule"));
}

}  // namespace
}  // namespace plimsoll::sink
