// Rule files of Falco's own tests, with what Falco says of each; and its official rules, on events that were recorded.

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rule/program.h"
#include "rule/rule_set.h"

namespace plimsoll::rule {
namespace {

using nlohmann::json;

const std::filesystem::path kData = std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data";

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Where loading differs from Falco's on purpose, and why.
const std::map<std::string, std::string> kDifferences = {
    {"test_falco_engine.list_name_invalid",
     "a list whose name is not one word cannot be used: naming it is an error, not only a warning"},
    {"test_falco_engine.exceptions_modifier_op_regex_oneof",
     "a comma inside an exception's value stays in the value; Falco cuts pentest-[0-9]{2,4} in two"},
};

std::multiset<std::string> codes(const RuleSet& set, Diagnostic::Level level) {
    std::multiset<std::string> out;
    for (const auto& one : set.diagnostics) {
        if (one.level == level) out.insert(one.code);
    }
    return out;
}

std::multiset<std::string> codes(const json& list) {
    std::multiset<std::string> out;
    for (const auto& one : list) out.insert(one["code"].get<std::string>());
    return out;
}

std::string all_diagnostics(const RuleSet& set) {
    std::string out;
    for (const auto& one : set.diagnostics) out += "\n  " + to_text(one, set);
    return out;
}

const Rule* find_rule(const RuleSet& set, const std::string& name) {
    for (const auto& rule : set.rules) {
        if (rule.name == name) return &rule;
    }
    return nullptr;
}

TEST(LoaderConformance, FilesLoadAsTheyDoInFalco) {
    if (!std::filesystem::exists(kData / "falco-cases")) GTEST_SKIP() << "the shared cases are not here";
    const auto cases = json::parse(read_file(kData / "falco-cases/rule_loader_cases.json"))["cases"];
    int checked = 0;
    for (const auto& test : cases) {
        const std::string name = test["test"];
        SCOPED_TRACE(name + " (" + test["origin"].get<std::string>() + ")");
        if (kDifferences.contains(name)) continue;
        ++checked;
        const auto set = load_rules("rules.yaml", test["rules_content"].get<std::string>());
        EXPECT_EQ(set.ok(), test["ok"].get<bool>()) << all_diagnostics(set);
        const auto errors = codes(set, Diagnostic::Level::error);
        for (const auto& code : codes(test["errors"]))
            EXPECT_THAT(errors, testing::Contains(code)) << all_diagnostics(set);
        if (set.ok()) {
            EXPECT_EQ(codes(set, Diagnostic::Level::warning), codes(test["warnings"])) << all_diagnostics(set);
        }
        for (const auto& rule : test.value("rules", json::array())) {
            const auto* ours = find_rule(set, rule["name"]);
            ASSERT_NE(ours, nullptr) << rule["name"];
            EXPECT_EQ(to_text(*ours->condition), rule["condition_compiled"].get<std::string>());
            EXPECT_EQ(ours->enabled, rule["enabled"].get<bool>());
            EXPECT_EQ(to_text(ours->priority), rule["priority"].get<std::string>());
            EXPECT_EQ(ours->tags, rule["tags"].get<std::set<std::string>>());
            EXPECT_EQ(ours->description, rule["description"].get<std::string>());
            EXPECT_EQ(ours->output_text, rule["output_compiled"].get<std::string>());
        }
    }
    EXPECT_GT(checked, 100);
}

/// The three official files; each is loaded alone, as Falco's recording did.
std::map<std::string, RuleSet> official_files() {
    std::map<std::string, RuleSet> out;
    for (const auto* name : {"falco_rules", "falco-incubating_rules", "falco-sandbox_rules"}) {
        out.emplace(name, load_rules(name, read_file(kData / "falco-rules" / (std::string(name) + ".yaml"))));
    }
    return out;
}

TEST(OfficialRules, AllCompileToWhatFalcoCompilesThemTo) {
    if (!std::filesystem::exists(kData / "falco-cases")) GTEST_SKIP() << "the shared cases are not here";
    const auto expected = json::parse(read_file(kData / "falco-cases/official_rules_expanded.json"));
    std::size_t rules = 0;
    std::size_t enabled = 0;
    for (const auto& [file, set] : official_files()) {
        EXPECT_TRUE(set.ok()) << all_diagnostics(set);
        for (const auto& rule : set.rules) {
            ++rules;
            enabled += rule.enabled ? 1 : 0;
            const auto key = file + "/" + rule.name;
            ASSERT_TRUE(expected.contains(key)) << key;
            EXPECT_EQ(to_text(*rule.condition), expected[key]["compiled"].get<std::string>()) << key;
        }
    }
    EXPECT_EQ(rules, 93U);
    EXPECT_EQ(enabled, 81U);
}

/// One recorded event: fields as text, and the rules that Falco fires.
struct Recorded {
    FieldMap record;
    std::set<std::string> matches;
    std::string type;
};

std::vector<Recorded> recorded_events() {
    std::vector<Recorded> out;
    std::ifstream in(kData / "falco-cases/event_corpus.jsonl");
    for (std::string line; std::getline(in, line);) {
        const auto event = json::parse(line);
        Recorded one;
        one.type = event["type"];
        for (const auto& rule : event["matches"]) one.matches.insert(rule.get<std::string>());
        std::vector<std::string> ancestors;
        for (const auto& [name, value] : event["fields"].items()) {
            if (value == "<NA>" && name == "fd.l4proto") continue;
            const auto set = one.record.set(name, {value.get<std::string>()});
            EXPECT_TRUE(set) << (set ? "" : set.error().message);
            if (name.starts_with("proc.aname[")) ancestors.push_back(value);
        }
        if (!ancestors.empty()) {
            EXPECT_TRUE(one.record.set("proc.aname", ancestors));
        }
        out.push_back(std::move(one));
    }
    return out;
}

struct Official {
    std::vector<std::string> names;
    Program program;
};

/// All rules of the three files in one program; the recording was made with the disabled ones too.
Official official_program() {
    ProgramBuilder builder;
    std::vector<std::string> names;
    for (const auto& [file, set] : official_files()) {
        for (const auto& rule : set.rules) {
            EXPECT_TRUE(builder.add(rule.condition));
            names.push_back(rule.name);
        }
    }
    return {std::move(names), std::move(builder).build()};
}

TEST(OfficialRules, FireOnRecordedEventsAsInFalco) {
    if (!std::filesystem::exists(kData / "falco-cases")) GTEST_SKIP() << "the shared cases are not here";
    const auto official = official_program();
    EXPECT_EQ(official.names.size(), 93U);
    const auto events = recorded_events();
    EXPECT_GT(events.size(), 900U);
    Evaluator evaluator(official.program);
    std::size_t fired = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        std::set<std::string> matches;
        evaluator.start(events[i].record);
        for (const auto id : official.program.candidates(events[i].type)) {
            const auto truth = evaluator.evaluate(id);
            EXPECT_NE(truth, Truth::unknown) << evaluator.reason();
            if (truth == Truth::yes) matches.insert(official.names[id]);
        }
        EXPECT_EQ(matches, events[i].matches) << "event " << i;
        fired += matches.size();
    }
    EXPECT_GT(fired, 50U);
}

TEST(OfficialRules, TheIndexLeavesOutNoRuleThatIsNotFalse) {
    if (!std::filesystem::exists(kData / "falco-cases")) GTEST_SKIP() << "the shared cases are not here";
    const auto official = official_program();
    const auto events = recorded_events();
    Evaluator evaluator(official.program);
    for (const auto& event : events) {
        const auto candidates = official.program.candidates(event.type);
        evaluator.start(event.record);
        for (ConditionId id = 0; id < official.program.conditions(); ++id) {
            const bool listed = std::ranges::find(candidates, id) != candidates.end();
            EXPECT_TRUE(listed || evaluator.evaluate(id) == Truth::no) << official.names[id] << " on " << event.type;
        }
    }
}

}  // namespace
}  // namespace plimsoll::rule
