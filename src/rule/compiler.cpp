#include "rule/compiler.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::rule::detail {

namespace {

using model::Type;

bool takes_input(Transform transform, const Slot& input) {
    const bool text = is_text(input.type);
    switch (transform) {
        case Transform::len: return text || input.type == Type::bytes || input.list;
        case Transform::b64: return (text || input.type == Type::bytes) && !input.list;
        default: return text;
    }
}

/// The message when the arguments do not suit; empty when they do.
std::string arguments_fault(Transform transform, const std::string& name, const std::vector<const Slot*>& inputs,
                            const Operand& operand) {
    const auto is_list = [&](std::size_t i) { return inputs[i]->list; };
    const auto is_one_text = [&](std::size_t i) { return is_text(inputs[i]->type) && !inputs[i]->list; };
    const auto is_text_list = [&](std::size_t i) { return is_text(inputs[i]->type) && inputs[i]->list; };
    switch (transform) {
        case Transform::join:
            if (inputs.size() == 2 && is_one_text(0) && is_text_list(1)) return {};
            return "join() takes a separator and a list of texts: join(\",\", (proc.name, fd.name))";
        case Transform::concat:
            if (inputs.size() < 2) return "concat() takes two or more texts";
            for (std::size_t i = 0; i < inputs.size(); ++i) {
                if (!is_one_text(i)) return "concat() takes texts only";
            }
            return {};
        case Transform::getopt:
            if (operand.arg && operand.arg->empty()) return "getopt() needs the letter of an option in its brackets";
            if (inputs.size() == 2 && is_text_list(0) && !inputs[0]->mixed && is_one_text(1)) return {};
            return "getopt() takes a list of arguments and the option letters: getopt(proc.cmdlineargs, \"ab:\")";
        default:
            if (inputs.size() != 1) return fmt::format("{}() takes one argument", name);
            if (transform != Transform::len && is_list(0) && operand.parts[0].kind == Operand::Kind::list) {
                return fmt::format("{}() takes no list", name);
            }
            if (!takes_input(transform, *inputs[0]))
                return fmt::format("{}() does not take a value of this type", name);
            return {};
    }
}

}  // namespace

Parsed<ConditionId> Compiler::add(const ExpressionPtr& expression) {
    if (expression->size > kMaxNodes || expression->depth > kMaxDepth) {
        return std::unexpected(Fault{"the condition is too large", expression->at});
    }
    const auto root = node(expression);
    if (!root) return std::unexpected(root.error());
    kept_.push_back(expression);
    std::vector<FieldUse> fields;
    collect(*expression, fields);
    graph_->roots.push_back(*root);
    graph_->fields.push_back(std::move(fields));
    return static_cast<ConditionId>(graph_->roots.size() - 1);
}

std::unique_ptr<Graph> Compiler::finish() {
    index_event_types(*graph_);
    plan(*graph_);
    guard_candidates(*graph_);
    return std::move(graph_);
}

Parsed<NodeId> Compiler::node(const ExpressionPtr& expression) {
    if (const auto seen = seen_.find(expression.get()); seen != seen_.end()) return seen->second;
    Parsed<NodeId> made = std::unexpected(Fault{});
    switch (expression->kind) {
        case Expression::Kind::check: made = check(*expression); break;
        case Expression::Kind::macro:
            return std::unexpected(Fault{fmt::format("there is no macro '{}'", expression->macro), expression->at});
        default: made = group(expression);
    }
    if (made) {
        seen_.emplace(expression.get(), *made);
        kept_.push_back(expression);
    }
    return made;
}

Parsed<NodeId> Compiler::group(const ExpressionPtr& expression) {
    std::vector<NodeId> children;
    for (const auto& child : expression->children) {
        const auto made = node(child);
        if (!made) return made;
        if (std::ranges::find(children, *made) == children.end()) children.push_back(*made);
    }
    if (expression->kind == Expression::Kind::negation) {
        return share_node(fmt::format("!{}", children[0]), {NodeKind::negation}, children);
    }
    if (children.size() == 1) return children[0];
    const bool all = expression->kind == Expression::Kind::conjunction;
    auto sorted = children;
    std::ranges::sort(sorted);
    return share_node(fmt::format("{}{}", all ? '&' : '|', fmt::join(sorted, ",")),
                      {all ? NodeKind::conjunction : NodeKind::disjunction}, children);
}

NodeId Compiler::share_node(std::string key, Node node, const std::vector<NodeId>& children) {
    const auto [found, fresh] = nodes_.try_emplace(std::move(key), static_cast<NodeId>(graph_->nodes.size()));
    if (!fresh) return found->second;
    if (node.kind != NodeKind::test) {
        node.first = static_cast<std::uint32_t>(graph_->children.size());
        node.count = static_cast<std::uint32_t>(children.size());
        graph_->children.insert(graph_->children.end(), children.begin(), children.end());
    }
    graph_->nodes.push_back(node);
    return found->second;
}

Parsed<NodeId> Compiler::check(const Expression& expression) {
    const auto left = slot(expression.left);
    if (!left) return std::unexpected(left.error());
    if (auto message = operator_fault(expression, graph_->slots[*left]); !message.empty()) {
        return std::unexpected(Fault{std::move(message), expression.at});
    }
    Test test;
    test.left = *left;
    test.op = expression.op == Operator::eq_eq ? Operator::eq : expression.op;
    test.modifier = expression.modifier;
    test.type = graph_->slots[*left].type;
    test.list = graph_->slots[*left].list;
    test.several = graph_->slots[*left].several;
    std::string right;
    if (expression.right.kind == Comparand::Kind::operand) {
        const Operand& operand = *expression.right.operand;
        const auto made = slot(operand.name == "val" ? operand.parts[0] : operand);
        if (!made) return std::unexpected(made.error());
        const Slot& other = graph_->slots[*made];
        const bool comparable = other.type == test.type || (is_text(other.type) && is_text(test.type)) ||
                                (is_number(other.type) && is_number(test.type));
        const bool lists_fit = !other.list || test.op == Operator::in || test.op == Operator::intersects;
        if (!comparable || !lists_fit) {
            return std::unexpected(
                Fault{fmt::format("'{}' and '{}' have different types", to_text(expression.left), to_text(operand)),
                      operand.at});
        }
        test.right = *made;
        right = fmt::format("@{}", *made);
    } else {
        if (auto fault = read_constants(expression, graph_->slots[*left], test))
            return std::unexpected(std::move(*fault));
        auto values = expression.right.values;
        if (test.modifier == Modifier::none) {
            std::ranges::sort(values);
            values.erase(std::unique(values.begin(), values.end()), values.end());
        }
        for (const auto& value : values) right += fmt::format("{}:{}", value.size(), value);
    }
    auto key = fmt::format("{} {} {} {}", *left, to_text(test.op), to_text(test.modifier), right);
    const auto number = static_cast<std::uint32_t>(graph_->tests.size());
    const auto before = graph_->nodes.size();
    const auto made = share_node(std::move(key), {NodeKind::test, number, 0}, {});
    if (graph_->nodes.size() != before) graph_->tests.push_back(std::move(test));
    return made;
}

SlotId Compiler::share(std::string key, Slot slot) {
    const auto [found, fresh] = slots_.try_emplace(std::move(key), static_cast<SlotId>(graph_->slots.size()));
    if (fresh) graph_->slots.push_back(std::move(slot));
    return found->second;
}

Parsed<SlotId> Compiler::slot(const Operand& operand) {
    switch (operand.kind) {
        case Operand::Kind::field: return field_slot(operand);
        case Operand::Kind::transformer: return transformer_slot(operand);
        case Operand::Kind::list: {
            Slot made;
            made.transform = Transform::group;
            made.list = true;
            std::string key = "group";
            for (const auto& part : operand.parts) {
                const auto input = slot(part);
                if (!input) return input;
                if (graph_->slots[*input].list) {
                    return std::unexpected(
                        Fault{fmt::format("'{}' holds any number of values", to_text(part)), part.at});
                }
                made.mixed = made.mixed || !is_text(graph_->slots[*input].type);
                made.inputs.push_back(*input);
                key += fmt::format(",{}", *input);
            }
            return share(std::move(key), std::move(made));
        }
        default: {
            Slot made;
            made.transform = Transform::literal;
            made.literal = operand.name;
            return share("literal:" + operand.name, std::move(made));
        }
    }
}

Parsed<SlotId> Compiler::field_slot(const Operand& operand) {
    const auto ref = resolve_field(operand);
    if (!ref) return std::unexpected(ref.error());
    Slot made;
    made.use = ref->use;
    made.type = ref->type;
    made.list = ref->list;
    made.several = ref->several;
    return share(fmt::format("field:{}:{}:{}", ref->use.field, static_cast<int>(ref->several), ref->use.arg),
                 std::move(made));
}

Parsed<SlotId> Compiler::transformer_slot(const Operand& operand) {
    Slot made;
    made.transform = transform_named(operand.name);
    std::string key = operand.name;
    for (const auto& part : operand.parts) {
        const auto input = slot(part);
        if (!input) return input;
        made.inputs.push_back(*input);
        key += fmt::format(",{}", *input);
    }
    std::vector<const Slot*> inputs;
    for (const auto id : made.inputs) inputs.push_back(&graph_->slots[id]);
    if (auto message = arguments_fault(made.transform, operand.name, inputs, operand); !message.empty()) {
        return std::unexpected(Fault{std::move(message), operand.at});
    }
    if (made.transform == Transform::len) {
        made.type = Type::uint64;
        made.counts = inputs[0]->list;
    }
    if (made.transform == Transform::getopt) {
        made.list = !operand.arg;
        made.has_option = operand.arg.has_value();
        made.option = operand.arg.value_or("");
        key += "[" + made.option + "]" + (made.has_option ? "1" : "0");
    }
    const bool keeps_shape = made.transform == Transform::tolower || made.transform == Transform::toupper ||
                             made.transform == Transform::b64 || made.transform == Transform::basename;
    if (keeps_shape) {
        made.list = inputs[0]->list;
        made.several = inputs[0]->several;
    }
    return share(std::move(key), std::move(made));
}

void Compiler::collect(const Operand& operand, std::vector<FieldUse>& out) const {
    if (operand.kind == Operand::Kind::field) {
        const auto ref = resolve_field(operand);
        if (ref && std::ranges::find(out, ref->use) == out.end()) out.push_back(ref->use);
    }
    for (const auto& part : operand.parts) collect(part, out);
}

void Compiler::collect(const Expression& expression, std::vector<FieldUse>& out) const {
    for (const auto& child : expression.children) collect(*child, out);
    if (expression.kind != Expression::Kind::check) return;
    collect(expression.left, out);
    if (expression.right.operand) collect(*expression.right.operand, out);
}

}  // namespace plimsoll::rule::detail
