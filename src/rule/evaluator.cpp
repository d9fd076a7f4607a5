#include <algorithm>
#include <bit>
#include <limits>
#include <new>

#include "rule/graph.h"

namespace plimsoll::rule {

namespace detail {

namespace {

constexpr std::string_view kWrongType = "its value has another type than the field";
constexpr std::string_view kEventDirection = "<";
constexpr model::FieldId kTypeField = model::FieldKey("evt.type").id();
constexpr std::size_t kUntold = kNoType + 1;
constexpr model::FieldId kDirectionField = model::FieldKey("evt.dir").id();

}  // namespace

/// Caches are stamped with the number of the record, so that a new record needs no clearing.
struct EvaluatorState {
    explicit EvaluatorState(const Graph& all)
        : graph(&all),
          stamps(all.steps.size()),
          readings(all.slots.size()),
          cells(all.slots.size()),
          looked_up(all.text_indexes.size()),
          group_stamps(all.group_numbers.size()) {
        for (std::size_t i = 0; i < readings.size(); ++i) {
            const Slot& slot = all.slots[i];
            readings[i].plain = slot.transform == Transform::none && slot.use.field != kDirectionField;
            readings[i].field = slot.use.field;
            readings[i].arg = slot.use.arg;
        }
    }

    struct Stamp {
        std::uint32_t record = 0;
        Truth truth = Truth::no;
    };

    /// What a slot holds for the record that the stamp names.
    struct Read {
        std::uint32_t record = 0;
        bool plain = false;  ///< a field, and nothing more to it
        model::FieldId field = 0;
        std::string_view arg;
        model::Reading reading;
    };

    /// What came of looking a slot's text up. `odd`: a value is no text.
    struct LookUp {
        enum class Result : std::uint8_t { done, absent, unknown, odd };
        std::uint32_t record = 0;
        Result result = Result::done;
        std::vector<TextIndex::Group> held;  ///< groups that hold, each once
    };

    const Graph* graph;
    const model::Fields* record = nullptr;
    std::uint32_t number = 0;
    std::size_t type_index = kNoType;
    bool type_is_known = false;
    std::vector<Stamp> stamps;                ///< by StepId
    std::vector<Read> readings;               ///< by SlotId
    std::vector<Cell> cells;                  ///< what the readings of transformers borrow
    std::vector<LookUp> looked_up;            ///< by text index
    std::vector<std::uint32_t> group_stamps;  ///< the last record that a group of texts held for
    std::vector<ConditionId> candidates_of_record;
    NodeId last = 0;

    void start(const model::Fields& next) {
        record = &next;
        if (number == std::numeric_limits<std::uint32_t>::max()) {
            std::ranges::fill(stamps, Stamp{});
            for (Read& each : readings) each.record = 0;
            for (LookUp& each : looked_up) each.record = 0;
            std::ranges::fill(group_stamps, 0);
            number = 0;
        }
        ++number;
        type_is_known = false;
    }

    /// Index of the record's evt.type.
    std::size_t type() {
        if (!type_is_known) {
            type_index = type_of(graph->type_slot == kNoIndex ? record->read(kTypeField, {}) : read(graph->type_slot));
            type_is_known = true;
        }
        return type_index;
    }

    /// A type that is unknown, or none at all, or no text, is left to the tests themselves.
    static std::size_t type_of(const model::Reading& reading) {
        using State = model::Reading::State;
        if (reading.state == State::absent) return kNoType;
        if (reading.state == State::unknown || reading.values.size() != 1) return kUntold;
        const auto* text = std::get_if<std::string_view>(&reading.values[0]);
        if (text == nullptr) return kUntold;
        return text->empty() ? kOtherType : find_event_type(*text);
    }

    const model::Reading& read(SlotId id) {
        Read& at = readings[id];
        if (at.record == number) return at.reading;
        at.record = number;
        if (at.plain)
            new (&at.reading) model::Reading(record->read(at.field, at.arg));  // in its place: nothing is copied
        else
            at.reading = read_other(id);
        return at.reading;
    }

    /// Of a transformer, or of the direction, which every event has.
    model::Reading read_other(SlotId id) {
        const Slot& slot = graph->slots[id];
        Cell& cell = cells[id];
        if (slot.transform == Transform::none) {
            cell.reading = record->read(slot.use.field, slot.use.arg);
            if (cell.reading.state == model::Reading::State::absent) {
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
        if (test.simple && left.state == State::present && !left.values.empty()) {
            if (test.type == model::Type::boolean) {
                const auto* const truth = std::get_if<bool>(&left.values[0]);
                return truth == nullptr ? Truth::unknown : truth_of(*truth == test.wanted);
            }
            bool odd = false;
            const bool matched = matches_one(test, left.values[0], odd);
            return odd ? Truth::unknown : truth_of(matched);
        }
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

    /// Which groups of an index the slot's value belongs to; their stamps say it.
    LookUp::Result look_up(std::uint32_t place) {
        using State = model::Reading::State;
        LookUp& at = looked_up[place];
        if (at.record == number) return at.result;
        const SlotId slot = graph->index_slots[place];
        const auto& reading = read(slot);
        at.record = number;
        at.result = LookUp::Result::done;
        at.held.clear();
        if (reading.state == State::absent) {
            at.result = LookUp::Result::absent;
        } else if (reading.state == State::unknown) {
            at.result = LookUp::Result::unknown;
        } else {
            const TextIndex& index = graph->text_indexes[place];
            const bool all = graph->slots[slot].several != model::Several::no;
            for (const auto& value : reading.values.first(all                      ? reading.values.size()
                                                          : reading.values.empty() ? 0
                                                                                   : 1)) {
                const auto* text = std::get_if<std::string_view>(&value);
                if (text == nullptr) return at.result = LookUp::Result::odd;
                index.find(*text, [&](TextIndex::Group group) {
                    if (group_stamps[group] == number) return;
                    group_stamps[group] = number;
                    at.held.push_back(graph->group_numbers[group]);
                });
            }
        }
        return at.result;
    }

    /// The conditions of the block that are not certainly false, by their bits.
    std::uint64_t not_false(const Block& block) {
        std::uint64_t left = block.all;
        for (const Block::Gate& gate : block.gates) {
            if ((left & gate.mask) != 0 && evaluate(gate.step) == Truth::no) left &= ~gate.mask;
        }
        std::uint64_t passed = block.open;
        for (const Block::Lookup& lookup : block.lookups) {
            if ((lookup.mask & left & ~passed) == 0) continue;
            switch (look_up(lookup.index)) {
                case LookUp::Result::done: break;
                case LookUp::Result::absent: continue;
                case LookUp::Result::unknown:
                case LookUp::Result::odd: passed |= lookup.mask; continue;
            }
            for (const TextIndex::Group group : looked_up[lookup.index].held) {
                if (group < lookup.conditions.size()) passed |= lookup.conditions[group];
            }
        }
        return passed & left;
    }

    std::span<const ConditionId> candidates() {
        if (type() == kUntold) return graph->all;
        candidates_of_record.clear();
        for (const Block& block : graph->blocks[graph->blocks_of[type_index]]) {
            for (auto left = not_false(block); left != 0; left &= left - 1)
                candidates_of_record.push_back(block.conditions[static_cast<std::size_t>(std::countr_zero(left))]);
        }
        return candidates_of_record;
    }

    Truth text_step(const Step& step) {
        switch (look_up(step.index)) {
            case LookUp::Result::done: return truth_of(group_stamps[step.group] == number);
            case LookUp::Result::absent: return Truth::no;
            case LookUp::Result::unknown: return Truth::unknown;
            case LookUp::Result::odd: break;
        }
        return any_of(std::span(graph->step_children).subspan(step.first, step.count), true,
                      [this](std::uint32_t number_of_test) { return test(graph->tests[number_of_test]); });
    }

    /// Whether one holds (or, not `any`, all do); ends as soon as that is certain.
    template <typename Evaluate>
    static Truth any_of(std::span<const std::uint32_t> children, bool any, Evaluate&& one) {
        const Truth decisive = truth_of(any);
        Truth result = negated(decisive);
        for (const auto child : children) {
            const Truth truth = one(child);
            if (truth == decisive) return truth;
            if (truth == Truth::unknown) result = Truth::unknown;
        }
        return result;
    }

    Truth evaluate(StepId id) {
        const Step& step = graph->steps[id];
        if (step.kind == StepKind::text) return text_step(step);
        if (step.kind == StepKind::negation) return negated(evaluate(step.first));
        if (step.kind == StepKind::event_type && type() != kUntold)
            return truth_of(graph->type_tests[step.first][type_index]);
        Stamp& stamp = stamps[id];
        if (stamp.record == number) return stamp.truth;
        const Truth truth = compute(id, step);
        stamp = {number, truth};
        return truth;
    }

    Truth compute(StepId id, const Step& step) {
        if (step.kind == StepKind::test) return test(graph->tests[step.first]);
        if (step.kind == StepKind::event_type) return test(graph->tests[graph->nodes[id].first]);
        return any_of(std::span(graph->step_children).subspan(step.first, step.count), step.kind == StepKind::any,
                      [this](StepId child) { return evaluate(child); });
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

std::span<const ConditionId> Evaluator::candidates() {
    check(state_->record != nullptr);
    return state_->candidates();
}

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
