// Rule files of Falco's own tests, with what Falco says of each.

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
const std::map<std::string, std::string> kLoaderDifferences = {
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
        if (kLoaderDifferences.contains(name)) continue;
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

}  // namespace
}  // namespace plimsoll::rule
