#include <algorithm>
#include <cstring>

#include "rule/graph.h"

namespace plimsoll::rule::detail {

namespace {

using model::Reading;
using model::Type;
using model::Value;

unsigned char small(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

/// `part` is lower case already.
bool contains_ignoring_case(std::string_view text, std::string_view part) {
    const auto found =
        std::ranges::search(text, part, [](char a, char b) { return small(a) == static_cast<unsigned char>(b); });
    return !found.empty() || part.empty();
}

bool compare_text(Operator op, std::string_view text, std::string_view constant) {
    switch (op) {
        case Operator::eq:
        case Operator::in:
        case Operator::intersects: return text == constant;
        case Operator::ne: return text != constant;
        case Operator::lt: return text < constant;
        case Operator::le: return text <= constant;
        case Operator::gt: return text > constant;
        case Operator::ge: return text >= constant;
        case Operator::bcontains:
        case Operator::contains:
            return ::memmem(text.data(), text.size(), constant.data(), constant.size()) !=
                   nullptr;  // faster than find()
        case Operator::icontains: return contains_ignoring_case(text, constant);
        case Operator::bstartswith:
        case Operator::startswith: return text.starts_with(constant);
        case Operator::endswith: return text.ends_with(constant);
        default: return false;
    }
}

template <typename T>
bool compare_ordered(Operator op, const T& value, const T& constant) {
    switch (op) {
        case Operator::ne: return !(value == constant);
        case Operator::lt: return value < constant;
        case Operator::le: return value <= constant;
        case Operator::gt: return value > constant;
        case Operator::ge: return value >= constant;
        default: return value == constant;
    }
}

bool compare_address(Operator op, const Value& value, const model::Net& net, bool& mismatch) {
    bool inside = false;
    if (const auto* ip = std::get_if<model::Ip>(&value)) {
        inside = model::contains(net, *ip);
    } else if (const auto* block = std::get_if<model::Net>(&value)) {
        inside = block->bits >= net.bits && model::contains(net, block->address);
    } else {
        mismatch = true;
        return false;
    }
    return inside != (op == Operator::ne);
}

/// One value against constant number `i`.
bool compare(const Test& test, const Value& value, std::size_t i, bool& mismatch) {
    switch (test.type) {
        case Type::string:
        case Type::path:
        case Type::bytes: {
            const auto* text = std::get_if<std::string_view>(&value);
            if (text == nullptr) {
                mismatch = true;
                return false;
            }
            if (!test.globs.empty()) return test.globs[i].matches(*text);
            if (!test.paths.empty()) return test.paths[i].covers(*text);
            if (!test.expressions.empty())
                return re2::RE2::FullMatch(re2::StringPiece(text->data(), text->size()), *test.expressions[i]);
            return compare_text(test.op, *text, test.texts[i]);
        }
        case Type::boolean: {
            const auto* truth = std::get_if<bool>(&value);
            mismatch = mismatch || truth == nullptr;
            return truth != nullptr && (*truth == test.booleans[i]) != (test.op == Operator::ne);
        }
        case Type::ip: {
            const auto* ip = std::get_if<model::Ip>(&value);
            mismatch = mismatch || ip == nullptr;
            return ip != nullptr && (*ip == test.ips[i]) != (test.op == Operator::ne);
        }
        case Type::net: return compare_address(test.op, value, test.nets[i], mismatch);
        default: {
            const auto number = Number::from(value);
            mismatch = mismatch || !number;
            return number && compare_ordered(test.op, *number, test.numbers[i]);
        }
    }
}

/// One value against all constants, as operator and modifier want it.
bool compare_all(const Test& test, const Value& value, bool& mismatch) {
    const auto count = test.constants();
    if (!test.set.empty()) {
        const auto* text = std::get_if<std::string_view>(&value);
        mismatch = mismatch || text == nullptr;
        return text != nullptr && test.set.contains(*text);
    }
    if (test.modifier == Modifier::none) {
        for (std::size_t i = 0; i < count; ++i) {
            if (compare(test, value, i, mismatch)) return true;
        }
        return false;
    }
    std::size_t matched = 0;
    for (std::size_t i = 0; i < count; ++i) matched += compare(test, value, i, mismatch) ? 1 : 0;
    if (test.modifier == Modifier::oneof) return matched == 1;
    return test.modifier == Modifier::anyof ? matched > 0 : count > 0 && matched == count;
}

/// One value of the left field against one of the right field.
bool compare_fields(const Test& test, const Value& left, const Value& right, bool& mismatch) {
    if (is_text(test.type) || test.type == Type::bytes) {
        const auto* a = std::get_if<std::string_view>(&left);
        const auto* b = std::get_if<std::string_view>(&right);
        if (a == nullptr || b == nullptr) {
            mismatch = true;
            return false;
        }
        if (test.op == Operator::glob || test.op == Operator::iglob)
            return Glob(*b, test.op == Operator::iglob).matches(*a);
        if (test.op == Operator::icontains) {
            std::string part(*b);
            for (char& c : part) c = static_cast<char>(small(c));
            return contains_ignoring_case(*a, part);
        }
        return compare_text(test.op, *a, *b);
    }
    if (is_number(test.type)) {
        const auto a = Number::from(left);
        const auto b = Number::from(right);
        mismatch = mismatch || !a || !b;
        return a && b && compare_ordered(test.op, *a, *b);
    }
    return (left == right) != (test.op == Operator::ne);
}

bool compare_with_field(const Test& test, const Value& left, const Reading& right, bool& mismatch) {
    for (const auto& other : right.values) {
        if (compare_fields(test, left, other, mismatch)) return true;
    }
    return false;
}

}  // namespace

bool matches_one(const Test& test, const Value& value, bool& mismatch) { return compare(test, value, 0, mismatch); }

bool matches(const Test& test, const Reading& left, const Reading* right, bool& mismatch) {
    const auto values = left.values;
    if (test.op == Operator::exists) return !values.empty();
    const auto one = [&](const Value& value) {
        return right != nullptr ? compare_with_field(test, value, *right, mismatch)
                                : compare_all(test, value, mismatch);
    };
    if (values.empty()) return false;
    const bool every =
        (test.list && test.op == Operator::in) || (test.several == model::Several::ends && test.op == Operator::ne);
    const bool some = test.list || test.several != model::Several::no;
    if (every) return std::ranges::all_of(values, one);
    return some ? std::ranges::any_of(values, one) : one(values[0]);
}

}  // namespace plimsoll::rule::detail
