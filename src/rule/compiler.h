#pragma once

// Inside of ProgramBuilder: type-checks expressions and shares their equal parts.

#include <string>
#include <unordered_map>

#include "rule/graph.h"

namespace plimsoll::rule::detail {

class Compiler {
public:
    Parsed<ConditionId> add(const ExpressionPtr& expression);
    std::unique_ptr<Graph> finish();

private:
    Parsed<NodeId> node(const ExpressionPtr& expression);
    Parsed<NodeId> group(const ExpressionPtr& expression);
    Parsed<NodeId> check(const Expression& expression);
    Parsed<SlotId> slot(const Operand& operand);
    Parsed<SlotId> field_slot(const Operand& operand);
    Parsed<SlotId> transformer_slot(const Operand& operand);
    SlotId share(std::string key, Slot slot);
    NodeId share_node(std::string key, Node node, const std::vector<NodeId>& children);
    void collect(const Operand& operand, std::vector<FieldUse>& out) const;
    void collect(const Expression& expression, std::vector<FieldUse>& out) const;

    std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
    std::unordered_map<std::string, NodeId> nodes_;
    std::unordered_map<std::string, SlotId> slots_;
    std::unordered_map<const Expression*, NodeId> seen_;
    std::vector<ExpressionPtr> kept_;  // keeps the keys of seen_ alive
};

/// Parses the constants of a check on a value of that slot's type; `out` has its operator and type set.
[[nodiscard]] std::optional<Fault> read_constants(const Expression& check, const Slot& left, Test& out);

/// Whether the operator may be used on such a value; the message when not.
[[nodiscard]] std::string operator_fault(const Expression& check, const Slot& left);

}  // namespace plimsoll::rule::detail
