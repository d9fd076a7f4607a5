// What it costs to judge an event by Falco's official rules, beside what Falco takes for it
// (../shared/research/falco.md, section 1.6: 990,282 events, connects, opens, execs and forks, one thread). Needs the
// shared data.
//
//     runtime_rules_bench [SECONDS [KIND]]
//
// Events are those of the shared corpus; a recorded field is an entry of an array, so that reading costs next to
// nothing. Two mixes: by the shares that the kinds have on a busy host (most events match nothing and are of kinds that
// few rules look at), and each kind alone.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "rule/program.h"
#include "rule/rule_set.h"

namespace {

using namespace plimsoll;

const std::filesystem::path kData = std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data";
constexpr std::array kFiles = {"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

rule::RuleSet load(std::size_t files) {
    rule::RuleLoader loader;
    for (std::size_t i = 0; i < files; ++i) loader.add(kFiles[i], read_file(kData / "falco-rules" / kFiles[i]));
    return std::move(loader).finish();
}

/// A recorded event. Where a field stands in it, says one table for all events. A field's reading, value and text lie
/// side by side, in one piece of memory for each event: a live event's were written a moment ago.
class FlatEvent final : public model::Fields {
public:
    explicit FlatEvent(const nlohmann::json& event) : type_(event["type"]) {
        readings_.fill(&kMissing);
        rule::FieldMap values;
        std::vector<rule::FieldUse> uses;
        std::vector<std::string> ancestors;
        for (const auto& [name, value] : event["fields"].items()) {
            if (value == "<NA>") continue;
            if (const auto use = values.set(name, {value.get<std::string>()})) uses.push_back(*use);
            if (name.starts_with("proc.aname[")) ancestors.push_back(value);
        }
        if (!ancestors.empty()) {
            if (const auto use = values.set("proc.aname", ancestors)) uses.push_back(*use);
        }
        std::size_t size = 0;
        for (const auto& use : uses) size += size_of(values.read(use.field, use.arg));
        memory_.resize(size);
        std::byte* at = memory_.data();
        for (const auto& use : uses) {
            const auto* const reading = keep(values.read(use.field, use.arg), at);
            if (!use.arg.empty()) {
                keyed_.emplace_back(use, reading);
                continue;
            }
            auto& place = places()[use.field];
            if (place == 0) {
                if (++used_ == readings_.size()) std::abort();
                place = static_cast<std::uint8_t>(used_);
            }
            readings_[place] = reading;
        }
    }

    model::Reading read(model::FieldId field, std::string_view arg) const override {
        if (arg.empty()) return *readings_[places()[field]];
        for (const auto& [use, reading] : keyed_) {
            if (use.field == field && use.arg == arg) return *reading;
        }
        return model::Reading::missing();
    }

    [[nodiscard]] const std::string& type() const { return type_; }

private:
    static inline const model::Reading kMissing;

    static std::array<std::uint8_t, model::kFields.size()>& places() {
        static std::array<std::uint8_t, model::kFields.size()> all{};
        return all;
    }
    static inline unsigned used_ = 0;

    static std::size_t rounded(std::size_t size) { return (size + 7) / 8 * 8; }

    static std::size_t size_of(const model::Reading& reading) {
        std::size_t size = sizeof(model::Reading) + reading.values.size() * sizeof(model::Value);
        for (const auto& value : reading.values) {
            if (const auto* text = std::get_if<std::string_view>(&value)) size += rounded(text->size());
        }
        return size;
    }

    static const model::Reading* keep(const model::Reading& from, std::byte*& at) {
        auto* const reading = new (at) model::Reading(from);
        auto* const values = reinterpret_cast<model::Value*>(at + sizeof(model::Reading));
        at += sizeof(model::Reading) + from.values.size() * sizeof(model::Value);
        for (std::size_t i = 0; i < from.values.size(); ++i) {
            new (values + i) model::Value(from.values[i]);
            auto* const text = std::get_if<std::string_view>(values + i);
            if (text == nullptr) continue;
            std::ranges::copy(std::as_bytes(std::span(*text)), at);
            *text = {reinterpret_cast<const char*>(at), text->size()};
            at += rounded(text->size());
        }
        reading->values = {values, from.values.size()};
        return reading;
    }

    std::string type_;
    std::vector<std::byte> memory_;
    std::array<const model::Reading*, 256> readings_{};
    std::vector<std::pair<rule::FieldUse, const model::Reading*>> keyed_;
};

using Events = std::vector<std::unique_ptr<FlatEvent>>;

Events recorded_events() {
    Events out;
    std::ifstream in(kData / "falco-cases/event_corpus.jsonl");
    for (std::string line; std::getline(in, line);)
        out.push_back(std::make_unique<FlatEvent>(nlohmann::json::parse(line)));
    return out;
}

/// Kinds of which the corpus has none: a process, its descriptor and result, no more.
void add_plain_events(Events& events) {
    for (const char* type : {"close", "clone", "fcntl", "read", "procexit"}) {
        for (int i = 0; i < 8; ++i) {
            nlohmann::json event;
            event["type"] = type;
            event["fields"] = {{"evt.type", type},      {"evt.rawres", "0"},
                               {"evt.res", "SUCCESS"},  {"proc.name", "nginx"},
                               {"proc.pname", "nginx"}, {"container.id", "a0123456789b"},
                               {"fd.name", "/var/x"},   {"evt.num", std::to_string(i + 1)}};
            events.push_back(std::make_unique<FlatEvent>(event));
        }
    }
}

/// Shares of kinds on a busy host, in thousandths: servers (accept, connect, close), shells and builds (opens, execs).
const std::vector<std::pair<std::string, int>> kMix = {
    {"close", 310},  {"openat", 260},  {"read", 60},    {"fcntl", 60},    {"socket", 50},
    {"connect", 50}, {"accept4", 40},  {"clone", 40},   {"dup3", 15},     {"dup2", 15},
    {"execve", 20},  {"procexit", 20}, {"sendto", 20},  {"recvfrom", 15}, {"unlinkat", 8},
    {"mkdirat", 4},  {"renameat", 4},  {"fchmodat", 4}, {"setuid", 2},    {"openat2", 3}};

constexpr std::size_t kDifferent = 40;

std::vector<const FlatEvent*> of_type(const Events& events, const std::string& type) {
    std::vector<const FlatEvent*> out;
    for (const auto& event : events) {
        if (event->type() == type) out.push_back(event.get());
    }
    // Few of them, spread over the recording: the sensor's events are made one by one, in memory that is warm.
    for (std::size_t i = 0; out.size() > kDifferent && i < kDifferent; ++i) out[i] = out[i * out.size() / kDifferent];
    if (out.size() > kDifferent) out.resize(kDifferent);
    return out;
}

std::vector<const FlatEvent*> mixed(const Events& events) {
    std::vector<const FlatEvent*> out;
    std::mt19937 random(1);
    for (const auto& [type, thousandths] : kMix) {
        const auto kind = of_type(events, type);
        if (kind.empty()) continue;
        for (int i = 0; i < thousandths * 4; ++i)
            out.push_back(kind[std::uniform_int_distribution<std::size_t>(0, kind.size() - 1)(random)]);
    }
    std::ranges::shuffle(out, random);
    return out;
}

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// The best of some rounds, nanoseconds of processor time an event: others on the machine only add.
template <typename Judge>
double measure(const std::vector<const FlatEvent*>& events, double seconds, Judge&& judge) {
    double best = 1e9;
    const double end = processor_seconds() + seconds;
    while (processor_seconds() < end) {
        const double start = processor_seconds();
        std::size_t judged = 0;
        while (judged < 20000) {
            for (const auto* event : events) judge(*event);
            judged += events.size();
        }
        best = std::min(best, (processor_seconds() - start) * 1e9 / static_cast<double>(judged));
    }
    return best;
}

rule::Program compile(const rule::RuleSet& set) {
    rule::ProgramBuilder builder;
    for (const auto& rule : set.rules) {
        if (rule.enabled && !builder.add(rule.condition)) std::abort();
    }
    return std::move(builder).build();
}

struct Row {
    std::string what;
    std::array<double, 2> falco;  ///< microseconds, 25 and 81 rules; 0 where it was not measured
};

}  // namespace

int main(int count, char** words) {
    if (!std::filesystem::exists(kData / "falco-cases")) {
        fmt::print("the shared data is not here\n");
        return 0;
    }
    const double seconds = count > 1 ? std::atof(words[1]) : 1.0;
    auto events = recorded_events();
    add_plain_events(events);
    std::string shares;
    for (const auto& [type, thousandths] : kMix) shares += fmt::format(" {} {:.1f}%", type, thousandths / 10.0);
    fmt::print("mix:{}\n\n", shares);
    const std::array sets = {load(1), load(3)};
    const std::array programs = {compile(sets[0]), compile(sets[1])};
    std::array evaluators = {rule::Evaluator(programs[0]), rule::Evaluator(programs[1])};
    const std::string only = count > 2 ? words[2] : "";
    std::vector<Row> rows = {{"mix", {0.695, 2.35}}};
    const std::map<std::string, std::array<double, 2>> falco = {
        {"execve", {4.2, 14.8}}, {"openat", {2.1, 10.8}}, {"connect", {1.1, 2.7}}, {"socket", {0.8, 0.9}}};
    for (const auto& [type, share] : kMix) {
        const auto known = falco.find(type);
        rows.push_back({type, known == falco.end() ? std::array{0.0, 0.0} : known->second});
    }
    fmt::print("{:<10}{:>12}{:>12}{:>8}{:>14}{:>14}\n", "events", "25 rules us", "81 rules us", "growth", "Falco 25 us",
               "Falco 81 us");
    std::size_t matched = 0;
    for (const auto& row : rows) {
        if (!only.empty() && row.what != only) continue;
        const auto chosen = row.what == "mix" ? mixed(events) : of_type(events, row.what);
        std::array<double, 2> taken{};
        for (std::size_t i = 0; i < 2; ++i) {
            taken[i] = measure(chosen, seconds, [&](const FlatEvent& event) {
                evaluators[i].start(event);
                for (const auto id : evaluators[i].candidates())
                    matched += evaluators[i].evaluate(id) == rule::Truth::yes ? 1 : 0;
            });
        }
        fmt::print("{:<10}{:>12.3f}{:>12.3f}{:>8.2f}{:>14}{:>14}\n", row.what, taken[0] / 1000, taken[1] / 1000,
                   taken[1] / taken[0], row.falco[0] > 0 ? fmt::format("{:.3f}", row.falco[0]) : "",
                   row.falco[1] > 0 ? fmt::format("{:.3f}", row.falco[1]) : "");
    }
    return matched > 0 ? 0 : 1;
}
