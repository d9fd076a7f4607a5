#include "rule/field_map.h"

#include <charconv>

#include <fmt/format.h>

#include "rule/parser.h"

namespace plimsoll::rule {

namespace {

using model::OwnedValue;
using model::Type;

template <typename T>
bool read_number(std::string_view text, OwnedValue& out) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, value);
    if (fault != std::errc() || stop != end) return false;
    out = value;
    return true;
}

bool read_value(Type type, std::string_view text, OwnedValue& out) {
    switch (type) {
        case Type::string:
        case Type::path:
        case Type::bytes: out = std::string(text); return true;
        case Type::boolean: out = text == "true"; return text == "true" || text == "false";
        case Type::int64: return read_number<std::int64_t>(text, out);
        case Type::f64: return read_number<double>(text, out);
        case Type::ip: {
            model::Ip ip;
            if (!model::parse_ip(text, ip)) return false;
            out = ip;
            return true;
        }
        case Type::net: {
            model::Net net;
            if (!model::parse_net(text, net)) return false;
            out = net;
            return true;
        }
        default: return read_number<std::uint64_t>(text, out);
    }
}

}  // namespace

Parsed<FieldRef> FieldMap::find(std::string_view name, Position at) const {
    std::size_t used = 0;
    auto operand = parse_operand(name, used);
    if (!operand || operand->kind != Operand::Kind::field || used != name.size()) {
        return std::unexpected(Fault{fmt::format("'{}' is not the name of a field", name), at});
    }
    auto ref = resolve_field(*operand);
    if (!ref) return std::unexpected(Fault{ref.error().message, at});
    return ref;
}

FieldMap::Entry& FieldMap::entry(const FieldUse& use) { return entries_[use.field][use.arg] = Entry{}; }

Parsed<FieldUse> FieldMap::set(std::string_view name, const std::vector<std::string>& values, Position at) {
    auto ref = find(name, at);
    if (!ref) return std::unexpected(std::move(ref.error()));
    if (values.size() != 1 && !ref->list && ref->several == model::Several::no) {
        return std::unexpected(Fault{fmt::format("'{}' holds one value", name), at});
    }
    Entry made;
    made.state = model::Reading::State::present;
    for (const auto& text : values) {
        OwnedValue value;
        if (!read_value(ref->type, text, value)) {
            return std::unexpected(Fault{fmt::format("'{}' is not a value of '{}', which is of type {}", text, name,
                                                     model::type_name(model::field(ref->use.field))),
                                         at});
        }
        made.owned.push_back(std::move(value));
    }
    Entry& kept = entry(ref->use) = std::move(made);
    for (const auto& value : kept.owned) kept.values.push_back(model::view(value));
    return ref->use;
}

Parsed<FieldUse> FieldMap::set_unknown(std::string_view name, std::string_view reason, Position at) {
    auto ref = find(name, at);
    if (!ref) return std::unexpected(std::move(ref.error()));
    Entry& made = entry(ref->use);
    made.state = model::Reading::State::unknown;
    made.reason = reason;
    return ref->use;
}

Parsed<FieldUse> FieldMap::set_absent(std::string_view name, Position at) {
    auto ref = find(name, at);
    if (!ref) return std::unexpected(std::move(ref.error()));
    entry(ref->use);
    return ref->use;
}

model::Reading FieldMap::read(model::FieldId field, std::string_view arg) const {
    const auto by_arg = entries_.find(field);
    if (by_arg == entries_.end()) return model::Reading::missing();
    const auto found = by_arg->second.find(arg);
    if (found == by_arg->second.end()) return model::Reading::missing();
    const Entry& entry = found->second;
    if (entry.state == model::Reading::State::unknown) return model::Reading::cannot_know(entry.reason);
    if (entry.state == model::Reading::State::absent) return model::Reading::missing();
    return model::Reading::of(entry.values);
}

}  // namespace plimsoll::rule
