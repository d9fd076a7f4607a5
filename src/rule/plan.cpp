// The order in which a graph is evaluated: what is cheap and decides much comes first, tests of one text are made at
// once, and tests of evt.type are looked up. Three-valued logic gives the same whatever the order.

#include <algorithm>
#include <array>
#include <map>

#include "rule/graph.h"

namespace plimsoll::rule::detail {

namespace {

constexpr std::size_t kLargestIndexed = 20'000;  ///< values of one test; larger lists keep their own set

/// Texts that are looked for inside are found together. In a command line of some hundred bytes a walk costs more than
/// the few searches that come to be made: there only a glance is worth while.
bool is_short(const Slot& slot) { return model::field(slot.use.field).name.starts_with("fd."); }

bool is_by_index(const Graph& graph, const Test& test) {
    const bool any = test.modifier == Modifier::none || test.modifier == Modifier::anyof;
    const bool op = test.op == Operator::eq || test.op == Operator::in || test.op == Operator::startswith ||
                    test.op == Operator::endswith || test.op == Operator::contains;
    return any && op && !test.right && !test.list && test.several != model::Several::ends && is_text(test.type) &&
           graph.slots[test.left].transform == Transform::none && test.texts.size() <= kLargestIndexed;
}

/// What one of must begin a value for which the test holds, of patterns; none when nothing is certain.
std::vector<std::string> beginnings_of(const Graph& graph, const Test& test) {
    const bool pattern = test.op == Operator::glob || test.op == Operator::pmatch;
    if (!pattern || test.modifier != Modifier::none || test.right || test.list ||
        test.several == model::Several::ends || graph.slots[test.left].transform != Transform::none)
        return {};
    std::vector<std::string> out;
    for (const Glob& glob : test.globs) {
        if (glob.beginning().size() < 2) return {};
        out.emplace_back(glob.beginning());
    }
    for (const PathPattern& path : test.paths) {
        const auto all = path.beginnings();
        if (all.empty()) return {};
        out.insert(out.end(), all.begin(), all.end());
    }
    return out;
}

constexpr auto kFewValues = std::to_array<std::string_view>(
    {"fd.typechar", "fd.type", "fd.l4proto", "fd.sockfamily", "container.id", "evt.res", "evt.source", "evt.dir"});

/// What a step costs, about, in steps of the evaluator; and how likely it is false.
struct Weight {
    double cost = 1;
    double no = 0.5;

    [[nodiscard]] double for_conjunction() const { return cost / std::max(no, 0.01); }
    [[nodiscard]] double for_disjunction() const { return cost / std::max(1 - no, 0.01); }
};

Weight weigh(const Test& test) {
    switch (test.op) {
        case Operator::exists: return {2, 0.1};
        case Operator::ne: return {3, 0.1};
        case Operator::eq: return {3, is_text(test.type) ? 0.9 : 0.5};
        case Operator::in:
        case Operator::intersects: return {4, 0.9};
        case Operator::lt:
        case Operator::le:
        case Operator::gt:
        case Operator::ge: return {3, 0.3};
        case Operator::contains:
        case Operator::bcontains: return {12 + 8.0 * static_cast<double>(test.texts.size()), 0.95};
        case Operator::icontains: return {60.0 * static_cast<double>(test.texts.size() + 1), 0.95};
        case Operator::glob:
        case Operator::iglob:
        case Operator::pmatch: return {40.0 * static_cast<double>(test.constants() + 1), 0.95};
        case Operator::regex: return {200.0 * static_cast<double>(test.constants() + 1), 0.9};
        default: return {4, 0.9};
    }
}

class Planner {
public:
    explicit Planner(Graph& graph) : graph_(graph) {}

    void run() {
        graph_.steps.resize(graph_.nodes.size());
        graph_.hints.resize(graph_.nodes.size());
        weights_.resize(graph_.nodes.size());
        for (NodeId id = 0; id < graph_.nodes.size(); ++id) {  // children come before their parents
            const Node& node = graph_.nodes[id];
            if (node.kind == NodeKind::test) {
                plan_test(id, node.first);
            } else if (node.kind == NodeKind::negation) {
                const NodeId child = graph_.children[node.first];
                set(id, {.kind = StepKind::negation, .first = child}, {weights_[child].cost, 1 - weights_[child].no});
            } else {
                plan_group(id, node);
            }
        }
        for (auto& index : graph_.text_indexes) index.build();
    }

private:
    void set(StepId id, Step step, Weight weight) {
        graph_.steps[id] = step;
        weights_[id] = weight;
    }

    void plan_test(NodeId id, std::uint32_t number) {
        Test& test = graph_.tests[number];
        test.simple = test.op != Operator::exists && !test.right && !test.list && test.several == model::Several::no &&
                      test.modifier == Modifier::none && test.set.empty() && test.constants() == 1;
        if (test.simple && test.type == model::Type::boolean)
            test.wanted = test.booleans[0] != (test.op == Operator::ne);
        if (const auto types = types_of(graph_, test)) {
            set(id, {.kind = StepKind::event_type, .first = static_cast<std::uint32_t>(graph_.type_tests.size())},
                {1, 0.7});
            graph_.type_slot = test.left;
            graph_.type_tests.push_back(*types);
            return;
        }
        if (is_by_index(graph_, test)) {
            const auto index = index_of(test);
            if (!index) return set(id, {.kind = StepKind::test, .first = number}, weigh(test));
            const std::uint32_t tests[] = {number};
            const double no = has_few_values(graph_.slots[test.left]) ? 0.4 : 0.95;
            return set(id, by_index(*index, tests), {test.op == Operator::contains ? 10.0 : 2.0, no});
        }
        set(id, {.kind = StepKind::test, .first = number}, weigh(test));
        const auto beginnings = beginnings_of(graph_, test);
        if (beginnings.empty()) return;
        const auto index = index_of(test);
        const auto group = add_group(*index);
        for (const std::string& each : beginnings) graph_.text_indexes[*index].add_beginning(each, group);
        graph_.hints[id] = Guard{*index, group};
    }

    /// The index of the slot for such tests; nothing when there is no room for them.
    std::optional<std::uint32_t> index_of(const Test& test) {
        const bool inside = test.op == Operator::contains;
        const bool glance = inside && !is_short(graph_.slots[test.left]);
        const auto has_room = [&](std::uint32_t index) {
            return !inside || graph_.text_indexes[index].has_room_inside(test.texts, glance);
        };
        const auto next = static_cast<std::uint32_t>(graph_.text_indexes.size());
        const auto [place, fresh] = indexes_.try_emplace({test.left, inside}, next);
        if (fresh) add_index(test.left, inside);
        if (has_room(place->second)) return place->second;
        if (!inside) return std::nullopt;
        // Another one, with room of its own.
        if (!fresh) add_index(test.left, inside);
        if (!has_room(static_cast<std::uint32_t>(graph_.text_indexes.size() - 1))) return std::nullopt;
        place->second = static_cast<std::uint32_t>(graph_.text_indexes.size() - 1);
        return place->second;
    }

    void add_index(SlotId slot, bool inside) {
        graph_.text_indexes.emplace_back();
        graph_.index_slots.push_back(slot);
        graph_.index_scans.push_back(inside ? 1 : 0);
        groups_of_.push_back(0);
    }

    TextIndex::Group add_group(std::uint32_t index) {
        graph_.group_numbers.push_back(groups_of_[index]++);
        return static_cast<TextIndex::Group>(graph_.group_numbers.size() - 1);
    }

    /// A step that holds when one of the tests, all of one index, does.
    Step by_index(std::uint32_t place, std::span<const std::uint32_t> tests) {
        TextIndex& index = graph_.text_indexes[place];
        const auto group = add_group(place);
        Step step{.kind = StepKind::text,
                  .first = static_cast<std::uint32_t>(graph_.step_children.size()),
                  .count = static_cast<std::uint32_t>(tests.size()),
                  .index = place,
                  .group = group};
        for (const auto number : tests) {
            graph_.step_children.push_back(number);
            const Test& test = graph_.tests[number];
            for (const auto& text : test.texts) {
                if (test.op == Operator::startswith) {
                    index.add_beginning(text, group);
                } else if (test.op == Operator::endswith) {
                    index.add_end(text, group);
                } else if (test.op == Operator::contains) {
                    index.add_inside(text, group);
                } else {
                    index.add_whole(text, group);
                }
            }
        }
        return step;
    }

    /// In a disjunction the tests of one text become one step.
    void plan_group(NodeId id, const Node& node) {
        const bool any = node.kind == NodeKind::disjunction;
        std::vector<StepId> children;
        std::map<std::uint32_t, std::vector<std::uint32_t>> by_place;
        for (std::uint32_t n = 0; n < node.count; ++n) {
            const NodeId child = graph_.children[node.first + n];
            const Step& step = graph_.steps[child];
            if (any && step.kind == StepKind::text && graph_.nodes[child].kind == NodeKind::test) {
                by_place[step.index].push_back(graph_.nodes[child].first);
            } else {
                children.push_back(child);
            }
        }
        for (const auto& [place, tests] : by_place) {
            const auto made = static_cast<StepId>(graph_.steps.size());
            graph_.steps.emplace_back();
            graph_.hints.emplace_back();
            weights_.emplace_back();
            const double cost = graph_.tests[tests[0]].op == Operator::contains ? 10 : 2;
            set(made, by_index(place, tests), {cost, 0.9});
            children.push_back(made);
        }
        std::ranges::stable_sort(children, {}, [&](StepId child) {
            return any ? weights_[child].for_disjunction() : weights_[child].for_conjunction();
        });
        Weight sum{1, any ? 1.0 : 0.0};
        double reached = 1;  // how likely a child is looked at
        for (const auto child : children) {
            sum.cost += reached * weights_[child].cost;
            reached *= any ? weights_[child].no : 1 - weights_[child].no;
        }
        sum.no = any ? reached : 1 - reached;
        Step step{.kind = any ? StepKind::any : StepKind::all,
                  .first = static_cast<std::uint32_t>(graph_.step_children.size()),
                  .count = static_cast<std::uint32_t>(children.size())};
        graph_.step_children.insert(graph_.step_children.end(), children.begin(), children.end());
        set(id, step, sum);
    }

    Graph& graph_;
    std::vector<Weight> weights_;
    std::map<std::pair<SlotId, bool>, std::uint32_t> indexes_;  // the last ones, by slot and whether texts stand inside
    std::vector<std::uint32_t> groups_of_;                      // by index: how many it has
};

}  // namespace

bool has_few_values(const Slot& slot) {
    return std::ranges::find(kFewValues, model::field(slot.use.field).name) != kFewValues.end();
}

void plan(Graph& graph) { Planner(graph).run(); }

}  // namespace plimsoll::rule::detail
