#pragma once

// Inside of Program: the graph that the compiler makes and the evaluator walks. No other file includes this.

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <re2/re2.h>

#include "model/value.h"
#include "rule/event_types.h"
#include "rule/expression.h"
#include "rule/field_ref.h"
#include "rule/glob.h"
#include "rule/number.h"
#include "rule/program.h"
#include "rule/text_index.h"

namespace plimsoll::rule::detail {

using NodeId = std::uint32_t;
using SlotId = std::uint32_t;

enum class Transform : std::uint8_t {
    none,
    literal,
    tolower,
    toupper,
    b64,
    basename,
    len,
    join,
    concat,
    getopt,
    group
};

/// Something that is read at most once per record: a field, or a transformer applied to other slots.
struct Slot {
    Transform transform = Transform::none;
    FieldUse use;         ///< of a field
    std::string literal;  ///< of a literal
    std::string option;   ///< between the brackets of getopt
    bool has_option = false;
    bool counts = false;  ///< len of a list: the number of its values
    std::vector<SlotId> inputs;
    bool mixed = false;  ///< a list with members that are not text
    model::Type type = model::Type::string;
    bool list = false;
    model::Several several = model::Several::no;
};

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// One comparison with its constants ready to use. Only the vector of the field's type is filled.
struct Test {
    SlotId left = 0;
    Operator op = Operator::exists;
    Modifier modifier = Modifier::none;
    model::Type type = model::Type::string;
    bool list = false;
    model::Several several = model::Several::no;
    std::optional<SlotId> right;
    bool simple = false;  ///< one value of the left is compared with one constant; set by plan()
    bool wanted = false;  ///< of a simple test of a truth: what it must be

    std::vector<std::string> texts;
    TextSet set;  ///< of texts, for `in` and `intersects`
    std::vector<Number> numbers;
    std::vector<bool> booleans;
    std::vector<model::Ip> ips;
    std::vector<model::Net> nets;
    std::vector<std::unique_ptr<re2::RE2>> expressions;
    std::vector<Glob> globs;
    std::vector<PathPattern> paths;

    [[nodiscard]] std::size_t constants() const;
};

enum class NodeKind : std::uint8_t { test, negation, conjunction, disjunction };

struct Node {
    NodeKind kind = NodeKind::test;
    std::uint32_t first = 0;  ///< test number, or begin in Graph::children
    std::uint32_t count = 0;
};

using EventSet = std::bitset<kEventTypes.size() + 2>;  ///< known types, then: any other name, and no evt.type at all
inline constexpr std::size_t kOtherType = kEventTypes.size();
inline constexpr std::size_t kNoType = kEventTypes.size() + 1;

/// How a node is evaluated. Steps have the numbers of their nodes; those that stand for several tests at once follow.
using StepId = std::uint32_t;
enum class StepKind : std::uint8_t { test, event_type, text, negation, all, any };
struct Step {
    StepKind kind = StepKind::test;
    std::uint32_t first = 0;  ///< test, type test, negated step, or begin in Graph::step_children
    std::uint32_t count = 0;  ///< of a text: its tests, by number; of all and any: steps
    std::uint32_t index = 0;  ///< of a text: in Graph::text_indexes
    TextIndex::Group group = 0;
};
/// A group of texts of an index.
struct Guard {
    std::uint32_t index = 0;
    TextIndex::Group group = 0;

    friend bool operator==(const Guard&, const Guard&) = default;
};

/// Up to 64 conditions that events of some types may make true, one bit each. Those of a gate can hold only when its
/// step does; those that are not open only when one of their guards does.
struct Block {
    struct Gate {
        StepId step = 0;
        std::uint64_t mask = 0;
    };
    struct Lookup {
        std::uint32_t index = 0;
        std::uint64_t mask = 0;                 ///< of conditions with guards in the index
        std::vector<std::uint64_t> conditions;  ///< by the group's number in its index
    };

    std::vector<ConditionId> conditions;  ///< by bit
    std::uint64_t all = 0;
    std::uint64_t open = 0;
    std::vector<Gate> gates;
    std::vector<Lookup> lookups;  ///< cheap ones first
};
inline constexpr std::uint32_t kNoIndex = 0xffffffff;

struct Graph {
    std::vector<Slot> slots;
    std::vector<Test> tests;
    std::vector<Node> nodes;
    std::vector<NodeId> children;
    std::vector<NodeId> roots;                  ///< by ConditionId
    std::vector<std::vector<FieldUse>> fields;  ///< by ConditionId
    std::vector<EventSet> event_types;          ///< by ConditionId
    std::vector<std::vector<ConditionId>> by_event_type;
    std::vector<ConditionId> all;

    std::vector<Step> steps;  ///< by NodeId, and more
    std::vector<std::uint32_t> step_children;
    std::vector<EventSet> type_tests;
    SlotId type_slot = kNoIndex;  ///< of evt.type; kNoIndex when no condition reads it
    std::vector<TextIndex>
        text_indexes;                 ///< a slot may have some: of what costs little, and of texts that stand inside
    std::vector<SlotId> index_slots;  ///< by text index
    std::vector<std::uint8_t> index_scans;     ///< by text index: of texts that stand inside
    std::vector<std::uint32_t> group_numbers;  ///< by group: its number in its index
    std::vector<std::optional<Guard>> hints;   ///< by StepId: what must hold when a test that is not by index does
    std::vector<std::vector<Block>> blocks;
    std::vector<std::uint32_t> blocks_of;  ///< by event type, in blocks
};

/// The event types for which a test is true; nothing when they do not decide it.
[[nodiscard]] std::optional<EventSet> types_of(const Graph& graph, const Test& test);

/// Whether a slot's field has few values, so that a test of it tells little.
[[nodiscard]] bool has_few_values(const Slot& slot);

/// Fills Graph::steps and what they refer to.
void plan(Graph& graph);

/// Fills Graph::blocks, once the steps are there.
void guard_candidates(Graph& graph);

/// Fills Graph::event_types and Graph::by_event_type.
void index_event_types(Graph& graph);

/// What a slot holds for the record at hand.
struct Cell {
    model::Reading reading;
    std::vector<model::Value> values;  ///< of a transformer
    std::vector<std::string> texts;    ///< what those values borrow
};

/// The transformer of that name; none when there is no such.
[[nodiscard]] Transform transform_named(std::string_view name);

/// Applies the slot's transformer to its inputs, whose readings are `inputs`.
void apply(const Slot& slot, const std::vector<const model::Reading*>& inputs, Cell& out);

/// The same for a simple test, not of a truth, and the only value.
[[nodiscard]] bool matches_one(const Test& test, const model::Value& value, bool& mismatch);

/// Compares; `left` is present. `mismatch` is set when a value's type is not the field's.
[[nodiscard]] bool matches(const Test& test, const model::Reading& left, const model::Reading* right, bool& mismatch);

}  // namespace plimsoll::rule::detail
