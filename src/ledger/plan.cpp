#include "ledger/plan.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "rule/position.h"

namespace plimsoll::ledger {

namespace {

using rule::Expression;
using rule::Operator;

bool follows_from_time(const rule::FieldUse& use) {
    const auto name = model::field(use.field).name;
    return use.arg.empty() &&
           (name.starts_with("evt.time") || name.starts_with("evt.datetime") || name.starts_with("evt.rawtime"));
}

bool grows_with_time(const rule::FieldUse& use) {
    const auto name = model::field(use.field).name;
    return name == "evt.rawtime" || name == "evt.rawtime.s";
}

bool is_order(Operator op) {
    return op == Operator::lt || op == Operator::le || op == Operator::gt || op == Operator::ge;
}

bool is_equality(Operator op) {
    return op == Operator::eq || op == Operator::eq_eq || op == Operator::in || op == Operator::intersects;
}

bool is_part(Operator op) { return op == Operator::contains || op == Operator::startswith || op == Operator::endswith; }

/// Whole decimal numbers only: the rule language's own reader decides what a constant means, so anything that is not
/// plain has no bounds here.
std::vector<std::int64_t> integer_bounds(const std::vector<std::string>& values) {
    std::vector<std::int64_t> bounds;
    for (const auto& value : values) {
        std::int64_t number = 0;
        const auto* end = value.data() + value.size();
        const auto [stop, fault] = std::from_chars(value.data(), end, number);
        if (fault != std::errc() || stop != end) return {};
        bounds.push_back(number);
    }
    std::ranges::sort(bounds);
    bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
    return bounds;
}

bool is_integer(model::Type type) {
    using enum model::Type;
    return type == uint64 || type == int64 || type == duration || type == time;
}

/// What can be told of a check by looking at it.
void describe(const Expression& check, PlanNode& node) {
    node.cost = 9;
    if (!node.use) return;
    const bool plain = check.left.kind == rule::Operand::Kind::field && check.modifier == rule::Modifier::none;
    const bool constants = check.right.kind != rule::Comparand::Kind::operand && !check.right.values.empty();
    const model::Field& field = model::field(node.use->field);
    const bool text = field.type == model::Type::string || field.type == model::Type::path;
    node.derived = follows_from_time(*node.use);
    node.numbered = field.name == "record.number";
    node.monotone = node.derived && grows_with_time(*node.use) && plain && constants && is_order(check.op) &&
                    check.right.values.size() == 1;
    node.cost = node.monotone || node.numbered ? 1 : node.derived ? 9 : text && !is_equality(check.op) ? 4 : 2;
    if (!plain || !constants) return;
    if (text && is_equality(check.op) && node.use->arg.empty()) node.equals = check.right.values;
    if (text && is_part(check.op) && node.use->arg.empty()) node.parts = check.right.values;
    if (std::ranges::find(node.parts, "") != node.parts.end()) node.parts.clear();
    if (is_integer(field.type)) node.bounds = integer_bounds(check.right.values);
}

}  // namespace

Result<Plan> Plan::make(const rule::ExpressionPtr& condition) {
    Plan plan;
    if (!condition) return plan;
    rule::ProgramBuilder builder;
    if (const auto added = builder.add(condition); !added) return Error{rule::to_text(added.error())};
    std::vector<rule::ExpressionPtr> checks;
    TRY_VOID(plan.add(condition, builder, checks));
    plan.program_ = std::make_unique<const rule::Program>(std::move(builder).build());
    for (PlanNode& node : plan.nodes_) {
        if (node.kind == PlanNode::Kind::check) {
            const auto fields = plan.program_->fields_of(node.id);
            if (fields.size() == 1) node.use = fields[0];
            describe(*checks[node.id - 1], node);
            continue;
        }
        for (const auto child : node.children) node.cost = std::max(node.cost, plan.nodes_[child].cost);
        std::ranges::stable_sort(node.children, {}, [&](std::uint32_t child) { return plan.nodes_[child].cost; });
    }
    return plan;
}

Result<std::uint32_t> Plan::add(const rule::ExpressionPtr& expression, rule::ProgramBuilder& builder,
                                std::vector<rule::ExpressionPtr>& checks) {
    PlanNode node;
    switch (expression->kind) {
        case Expression::Kind::conjunction: node.kind = PlanNode::Kind::all; break;
        case Expression::Kind::disjunction: node.kind = PlanNode::Kind::any; break;
        case Expression::Kind::negation: node.kind = PlanNode::Kind::negation; break;
        default: {
            const auto added = builder.add(expression);
            if (!added) return Error{rule::to_text(added.error())};
            node.id = *added;
            checks.push_back(expression);
        }
    }
    for (const auto& child : expression->children) {
        TRY(const auto number, add(child, builder, checks));
        node.children.push_back(number);
    }
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::span<const rule::FieldUse> Plan::fields() const {
    return program_ ? program_->fields_of(whole()) : std::span<const rule::FieldUse>();
}

Truths Plan::possible(const std::function<Truths(const PlanNode&)>& check) const {
    return everything() ? may_be_yes : possible(static_cast<std::uint32_t>(nodes_.size() - 1), check);
}

Truths Plan::possible(std::uint32_t number, const std::function<Truths(const PlanNode&)>& check) const {
    const PlanNode& node = nodes_[number];
    if (node.kind == PlanNode::Kind::check) return check(node);
    if (node.kind == PlanNode::Kind::negation) return negated(possible(node.children[0], check));
    // `and`; an `or` is its mirror: yes and no change places.
    const auto mirrored = [&](Truths truths) { return node.kind == PlanNode::Kind::any ? negated(truths) : truths; };
    Truths all = may_be_yes;
    for (const auto child : node.children) {
        const Truths truths = mirrored(possible(child, check));
        Truths next{};
        if ((all & may_be_yes) != 0 && (truths & may_be_yes) != 0) next = next | may_be_yes;
        if (((all | truths) & may_be_no) != 0) next = next | may_be_no;
        const bool left_open =
            (all & (may_be_yes | may_be_unknown)) != 0 && (truths & (may_be_yes | may_be_unknown)) != 0;
        if (left_open && ((all | truths) & may_be_unknown) != 0) next = next | may_be_unknown;
        all = next;
        if (all == may_be_no) break;
    }
    return mirrored(all);
}

RowTruths Plan::rows(std::size_t count, const Bits& wanted, const RowCheck& check) const {
    if (everything()) return {Bits(count, true), Bits(count), Bits(count)};
    return rows(static_cast<std::uint32_t>(nodes_.size() - 1), count, wanted, check);
}

RowTruths Plan::rows(std::uint32_t number, std::size_t count, const Bits& wanted, const RowCheck& check) const {
    const PlanNode& node = nodes_[number];
    if (node.kind == PlanNode::Kind::check) return check(node, wanted);
    if (node.kind == PlanNode::Kind::negation) {
        RowTruths child = rows(node.children[0], count, wanted, check);
        std::swap(child.yes, child.no);
        return child;
    }
    const bool mirror = node.kind == PlanNode::Kind::any;
    RowTruths all{Bits(count, true), Bits(count), Bits(count)};
    for (const auto child : node.children) {
        Bits open = all.yes;  // rows that are not certainly no by now
        open |= all.unknown;
        open &= wanted;
        if (open.none()) break;
        RowTruths next = rows(child, count, open, check);
        if (mirror) std::swap(next.yes, next.no);
        // unknown: one is, and neither is certainly no
        Bits undecided = all.unknown;
        Bits possible = next.yes;
        possible |= next.unknown;
        undecided &= possible;
        Bits here = all.yes;
        here |= all.unknown;
        here &= next.unknown;
        undecided |= here;
        all.unknown = std::move(undecided);
        all.yes &= next.yes;
        next.no &= open;
        all.no |= next.no;
        // What the child was not asked about is certainly no already.
        Bits decided(count, true);
        decided -= open;
        all.yes -= decided;
        all.unknown -= decided;
    }
    if (mirror) std::swap(all.yes, all.no);
    return all;
}

}  // namespace plimsoll::ledger
