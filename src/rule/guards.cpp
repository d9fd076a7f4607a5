// What must hold before it is worth while to evaluate a condition: of most events, for most conditions, nothing of it.

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "rule/graph.h"

namespace plimsoll::rule::detail {

namespace {

constexpr std::size_t kMostGuards = 24;      ///< of one condition
constexpr std::size_t kMostEventTypes = 64;  ///< a condition that many types can make true is not looked into
constexpr std::size_t kBits = 64;

constexpr double kLookUp = 40;  ///< looking a text up, in evaluations of a guard
constexpr double kScan = 150;   ///< … and looking for texts that stand inside
constexpr int kGuarded = 1;     ///< how much a gate saves of a condition with guards
constexpr int kOpen = 2;        ///< … and of one without
constexpr int kWorthwhile = 2;

/// One of which must hold when a step is to be other than false; none at all when it is false. Nothing: cannot be told.
using Guards = std::optional<std::vector<Guard>>;

class Finder {
public:
    Finder(const Graph& graph, std::size_t type, const std::vector<double>& costs)
        : graph_(graph), type_(type), costs_(costs) {}

    Guards of(StepId id) const {
        const Step& step = graph_.steps[id];
        switch (step.kind) {
            case StepKind::event_type:
                if (graph_.type_tests[step.first][type_]) return std::nullopt;
                return std::vector<Guard>();
            case StepKind::text:
                if (has_few_values(graph_.slots[graph_.index_slots[step.index]])) return std::nullopt;
                return std::vector{Guard{step.index, step.group}};
            case StepKind::test:
                if (!graph_.hints[id]) return std::nullopt;
                return std::vector{*graph_.hints[id]};
            case StepKind::all: return of_all(step);
            case StepKind::any: return of_any(step);
            default: return std::nullopt;
        }
    }

    /// Cheap steps that must not be false when the step is to be other than false.
    void gates_of(StepId id, std::vector<StepId>& out) const {
        const Step& step = graph_.steps[id];
        if (is_cheap(id)) {
            if (std::ranges::find(out, id) == out.end()) out.push_back(id);
            return;
        }
        if (step.kind == StepKind::all) {
            for (const StepId child : children(step)) gates_of(child, out);
        } else if (step.kind == StepKind::any) {
            const StepId* only = nullptr;
            for (const StepId& child : children(step)) {
                if (is_false(child)) continue;
                if (only != nullptr) return;
                only = &child;
            }
            if (only != nullptr) gates_of(*only, out);
        }
    }

private:
    [[nodiscard]] std::span<const StepId> children(const Step& step) const {
        return std::span(graph_.step_children).subspan(step.first, step.count);
    }

    [[nodiscard]] bool is_false(StepId id) const {
        const auto guards = of(id);
        return guards && guards->empty();
    }

    /// A comparison that is often false of a number, a truth, an address, or a text that has few values; or some of
    /// them.
    [[nodiscard]] bool is_cheap(StepId id) const {
        const Step& step = graph_.steps[id];
        if (step.kind == StepKind::any)
            return step.count <= 2 &&
                   std::ranges::all_of(children(step), [&](StepId child) { return is_cheap(child); });
        if (step.kind == StepKind::text) {
            const Slot& slot = graph_.slots[graph_.index_slots[step.index]];
            return has_few_values(slot) && slot.use.field != model::FieldKey("fd.typechar").id();
        }
        if (step.kind != StepKind::test) return false;
        const Test& test = graph_.tests[step.first];
        const Slot& slot = graph_.slots[test.left];
        if (!test.simple || slot.transform != Transform::none || test.op == Operator::ne) return false;
        return test.type == model::Type::boolean || test.type == model::Type::ip || is_number(test.type);
    }

    [[nodiscard]] Guards of_all(const Step& step) const {
        Guards best;
        for (const StepId child : children(step)) {
            auto guards = of(child);
            if (guards && (!best || cost(*guards) < cost(*best))) best = std::move(guards);
            if (best && best->empty()) break;
        }
        return best;
    }

    [[nodiscard]] Guards of_any(const Step& step) const {
        std::vector<Guard> sum;
        for (const StepId child : children(step)) {
            const auto guards = of(child);
            if (!guards) return std::nullopt;
            for (const auto& guard : *guards) {
                if (std::ranges::find(sum, guard) == sum.end()) sum.push_back(guard);
            }
            if (sum.size() > kMostGuards) return std::nullopt;
        }
        return sum;
    }

    [[nodiscard]] double cost(const std::vector<Guard>& guards) const {
        double sum = 0;
        for (const auto& guard : guards) sum += costs_[guard.index];
        return sum;
    }

    const Graph& graph_;
    std::size_t type_;
    const std::vector<double>& costs_;
};

/// What it costs to ask an index: little where many steps ask it.
std::vector<double> costs_of(const Graph& graph) {
    std::vector<double> asked(graph.text_indexes.size(), 1);
    for (const Step& step : graph.steps) {
        if (step.kind == StepKind::text) ++asked[step.index];
    }
    for (std::size_t i = 0; i < asked.size(); ++i)
        asked[i] = 1 + (graph.index_scans[i] != 0 ? kScan : kLookUp) / asked[i];
    return asked;
}

/// A condition that events of one type may make true.
struct Candidate {
    ConditionId condition = 0;
    bool open = true;  ///< no guards can be told
    std::vector<Guard> guards;
    std::vector<StepId> gates;

    friend bool operator==(const Candidate&, const Candidate&) = default;
};

std::vector<Candidate> candidates_of(const Graph& graph, std::size_t type, const std::vector<double>& costs) {
    const Finder finder(graph, type, costs);
    std::vector<Candidate> out;
    for (const auto condition : graph.by_event_type[type]) {
        Candidate candidate{.condition = condition};
        if (graph.event_types[condition].count() <= kMostEventTypes) {
            if (auto guards = finder.of(graph.roots[condition])) {
                if (guards->empty()) continue;
                candidate.open = false;
                candidate.guards = std::move(*guards);
            }
            finder.gates_of(graph.roots[condition], candidate.gates);
        }
        out.push_back(std::move(candidate));
    }
    return out;
}

Block block_of(const Graph& graph, std::span<const Candidate> candidates) {
    Block block;
    std::map<StepId, std::uint64_t> gates;
    std::map<std::pair<std::uint8_t, std::uint32_t>, Block::Lookup> lookups;  // those that scan last
    for (std::size_t n = 0; n < candidates.size(); ++n) {
        const Candidate& candidate = candidates[n];
        const std::uint64_t bit = std::uint64_t{1} << n;
        block.conditions.push_back(candidate.condition);
        block.all |= bit;
        if (candidate.open) block.open |= bit;
        for (const StepId gate : candidate.gates) gates[gate] |= bit;
        for (const Guard& guard : candidate.guards) {
            auto& lookup = lookups[{graph.index_scans[guard.index], guard.index}];
            lookup.index = guard.index;
            lookup.mask |= bit;
            const auto number = graph.group_numbers[guard.group];
            if (lookup.conditions.size() <= number) lookup.conditions.resize(number + 1);
            lookup.conditions[number] |= bit;
        }
    }
    for (const auto& [step, mask] : gates) {
        const int saved = std::popcount(mask & block.open) * kOpen + std::popcount(mask & ~block.open) * kGuarded;
        if (saved >= kWorthwhile) block.gates.push_back({step, mask});
    }
    std::ranges::stable_sort(block.gates, std::greater(),
                             [](const Block::Gate& gate) { return std::popcount(gate.mask); });
    for (auto& [key, lookup] : lookups) block.lookups.push_back(std::move(lookup));
    return block;
}

}  // namespace

void guard_candidates(Graph& graph) {
    const auto costs = costs_of(graph);
    std::vector<std::vector<Candidate>> told;
    for (std::size_t type = 0; type < graph.by_event_type.size(); ++type) {
        auto candidates = candidates_of(graph, type, costs);
        const auto same = std::ranges::find(told, candidates);
        graph.blocks_of.push_back(static_cast<std::uint32_t>(same - told.begin()));
        if (same != told.end()) continue;
        auto& blocks = graph.blocks.emplace_back();
        for (std::size_t at = 0; at < candidates.size(); at += kBits)
            blocks.push_back(
                block_of(graph, std::span(candidates).subspan(at, std::min(kBits, candidates.size() - at))));
        told.push_back(std::move(candidates));
    }
}

}  // namespace plimsoll::rule::detail
