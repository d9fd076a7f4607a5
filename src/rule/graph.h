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

struct Graph {
    std::vector<Slot> slots;
    std::vector<Test> tests;
    std::vector<Node> nodes;
    std::vector<NodeId> children;
    std::vector<NodeId> roots;                  ///< by ConditionId
    std::vector<std::vector<FieldUse>> fields;  ///< by ConditionId
    std::vector<EventSet> event_types;          ///< by ConditionId
    std::vector<std::vector<ConditionId>> by_event_type;
};

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

/// Compares; `left` is present. `mismatch` is set when a value's type is not the field's.
[[nodiscard]] bool matches(const Test& test, const model::Reading& left, const model::Reading* right, bool& mismatch);

}  // namespace plimsoll::rule::detail
