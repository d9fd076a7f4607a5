#include <algorithm>
#include <limits>

#include "rule/graph.h"

namespace plimsoll::rule {

namespace detail {

namespace {

constexpr std::string_view kWrongType = "its value has another type than the field";
constexpr std::string_view kEventDirection = "<";
constexpr model::FieldId kDirectionField = model::FieldKey("evt.dir").id();

}  // namespace

/// Caches are stamped with the number of the record, so that a new record needs no clearing.
struct EvaluatorState {
    explicit EvaluatorState(const Graph& all)
        : graph(&all), node_stamps(all.nodes.size()), cell_stamps(all.slots.size()), cells(all.slots.size()) {}

    struct Stamp {
        std::uint32_t record = 0;
        Truth truth = Truth::no;
    };

    const Graph* graph;
    const model::Fields* record = nullptr;
    std::uint32_t number = 0;
    std::vector<Stamp> node_stamps;
    std::vector<std::uint32_t> cell_stamps;
    std::vector<Cell> cells;
    NodeId last = 0;

    void start(const model::Fields& next) {
        record = &next;
        if (number == std::numeric_limits<std::uint32_t>::max()) {
            std::ranges::fill(node_stamps, Stamp{});
            std::ranges::fill(cell_stamps, 0);
            number = 0;
        }
        ++number;
    }

    const model::Reading& read(SlotId id) {
        Cell& cell = cells[id];
        if (cell_stamps[id] == number) return cell.reading;
        cell_stamps[id] = number;
        const Slot& slot = graph->slots[id];
        if (slot.transform == Transform::none) {
            cell.reading = record->read(slot.use.field, slot.use.arg);
            if (cell.reading.state == model::Reading::State::absent && slot.use.field == kDirectionField) {
                cell.values = {model::Value(kEventDirection)};
                cell.reading = model::Reading::of(cell.values);
            }
            return cell.reading;
        }
        std::vector<const model::Reading*> inputs;
        inputs.reserve(slot.inputs.size());
        for (const auto input : slot.inputs) inputs.push_back(&read(input));
        apply(slot, inputs, cell);
        return cell.reading;
    }

    Truth test(const Test& test) {
        using State = model::Reading::State;
        const auto& left = read(test.left);
        if (left.state == State::absent) return Truth::no;
        const model::Reading* right = nullptr;
        if (test.right) {
            right = &read(*test.right);
            if (right->state == State::absent) return Truth::no;
            if (right->state == State::unknown) return Truth::unknown;
        }
        if (left.state == State::unknown) return Truth::unknown;
        bool mismatch = false;
        const bool matched = matches(test, left, right, mismatch);
        return mismatch ? Truth::unknown : truth_of(matched);
    }

    Truth evaluate(NodeId id) {
        Stamp& stamp = node_stamps[id];
        if (stamp.record == number) return stamp.truth;
        const Truth truth = compute(graph->nodes[id]);
        stamp = {number, truth};
        return truth;
    }

    Truth compute(const Node& node) {
        if (node.kind == NodeKind::test) return test(graph->tests[node.first]);
        const auto* child = &graph->children[node.first];
        if (node.kind == NodeKind::negation) return negated(evaluate(*child));
        const Truth decisive = truth_of(node.kind == NodeKind::disjunction);
        Truth result = negated(decisive);
        for (std::uint32_t n = 0; n < node.count; ++n) {
            const Truth truth = evaluate(child[n]);
            if (truth == decisive) return truth;
            if (truth == Truth::unknown) result = Truth::unknown;
        }
        return result;
    }

    /// What made the condition asked last unknown: a slot whose reading is, or one whose value has the wrong type.
    struct Culprit {
        const Slot* slot = nullptr;
        std::string_view reason;
    };

    Culprit culprit() {
        NodeId id = last;
        if (evaluate(id) != Truth::unknown) return {};
        while (graph->nodes[id].kind != NodeKind::test) {
            const Node& node = graph->nodes[id];
            const auto begin = graph->children.begin() + node.first;
            id = *std::find_if(begin, begin + node.count,
                               [&](NodeId child) { return evaluate(child) == Truth::unknown; });
        }
        const Test& test = graph->tests[graph->nodes[id].first];
        for (const auto slot : {test.left, test.right.value_or(test.left)}) {
            if (read(slot).state == model::Reading::State::unknown) return {&source_of(slot), read(slot).reason};
        }
        return {&graph->slots[test.left], kWrongType};
    }

    /// The unknown field behind a transformer.
    const Slot& source_of(SlotId id) {
        while (graph->slots[id].transform != Transform::none) {
            id = *std::ranges::find_if(graph->slots[id].inputs, [&](SlotId input) {
                return read(input).state == model::Reading::State::unknown;
            });
        }
        return graph->slots[id];
    }
};

}  // namespace detail

Evaluator::Evaluator(const Program& program) : state_(std::make_unique<detail::EvaluatorState>(*program.graph_)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

void Evaluator::start(const model::Fields& record) { state_->start(record); }

Truth Evaluator::evaluate(ConditionId condition) {
    check(state_->record != nullptr && condition < state_->graph->roots.size());
    state_->last = state_->graph->roots[condition];
    return state_->evaluate(state_->last);
}

std::string_view Evaluator::reason() const { return state_->culprit().reason; }

const FieldUse* Evaluator::unknown_field() const {
    const auto* slot = state_->culprit().slot;
    return slot == nullptr || slot->transform != detail::Transform::none ? nullptr : &slot->use;
}

}  // namespace plimsoll::rule
