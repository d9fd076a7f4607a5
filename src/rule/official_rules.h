#pragma once

// For tests: Falco's official rules and the events that were recorded with them, from the shared data.

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rule/field_map.h"
#include "rule/rule_set.h"

namespace plimsoll::rule::official {

inline const std::filesystem::path kData = std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data";

inline bool is_here() { return std::filesystem::exists(kData / "falco-cases"); }

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline constexpr const char* kFiles[] = {"falco_rules", "falco-incubating_rules", "falco-sandbox_rules"};

/// The first so many of the files, each loaded alone as Falco's recording did: macros of the same name differ.
inline std::vector<RuleSet> rules(std::size_t files = 3) {
    std::vector<RuleSet> out;
    for (std::size_t i = 0; i < files; ++i) {
        const std::string name = kFiles[i];
        out.push_back(load_rules(name, read_file(kData / "falco-rules" / (name + ".yaml"))));
    }
    return out;
}

inline std::vector<const Rule*> enabled(const std::vector<RuleSet>& sets) {
    std::vector<const Rule*> out;
    for (const auto& set : sets) {
        for (const auto& rule : set.rules) {
            if (rule.enabled) out.push_back(&rule);
        }
    }
    return out;
}

/// One recorded event, and the rules that Falco fires.
struct Recorded {
    int id = 0;
    std::string type;
    std::set<std::string> matches;
    nlohmann::json fields;
    FieldMap record;

    [[nodiscard]] std::string text(const std::string& field) const { return fields.value(field, ""); }
};

inline std::vector<Recorded> events() {
    std::vector<Recorded> out;
    std::ifstream in(kData / "falco-cases/event_corpus.jsonl");
    for (std::string line; std::getline(in, line);) {
        auto event = nlohmann::json::parse(line);
        Recorded one;
        one.id = event["id"];
        one.type = event["type"];
        for (const auto& rule : event["matches"]) one.matches.insert(rule.get<std::string>());
        std::vector<std::string> ancestors;
        for (const auto& [name, value] : event["fields"].items()) {
            if (value == "<NA>") continue;  // absent
            const auto set = one.record.set(name, {value.get<std::string>()});
            EXPECT_TRUE(set) << (set ? "" : set.error().message);
            if (name.starts_with("proc.aname[")) ancestors.push_back(value);
        }
        if (!ancestors.empty()) {
            EXPECT_TRUE(one.record.set("proc.aname", ancestors));
        }
        one.fields = std::move(event["fields"]);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace plimsoll::rule::official
