// Falco's own expressions (grammar, types, evaluation), with what Falco does with each; see docs/rule-language.md.

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rule/condition.h"
#include "rule/field_map.h"
#include "rule/parser.h"

namespace plimsoll::rule {
namespace {

using nlohmann::json;

/// Where this language differs from Falco's on purpose, and why.
const std::map<std::string, std::string> kConditionDifferences = {
    {R"(c.singlequote = 'hello \\'quoted\\'')",
     "a backslash that is escaped itself does not escape the quote after it"},
};

/// Texts that both reject, where this language points at the cause and Falco behind it.
const std::map<std::string, std::string> kOtherPositions = {
    {R"(test.str = 'mixed \"')", "the escape itself, not the end of the text"},
};

json load_cases() {
    const std::filesystem::path file =
        std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data/falco-cases/filter_cases.json";
    std::ifstream in(file);
    if (!in) return nullptr;
    return json::parse(in)["cases"];
}

/// Falco's tests use fields of mock plugins; these of ours have the same types.
std::string with_real_fields(std::string text) {
    static const std::vector<std::pair<std::string, std::string>> kNames = {
        {"c.true", "proc.name"},        {"c.false", "proc.exe"},           {"c.buffer", "evt.buffer"},
        {"c.singlequote", "proc.args"}, {"c.doublequote", "proc.cmdline"}, {"sample.proc_name", "proc.sname"},
        {"sample.is_open", "evt.num"}};
    for (const auto& [from, to] : kNames) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    }
    return text;
}

/// The values that Falco's event had. A raw parameter that the event prints as <NA> was not there.
FieldMap record_of(const json& test) {
    FieldMap record;
    const auto put = [&](const std::string& name, const std::vector<std::string>& values) {
        const auto set = record.set(with_real_fields(name), values);
        EXPECT_TRUE(set) << name << ": " << (set ? "" : set.error().message);
    };
    if (test["kind"] == "boolean_mock") {
        put("c.true", {"1"});
        put("c.false", {"0"});
        put("c.singlequote", {"hello 'quoted'"});
        put("c.doublequote", {"hello \"quoted\""});
        return record;
    }
    const json context = test.value("context", json::object());
    if (context.contains("fd.cip") && context.contains("fd.sip")) {
        const std::vector<std::string> ends = {context["fd.cip"], context["fd.sip"]};
        put("fd.ip", ends);
        put("fd.net", ends);
        put("fd.port", {context["fd.cport"], context["fd.sport"]});
        for (const auto* end : {"fd.cip", "fd.sip"}) put(end, {context[end]});
        put("fd.cnet", {ends[0]});
        put("fd.snet", {ends[1]});
    }
    const std::string args = " " + context.value("evt.args", "") + " ";
    for (const auto& [name, field] : test["fields"].items()) {
        if (field["value"].is_null()) continue;
        std::string value = field["value"];
        if (name.starts_with("evt.rawarg.") && args.find(" " + name.substr(11) + "=<NA> ") != std::string::npos &&
            field["type"] != "FSPATH") {
            continue;
        }
        if (field["type"] == "FLAGS32") value = std::to_string(std::stoul(value, nullptr, 16));
        if (name == "proc.aname") {
            std::vector<std::string> all;
            std::istringstream words(value);
            for (std::string word; words >> word;) all.push_back(word);
            put(name, all);
        } else if (field.value("list", false)) {
            std::vector<std::string> all;
            std::istringstream items(value.substr(1, value.size() - 2));
            for (std::string item; std::getline(items, item, ',');) all.push_back(item);
            put(name, all);
        } else {
            put(name, {value});
        }
    }
    return record;
}

TEST(FilterConformance, TextsAreAcceptedAndReadAsFalcoReadsThem) {
    const auto cases = load_cases();
    if (cases.is_null()) GTEST_SKIP() << "the shared cases are not here";
    int checked = 0;
    for (const auto& test : cases) {
        const std::string text = test["expression"];
        const auto parsed = parse(text);
        ++checked;
        if (kConditionDifferences.contains(text)) continue;
        EXPECT_EQ(parsed.has_value(), test["parses"].get<bool>())
            << text << (parsed ? "" : " -> " + parsed.error().message);
        if (parsed && test.contains("ast")) {
            EXPECT_EQ(to_text(**parsed), test["ast"].get<std::string>()) << text;
        }
        if (!parsed && test.contains("error_pos") && !kOtherPositions.contains(text)) {
            const std::string where = test["error_pos"];
            EXPECT_EQ("index " + std::to_string(parsed.error().at.offset), where.substr(0, where.find(',')))
                << text << " -> " << parsed.error().message;
        }
    }
    EXPECT_GT(checked, 800);
}

TEST(FilterConformance, TypesAreCheckedAsFalcoChecksThem) {
    const auto cases = load_cases();
    if (cases.is_null()) GTEST_SKIP() << "the shared cases are not here";
    int checked = 0;
    for (const auto& test : cases) {
        if (test["kind"] == "parse") continue;
        const std::string text = test["expression"];
        const auto compiled = compile(with_real_fields(text));
        ++checked;
        const bool differs = kConditionDifferences.contains(text);
        EXPECT_EQ(compiled.has_value(), test["valid"].get<bool>() != differs)
            << text << (compiled ? "" : " -> " + compiled.error().message);
    }
    EXPECT_GT(checked, 500);
}

TEST(FilterConformance, RecordsMatchAsTheyDoInFalco) {
    const auto cases = load_cases();
    if (cases.is_null()) GTEST_SKIP() << "the shared cases are not here";
    int checked = 0;
    for (const auto& test : cases) {
        const std::string text = test["expression"];
        if (!test.contains("expected_match") || kConditionDifferences.contains(text)) continue;
        auto compiled = compile(with_real_fields(text));
        if (!compiled) {
            ADD_FAILURE() << text << " -> " << compiled.error().message;
            continue;
        }
        ++checked;
        const auto record = record_of(test);
        const auto truth = compiled->evaluate(record);
        EXPECT_EQ(truth, truth_of(test["expected_match"].get<bool>()))
            << text << " on " << test["fields"].dump() << " " << compiled->reason();
    }
    EXPECT_EQ(checked, 326);
}

}  // namespace
}  // namespace plimsoll::rule
