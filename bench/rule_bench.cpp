// Loading, compiling and evaluating Falco's official rules. Needs the shared data; without it, each benchmark says so.

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "rule/program.h"
#include "rule/rule_set.h"

namespace {

using namespace plimsoll;

const std::filesystem::path kData = std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data";

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

const std::vector<std::string>& files() {
    static const std::vector<std::string> all = {read_file(kData / "falco-rules/falco_rules.yaml"),
                                                 read_file(kData / "falco-rules/falco-incubating_rules.yaml"),
                                                 read_file(kData / "falco-rules/falco-sandbox_rules.yaml")};
    return all;
}

std::vector<rule::RuleSet> load(std::size_t count) {
    std::vector<rule::RuleSet> sets;
    for (std::size_t i = 0; i < count; ++i) sets.push_back(rule::load_rules("rules", files()[i]));
    return sets;
}

rule::Program compile(const std::vector<rule::RuleSet>& sets, bool disabled_too) {
    rule::ProgramBuilder builder;
    for (const auto& set : sets) {
        for (const auto& rule : set.rules) {
            if (rule.enabled || disabled_too) benchmark::DoNotOptimize(builder.add(rule.condition));
        }
    }
    return std::move(builder).build();
}

/// A record as the sensor will give it: values in an array by field, no search by name.
class FlatRecord final : public model::Fields {
public:
    explicit FlatRecord(const nlohmann::json& event) {
        rule::FieldMap map;
        std::vector<std::string> ancestors;
        type = event["type"];
        for (const auto& [name, value] : event["fields"].items()) {
            if (value == "<NA>") continue;
            if (const auto use = map.set(name, {value.get<std::string>()})) uses_.push_back(*use);
            if (name.starts_with("proc.aname[")) ancestors.push_back(value);
        }
        if (!ancestors.empty()) {
            if (const auto use = map.set("proc.aname", ancestors)) uses_.push_back(*use);
        }
        map_ = std::move(map);
        for (std::size_t i = 0; i < uses_.size(); ++i) {
            const auto& use = uses_[i];
            (use.arg.empty() ? plain_[use.field] : keyed_.emplace_back(use, model::Reading{}).second) =
                map_.read(use.field, use.arg);
        }
    }

    model::Reading read(model::FieldId field, std::string_view arg) const override {
        if (arg.empty()) return plain_[field];
        for (const auto& [use, reading] : keyed_) {
            if (use.field == field && use.arg == arg) return reading;
        }
        return model::Reading::missing();
    }

    std::string type;

private:
    rule::FieldMap map_;
    std::vector<rule::FieldUse> uses_;
    std::array<model::Reading, model::kFields.size()> plain_{};
    std::vector<std::pair<rule::FieldUse, model::Reading>> keyed_;
};

const std::vector<std::unique_ptr<FlatRecord>>& events() {
    static const auto all = [] {
        std::vector<std::unique_ptr<FlatRecord>> out;
        std::ifstream in(kData / "falco-cases/event_corpus.jsonl");
        for (std::string line; std::getline(in, line);)
            out.push_back(std::make_unique<FlatRecord>(nlohmann::json::parse(line)));
        return out;
    }();
    return all;
}

void load_files(benchmark::State& state) {
    if (files()[0].empty()) return state.SkipWithError("the shared data is not here");
    for (auto _ : state) benchmark::DoNotOptimize(load(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(load_files)->Arg(1)->Arg(3)->Unit(benchmark::kMillisecond);

void compile_rules(benchmark::State& state) {
    if (files()[0].empty()) return state.SkipWithError("the shared data is not here");
    const auto sets = load(3);
    for (auto _ : state) benchmark::DoNotOptimize(compile(sets, true));
    const auto program = compile(sets, true);
    state.counters["nodes"] = static_cast<double>(program.nodes());
    state.counters["fields"] = static_cast<double>(program.slots());
}
BENCHMARK(compile_rules)->Unit(benchmark::kMillisecond);

/// range(0): number of official files; range(1): rules that are disabled by default too. `type` restricts the events.
void evaluate(benchmark::State& state, const char* type) {
    if (events().empty()) return state.SkipWithError("the shared data is not here");
    const auto program = compile(load(static_cast<std::size_t>(state.range(0))), state.range(1) != 0);
    std::vector<const FlatRecord*> records;
    for (const auto& event : events()) {
        if (*type == '\0' || event->type == type) records.push_back(event.get());
    }
    rule::Evaluator evaluator(program);
    std::size_t matched = 0;
    for (auto _ : state) {
        for (const auto* record : records) {
            evaluator.start(*record);
            for (const auto id : program.candidates(record->type))
                matched += evaluator.evaluate(id) == rule::Truth::yes ? 1 : 0;
        }
    }
    benchmark::DoNotOptimize(matched);
    const auto total = static_cast<double>(state.iterations()) * static_cast<double>(records.size());
    state.counters["rules"] = static_cast<double>(program.conditions());
    state.counters["time/event"] = benchmark::Counter(total, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(evaluate, all_events, "")->Args({1, 0})->Args({3, 0})->Args({3, 1})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(evaluate, execve, "execve")->Args({1, 0})->Args({3, 0})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(evaluate, openat, "openat")->Args({1, 0})->Args({3, 0})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(evaluate, connect, "connect")->Args({1, 0})->Args({3, 0})->Unit(benchmark::kMicrosecond);

}  // namespace
