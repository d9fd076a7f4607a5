// What must hold before it is worth while to evaluate a condition: of most events, for most conditions, nothing of it.

#include <algorithm>
#include <optional>

#include "rule/graph.h"

namespace plimsoll::rule::detail {

namespace {

constexpr std::size_t kMostGuards = 6;       ///< of one condition
constexpr std::size_t kMostEventTypes = 64;  ///< a condition that many types can make true is not looked into

constexpr double kLookUp = 40;  ///< looking a text up, in evaluations of a guard

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
            case StepKind::all: return of_all(step);
            case StepKind::any: return of_any(step);
            default: return std::nullopt;
        }
    }

private:
    Guards of_all(const Step& step) const {
        Guards best;
        for (std::uint32_t n = 0; n < step.count; ++n) {
            auto guards = of(graph_.step_children[step.first + n]);
            if (guards && (!best || cost(*guards) < cost(*best))) best = std::move(guards);
            if (best && best->empty()) break;
        }
        return best;
    }

    Guards of_any(const Step& step) const {
        std::vector<Guard> sum;
        for (std::uint32_t n = 0; n < step.count; ++n) {
            const auto guards = of(graph_.step_children[step.first + n]);
            if (!guards) return std::nullopt;
            for (const auto& guard : *guards) {
                if (std::ranges::find(sum, guard) == sum.end()) sum.push_back(guard);
            }
            if (sum.size() > kMostGuards) return std::nullopt;
        }
        return sum;
    }

    double cost(const std::vector<Guard>& guards) const {
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
    for (double& each : asked) each = 1 + kLookUp / each;
    return asked;
}

}  // namespace

void guard_candidates(Graph& graph) {
    graph.guarded.resize(graph.by_event_type.size());
    const auto costs = costs_of(graph);
    for (std::size_t type = 0; type < graph.by_event_type.size(); ++type) {
        const Finder finder(graph, type, costs);
        for (const auto condition : graph.by_event_type[type]) {
            Candidate candidate{condition, static_cast<std::uint32_t>(graph.guards.size()), 0};
            if (graph.event_types[condition].count() <= kMostEventTypes) {
                const auto guards = finder.of(graph.roots[condition]);
                if (guards && guards->empty()) continue;
                if (guards) {
                    candidate.count = static_cast<std::uint32_t>(guards->size());
                    graph.guards.insert(graph.guards.end(), guards->begin(), guards->end());
                }
            }
            graph.guarded[type].push_back(candidate);
        }
    }
}

}  // namespace plimsoll::rule::detail
