#include <algorithm>
#include <limits>

#include "rule/graph.h"

namespace plimsoll::rule {

namespace detail {

namespace {

constexpr std::string_view kWrongType = "its value has another type than the field";
constexpr std::string_view kEventDirection = "<";

}  // namespace

/// Caches are stamped with the number of the record, so that a new record needs no clearing.
struct EvaluatorState {
    explicit EvaluatorState(const Graph& all) : graph(&all), node_stamps(all.nodes.size()), cell_stamps(all.slots.size()), cells(all.slots.size()) {}

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
            if (cell.reading.state == model::Reading::State::absent && model::field(slot.use.field).name == "evt.dir") {
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
        if (!mismatch) return truth_of(matched);
        cells[test.left].reading = model::Reading::cannot_know(kWrongType);
        return Truth::unknown;
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

    /// The slot that made a node unknown, or none when it is not.
    const SlotId* culprit(NodeId id) {
        while (true) {
            const Node& node = graph->nodes[id];
            if (node.kind == NodeKind::test) {
                const Test& test = graph->tests[node.first];
                const auto is_unknown = [&](SlotId slot) { return read(slot).state == model::Reading::State::unknown; };
                if (is_unknown(test.left)) return &test.left;
                return test.right && is_unknown(*test.right) ? &*test.right : nullptr;
            }
            const auto begin = graph->children.begin() + node.first;
            const auto found = std::find_if(begin, begin + node.count, [&](NodeId child) { return evaluate(child) == Truth::unknown; });
            if (found == begin + node.count) return nullptr;
            id = *found;
        }
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

std::string_view Evaluator::reason() const {
    const auto* slot = state_->culprit(state_->last);
    return slot == nullptr ? std::string_view() : state_->read(*slot).reason;
}

const FieldUse* Evaluator::unknown_field() const {
    const auto* slot = state_->culprit(state_->last);
    while (slot != nullptr && state_->graph->slots[*slot].transform != detail::Transform::none) {
        const auto& inputs = state_->graph->slots[*slot].inputs;
        const auto found = std::ranges::find_if(
            inputs, [&](detail::SlotId input) { return state_->read(input).state == model::Reading::State::unknown; });
        if (found == inputs.end()) return nullptr;
        slot = &*found;
    }
    return slot == nullptr ? nullptr : &state_->graph->slots[*slot].use;
}

}  // namespace plimsoll::rule
