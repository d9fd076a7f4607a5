#include "rule/expression.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace plimsoll::rule {

namespace {

constexpr std::array<std::string_view, 20> kOperators = {
    "exists",    "=",         "==",         "!=",          "<",        "<=",    ">",
    ">=",        "in",        "intersects", "pmatch",      "glob",     "iglob", "contains",
    "icontains", "bcontains", "startswith", "bstartswith", "endswith", "regex"};

void measure(Expression& node) {
    std::uint64_t size = 1;
    std::uint32_t depth = 0;
    for (const auto& child : node.children) {
        size += child->size;
        depth = std::max(depth, child->depth);
    }
    node.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, std::numeric_limits<std::uint32_t>::max()));
    node.depth = depth + 1;
}

/// Quotes are written only where the text would not be read back as one bare word.
void append_value(std::string& out, std::string_view value) {
    if (value.find_first_of(" '\"\\\t\n\r\b\f") == std::string_view::npos) {
        out += value;
        return;
    }
    out += '"';
    for (const char c : value) {
        switch (c) {
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            default: out += c;
        }
    }
    out += '"';
}

void append(std::string& out, const Operand& operand) {
    const auto append_parts = [&] {
        out += '(';
        for (std::size_t i = 0; i < operand.parts.size(); ++i) {
            if (i > 0) out += ',';
            append(out, operand.parts[i]);
        }
        out += ')';
    };
    if (operand.kind != Operand::Kind::list) out += operand.name;
    if (operand.kind == Operand::Kind::list || operand.kind == Operand::Kind::transformer) append_parts();
    if (operand.arg) {
        out += '[';
        if (operand.arg->empty()) {
            out += "\"\"";
        } else {
            append_value(out, *operand.arg);
        }
        out += ']';
    }
}

void append_check(std::string& out, const Expression& check) {
    append(out, check.left);
    out += ' ';
    out += to_text(check.op);
    if (check.modifier != Modifier::none) {
        out += ' ';
        out += to_text(check.modifier);
    }
    switch (check.right.kind) {
        case Comparand::Kind::none: return;
        case Comparand::Kind::operand:
            out += ' ';
            append(out, *check.right.operand);
            return;
        case Comparand::Kind::list:
            out += " (";
            for (std::size_t i = 0; i < check.right.values.size(); ++i) {
                if (i > 0) out += ", ";
                append_value(out, check.right.values[i]);
            }
            out += ')';
            return;
        default: out += ' '; append_value(out, check.right.values[0]);
    }
}

void append(std::string& out, const Expression& node) {
    switch (node.kind) {
        case Expression::Kind::check: append_check(out, node); return;
        case Expression::Kind::macro: out += node.macro; return;
        case Expression::Kind::negation:
            out += "not ";
            append(out, *node.children[0]);
            return;
        default: break;
    }
    const auto* word = node.kind == Expression::Kind::conjunction ? " and " : " or ";
    out += '(';
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += word;
        append(out, *node.children[i]);
    }
    out += ')';
}

}  // namespace

ExpressionPtr make_check(Expression check) { return std::make_shared<const Expression>(std::move(check)); }

ExpressionPtr make_macro(std::string name, Position at) {
    Expression node;
    node.kind = Expression::Kind::macro;
    node.macro = std::move(name);
    node.at = at;
    return std::make_shared<const Expression>(std::move(node));
}

ExpressionPtr make_negation(ExpressionPtr child, Position at) {
    Expression node;
    node.kind = Expression::Kind::negation;
    node.at = at;
    node.children.push_back(std::move(child));
    measure(node);
    return std::make_shared<const Expression>(std::move(node));
}

ExpressionPtr make_group(Expression::Kind kind, std::vector<ExpressionPtr> children, Position at) {
    if (children.size() == 1) return std::move(children[0]);
    Expression node;
    node.kind = kind;
    node.at = at;
    node.children = std::move(children);
    measure(node);
    return std::make_shared<const Expression>(std::move(node));
}

std::string_view to_text(Operator op) { return kOperators[static_cast<std::size_t>(op)]; }

std::string_view to_text(Modifier modifier) {
    static constexpr std::array<std::string_view, 4> kNames = {"", "oneof", "anyof", "allof"};
    return kNames[static_cast<std::size_t>(modifier)];
}

std::optional<Operator> parse_operator(std::string_view text) {
    const auto found = std::ranges::find(kOperators, text);
    if (found == kOperators.end()) return std::nullopt;
    return static_cast<Operator>(found - kOperators.begin());
}

std::string to_text(const Expression& expression) {
    std::string out;
    append(out, expression);
    return out;
}

std::string to_text(const Operand& operand) {
    std::string out;
    append(out, operand);
    return out;
}

}  // namespace plimsoll::rule
