#include "app/runtime_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "enrich/recent.h"
#include "host/temporary_tree.h"
#include "model/event.h"
#include "rule/alert_rules.h"
#include "rule/rule_examples.h"

namespace plimsoll::app {
namespace {

std::vector<std::string> rules_told(rule::AlertRules& alerts, const model::Event& event) {
    std::vector<std::string> names;
    for (const rule::AlertMatch& match : alerts.match(event)) names.push_back(match.rule->name);
    return names;
}

TEST(RuntimeRules, ShippedOnesPassTheirExamplesAndEveryOneHasSome) {
    const auto set = load_runtime_rules("/nonexistent", {});
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_GE(set->rules.size(), 35U);
    EXPECT_TRUE(set->checks.empty());
    const rule::ExampleReport report = rule::test_examples(*set);
    for (const auto& failure : report.failures) ADD_FAILURE() << failure.context << ": " << failure.message;
    for (const rule::Rule& rule : set->rules) {
        EXPECT_TRUE(rule.source == "docker" || rule.source == "audit" || rule.source == "syscall") << rule.name;
        EXPECT_FALSE(rule.tags.empty()) << rule.name;
        bool matching = rule.name == "Image from an untrusted place";  // holds for nothing until its list is filled
        bool other = false;
        for (const rule::Example& example : rule.examples) (example.expected ? matching : other) = true;
        EXPECT_TRUE(matching && other) << rule.name;
    }
}

TEST(RuntimeRules, ThoseOverTheKernelsEventsAreTheSensors) {
    auto set = load_runtime_rules("/nonexistent", {});
    ASSERT_TRUE(set) << set.error().message;
    const std::size_t all = set->rules.size();
    const rule::RuleSet kernel = take_kernel_rules(*set);
    EXPECT_FALSE(kernel.rules.empty());
    EXPECT_FALSE(set->rules.empty());
    EXPECT_EQ(kernel.rules.size() + set->rules.size(), all);
    for (const rule::Rule& rule : kernel.rules) EXPECT_EQ(rule.source, "syscall");
    for (const rule::Rule& rule : set->rules) EXPECT_NE(rule.source, "syscall");
}

TEST(RuntimeRules, ListsAreChangedByTheAdministratorsFiles) {
    const host::TemporaryTree tree;
    tree.write("/rules/own.yaml", R"(
- list: trusted_images
  items: [registry.internal/]
- list: expected_exec_containers
  items: [ci]
  override: {items: append}
- list: expected_exec_commands
  items: ["pg_dump db"]
)");
    auto set = load_runtime_rules(tree.at("/rules"), {});
    ASSERT_TRUE(set) << set.error().message;
    rule::AlertRules alerts(std::move(*set));
    model::Event start(1);
    start.set("evt.type", "start");
    start.set("docker.type", "container");
    start.set("container.image", "elsewhere/miner:1");
    EXPECT_EQ(rules_told(alerts, start), std::vector<std::string>{"Image from an untrusted place"});
    start.set("container.image", "registry.internal/web:1");
    EXPECT_TRUE(rules_told(alerts, start).empty());

    model::Event session(1);
    session.set("evt.type", "exec_start");
    session.set("docker.type", "container");
    session.set("container.name", "db");
    session.set("exec.command", "psql");
    EXPECT_EQ(rules_told(alerts, session), std::vector<std::string>{"Command run in a container"});
    session.set("exec.command", "pg_dump db");
    EXPECT_TRUE(rules_told(alerts, session).empty());
    session.set("exec.command", "psql");
    session.set("container.name", "ci");
    EXPECT_TRUE(rules_told(alerts, session).empty());
}

/// What the shipped rules say of jobs that a build machine runs one after the other, a second apart.
class Jobs : public testing::Test {
protected:
    void run(int count, const char* exit_code, const char* name = nullptr, std::int64_t restarts = 0) {
        for (int i = 0; i < count; ++i) {
            const std::string own = name != nullptr ? name : "job-" + std::to_string(i);
            time_ += kSecond;
            for (const char* action : {"create", "attach", "start", "die", "destroy"})
                see(action, own, exit_code, restarts);
        }
    }
    /// Rules of priority Warning and above, each once.
    std::vector<std::string> told;

private:
    void see(std::string_view action, const std::string& name, const char* exit_code, std::int64_t restarts) {
        model::Event event(time_);
        event.set("record.kind", "event");
        event.set("evt.type", action);
        event.set("docker.type", "container");
        event.set("docker.action", action);
        event.set("container.name", name);
        event.set("container.image", "job:1");
        event.set_number("container.restart.count", restarts);
        if (action == "die" || action == "destroy") {
            event.set_keyed("docker.attributes", "exitCode", exit_code);
            event.set_number("container.lifetime", kSecond / 2);
        }
        recent_.enrich(event);
        for (const rule::AlertMatch& match : alerts_.match(event)) {
            if (match.rule->priority > rule::Priority::warning) continue;
            if (std::ranges::find(told, match.rule->name) == told.end()) told.push_back(match.rule->name);
        }
    }

    Nanoseconds time_ = 1'795'000'000 * kSecond;
    enrich::Recent recent_;
    rule::AlertRules alerts_{*load_runtime_rules("/nonexistent", {})};
};

TEST_F(Jobs, FiftyThatSucceedAreSilent) {
    run(50, "0");
    run(50, "0", "same-name");
    EXPECT_TRUE(told.empty()) << told.front();
}

TEST_F(Jobs, FiftyThatFailAreNot) {
    run(50, "1");
    EXPECT_EQ(told, (std::vector<std::string>{"Many containers died", "Many containers removed"}));
}

TEST_F(Jobs, ALoopIsToldWhetherItsEndsAreErrorsOrItsPolicyStartsItAnew) {
    run(5, "1", "crashes");
    EXPECT_EQ(told, std::vector<std::string>{"Container in a restart loop"});
    told.clear();
    run(5, "0", "ends-at-once", 5);
    EXPECT_EQ(told, std::vector<std::string>{"Container in a restart loop"});
}

TEST(RuntimeRules, ABrokenFileIsAnErrorWithItsPlace) {
    const host::TemporaryTree tree;
    tree.write("/own.yaml",
               "- rule: x\n  desc: d\n  condition: evt.typ = start\n  output: o\n  priority: INFO\n  source: docker\n");
    const auto set = load_runtime_rules("/nonexistent", {tree.at("/own.yaml")});
    ASSERT_FALSE(set);
    EXPECT_NE(set.error().message.find("own.yaml:3:"), std::string::npos) << set.error().message;
}

}  // namespace
}  // namespace plimsoll::app
