// Events that were recorded, judged by Falco's official rules: the same rules fire as in Falco.

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "rule/alert_rules.h"
#include "rule/official_rules.h"
#include "rule/program.h"

namespace plimsoll::rule {
namespace {

using nlohmann::json;

/// All rules in one program, as the agent judges them.
struct Judge {
    explicit Judge(bool disabled_too) : sets(official::rules()) {
        ProgramBuilder builder;
        for (const auto& set : sets) {
            for (const auto& rule : set.rules) {
                if (!rule.enabled && !disabled_too) continue;
                EXPECT_TRUE(builder.add(rule.condition)) << rule.name;
                rules.push_back(&rule);
            }
        }
        program.emplace(std::move(builder).build());
        evaluator.emplace(*program);
    }

    std::set<std::string> fired(const official::Recorded& event) {
        std::set<std::string> out;
        evaluator->start(event.record);
        for (const auto id : program->candidates(event.type)) {
            const auto truth = evaluator->evaluate(id);
            EXPECT_NE(truth, Truth::unknown) << rules[id]->name << ": " << evaluator->reason();
            if (truth == Truth::yes) out.insert(rules[id]->name);
        }
        return out;
    }

    std::vector<RuleSet> sets;
    std::vector<const Rule*> rules;
    std::optional<Program> program;
    std::optional<Evaluator> evaluator;
};

TEST(OfficialRules, AllCompileToWhatFalcoCompilesThemTo) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    const auto expected =
        json::parse(official::read_file(official::kData / "falco-cases/official_rules_expanded.json"));
    const auto sets = official::rules();
    std::set<std::string> seen;
    for (std::size_t i = 0; i < sets.size(); ++i) {
        EXPECT_TRUE(sets[i].ok());
        for (const auto& rule : sets[i].rules) {
            const auto key = std::string(official::kFiles[i]) + "/" + rule.name;
            ASSERT_TRUE(expected.contains(key)) << key;
            EXPECT_EQ(to_text(*rule.condition), expected[key]["compiled"].get<std::string>()) << key;
            seen.insert(key);
        }
    }
    EXPECT_EQ(seen.size(), expected.size());
    EXPECT_EQ(seen.size(), 93U);
    EXPECT_EQ(official::enabled(sets).size(), 81U);
}

TEST(OfficialRules, FireOnRecordedEventsAsInFalco) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    Judge judge(true);  // the recording was made with the disabled rules too
    EXPECT_EQ(judge.rules.size(), 93U);
    const auto events = official::events();
    EXPECT_GT(events.size(), 900U);
    std::map<std::string, int> fired;
    for (const auto& event : events) {
        const auto rules = judge.fired(event);
        EXPECT_EQ(rules, event.matches) << "event " << event.id;
        for (const auto& rule : rules) ++fired[rule];
    }
    EXPECT_EQ(fired.size(), 20U);
}

TEST(OfficialRules, FireTheSameWhenOnlyTheEnabledOnesAreLoaded) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    Judge judge(false);
    EXPECT_EQ(judge.rules.size(), 81U);
    std::set<std::string> enabled;
    for (const auto* rule : judge.rules) enabled.insert(rule->name);
    for (const auto& event : official::events()) {
        auto wanted = event.matches;
        std::erase_if(wanted, [&](const std::string& name) { return !enabled.contains(name); });
        EXPECT_EQ(judge.fired(event), wanted) << "event " << event.id;
    }
}

TEST(OfficialRules, FireTheSameWhenTheThreeFilesAreLoadedIntoOneSet) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    RuleLoader loader;
    for (const std::string name : official::kFiles)
        loader.add(name, official::read_file(official::kData / "falco-rules" / (name + ".yaml")));
    auto set = std::move(loader).finish();
    for (const auto& one : set.diagnostics) EXPECT_EQ(one.level, Diagnostic::Level::warning) << to_text(one, set);
    AlertRules alerts(std::move(set), std::vector<std::string_view>{"syscall"});
    std::set<std::string> enabled;
    for (const auto& count : alerts.counts()) enabled.insert(count.rule->name);
    EXPECT_EQ(enabled.size(), 81U);
    for (const auto& event : official::events()) {
        std::set<std::string> fired;
        for (const auto& match : alerts.match(event.record)) fired.insert(match.rule->name);
        auto wanted = event.matches;
        std::erase_if(wanted, [&](const std::string& name) { return !enabled.contains(name); });
        EXPECT_EQ(fired, wanted) << "event " << event.id;
    }
}

TEST(OfficialRules, TheIndexLeavesOutNoRuleThatIsNotFalse) {
    if (!official::is_here()) GTEST_SKIP() << "the shared cases are not here";
    Judge judge(true);
    for (const auto& event : official::events()) {
        const auto candidates = judge.program->candidates(event.type);
        judge.evaluator->start(event.record);
        for (ConditionId id = 0; id < judge.program->conditions(); ++id) {
            const bool listed = std::ranges::find(candidates, id) != candidates.end();
            EXPECT_TRUE(listed || judge.evaluator->evaluate(id) == Truth::no)
                << judge.rules[id]->name << " on event " << event.id;
        }
    }
}

}  // namespace
}  // namespace plimsoll::rule
