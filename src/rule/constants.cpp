#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "rule/compiler.h"
#include "rule/event_types.h"

namespace plimsoll::rule::detail {

namespace {

using model::Type;

bool is_byte_op(Operator op) { return op == Operator::bcontains || op == Operator::bstartswith; }

bool allowed(Operator op, Type type) {
    using enum Operator;
    const bool common = op == exists || op == eq || op == eq_eq || op == ne || op == in || op == intersects;
    const bool order = op == lt || op == le || op == gt || op == ge;
    if (common) return true;
    switch (type) {
        case Type::string:
        case Type::path: return !is_byte_op(op);
        case Type::bytes: return is_byte_op(op) || op == contains || op == startswith || op == endswith;
        case Type::boolean:
        case Type::ip:
        case Type::net: return false;
        default: return order;
    }
}

std::optional<std::string> decode_hex(std::string_view text) {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (text.empty() || text.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

/// Adds one text constant in the form the operator needs; the message when it cannot be.
std::string add_text(std::string_view value, Test& out) {
    switch (out.op) {
        case Operator::glob:
        case Operator::iglob: out.globs.emplace_back(value, out.op == Operator::iglob); return {};
        case Operator::pmatch: out.paths.emplace_back(value); return {};
        case Operator::icontains: out.texts.push_back(lowered(value)); return {};
        case Operator::regex: {
            re2::RE2::Options options(re2::RE2::POSIX);
            options.set_log_errors(false);
            options.set_longest_match(false);
            options.set_encoding(re2::RE2::Options::EncodingLatin1);  // values are bytes
            auto expression = std::make_unique<re2::RE2>(re2::StringPiece(value.data(), value.size()), options);
            if (!expression->ok())
                return fmt::format("'{}' is not a regular expression: {}", value, expression->error());
            out.expressions.push_back(std::move(expression));
            return {};
        }
        case Operator::bcontains:
        case Operator::bstartswith: {
            auto bytes = decode_hex(value);
            if (!bytes) return fmt::format("'{}' is not an even number of hexadecimal digits", value);
            out.texts.push_back(std::move(*bytes));
            return {};
        }
        default: out.texts.emplace_back(value); return {};
    }
}

std::string add_number(std::string_view value, Type type, Test& out) {
    const auto number = Number::parse(value);
    if (!number) return fmt::format("expected a number, not '{}'", value);
    if (type != Type::f64 && number->is_real()) return fmt::format("expected a whole number, not '{}'", value);
    const bool equality =
        out.op == Operator::eq || out.op == Operator::ne || out.op == Operator::in || out.op == Operator::intersects;
    if (number->is_real() && equality) return fmt::format("'{}' is hardly ever met exactly: use < or >", value);
    out.numbers.push_back(*number);
    return {};
}

std::string add_constant(std::string_view value, Type type, Test& out) {
    switch (type) {
        case Type::string:
        case Type::path:
        case Type::bytes: return add_text(value, out);
        case Type::boolean:
            if (value != "true" && value != "false") return fmt::format("expected true or false, not '{}'", value);
            out.booleans.push_back(value == "true");
            return {};
        case Type::ip: {
            model::Ip ip;
            if (!model::parse_ip(value, ip)) return fmt::format("expected an address, not '{}'", value);
            out.ips.push_back(ip);
            return {};
        }
        case Type::net: {
            model::Net net;
            if (!model::parse_net(value, net)) return fmt::format("expected an address block, not '{}'", value);
            out.nets.push_back(net);
            return {};
        }
        default: return add_number(value, type, out);
    }
}

std::string event_type_fault(std::string_view value) {
    if (is_event_type(value)) return {};
    const auto nearest = nearest_event_type(value);
    return nearest.empty() ? fmt::format("unknown event type '{}'", value)
                           : fmt::format("unknown event type '{}'; the nearest is '{}'", value, nearest);
}

}  // namespace

std::size_t Test::constants() const {
    return texts.size() + numbers.size() + booleans.size() + ips.size() + nets.size() + expressions.size() +
           globs.size() + paths.size();
}

std::string operator_fault(const Expression& check, const Slot& left) {
    const auto op = check.op;
    if (left.list && op != Operator::in && op != Operator::intersects && op != Operator::exists) {
        return fmt::format(
            "'{}' cannot be used on '{}', which holds any number of values: use in, intersects or exists", to_text(op),
            to_text(check.left));
    }
    if (!allowed(op, left.type)) return fmt::format("'{}' cannot be used on '{}'", to_text(op), to_text(check.left));
    if (check.modifier != Modifier::none && left.list) return "oneof, anyof and allof need a field with one value";
    if (check.right.kind != Comparand::Kind::operand) return {};
    if (op == Operator::pmatch || op == Operator::regex || left.type == Type::net || is_byte_op(op)) {
        return fmt::format("'{}' on '{}' cannot be compared with another field", to_text(op), to_text(check.left));
    }
    return {};
}

std::optional<Fault> read_constants(const Expression& check, const Slot& left, Test& out) {
    const Comparand& right = check.right;
    if (right.kind == Comparand::Kind::name) {
        return Fault{fmt::format("there is no list '{}'", right.values[0]), right.places[0]};
    }
    const bool is_event_name = left.transform == Transform::none && model::field(left.use.field).name == "evt.type" &&
                               (out.op == Operator::eq || out.op == Operator::ne || out.op == Operator::in);
    for (std::size_t i = 0; i < right.values.size(); ++i) {
        auto message = is_event_name ? event_type_fault(right.values[i]) : std::string();
        if (message.empty()) message = add_constant(right.values[i], left.type, out);
        if (!message.empty()) return Fault{std::move(message), right.places[i]};
    }
    if (out.op == Operator::in || out.op == Operator::intersects) out.set.insert(out.texts.begin(), out.texts.end());
    return std::nullopt;
}

}  // namespace plimsoll::rule::detail
