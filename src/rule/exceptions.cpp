#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "rule/loader.h"
#include "rule/parser.h"

namespace plimsoll::rule {

namespace {

/// "startswith oneof", blanks put right.
std::string normalised(std::string_view comp) {
    std::string out;
    for (const auto word : split(comp, ' ')) {
        if (word.empty()) continue;
        if (!out.empty()) out += ' ';
        out += word;
    }
    return out;
}

struct Comparison {
    std::string_view op;
    std::string_view modifier;
};

Comparison parts_of(std::string_view comp) {
    const auto blank = comp.find(' ');
    if (blank == std::string_view::npos) return {comp, {}};
    return {comp.substr(0, blank), comp.substr(blank + 1)};
}

bool is_comparison(std::string_view comp) {
    const auto [op, modifier] = parts_of(comp);
    const auto known = parse_operator(op);
    if (!known || *known == Operator::exists) return false;
    return modifier.empty() || modifier == "oneof" || modifier == "anyof" || modifier == "allof";
}

bool takes_list(std::string_view comp) {
    const auto [op, modifier] = parts_of(comp);
    return !modifier.empty() || op == "in" || op == "intersects" || op == "pmatch";
}

bool is_field_or_transformer(std::string_view text) {
    std::size_t used = 0;
    const auto operand = parse_operand(text, used);
    if (!operand || used != text.size()) return false;
    return operand->kind == Operand::Kind::transformer || resolve_field(*operand).has_value();
}

/// A value as the condition writes it; a field in a transformer or val() stays one.
std::string value_text(const YamlNode& node, bool in_list) {
    if (!in_list) {
        std::size_t used = 0;
        const auto inner = std::string_view(node.text).starts_with("val(") && node.text.ends_with(')')
                               ? std::string_view(node.text).substr(4, node.text.size() - 5)
                               : std::string_view(node.text);
        const auto operand = parse_operand(inner, used);
        const bool transforms = operand && used == inner.size() &&
                                (operand->kind == Operand::Kind::transformer || inner.size() != node.text.size());
        if (transforms) return node.text;
    }
    return quoted_item(node.text);
}

std::string list_text(const YamlNode& node) {
    if (!node.is_sequence()) {
        return node.text.starts_with('(') ? node.text : "(" + value_text(node, true) + ")";
    }
    std::string out = "(";
    for (const auto& item : node.items) out += (out.size() > 1 ? ", " : "") + value_text(item, true);
    return out + ")";
}

std::string compared(const std::string& field, const std::string& comp, const YamlNode& value) {
    return fmt::format("{} {} {}", field, comp,
                       takes_list(comp) || value.is_sequence() ? list_text(value) : value_text(value, false));
}

std::vector<std::string> texts(const YamlNode* node) {
    std::vector<std::string> out;
    if (node == nullptr) return out;
    if (node->is_scalar()) out.push_back(node->text);
    for (const auto& item : node->items) out.push_back(item.text);
    return out;
}

}  // namespace

bool RuleLoader::State::add_exceptions(Definition& target, const YamlNode& node, bool appending) {
    const auto fail = [&](std::string code, std::string message, const std::string& name, Position at) {
        error(std::move(code), std::move(message), "exception " + name, at);
        return false;
    };
    if (!node.is_sequence()) return fail("LOAD_ERR_YAML_VALIDATE", "'exceptions' must be a sequence", "", node.at);
    for (const auto& item : node.items) {
        const auto* name = item.find("name");
        if (name == nullptr || !name->is_scalar())
            return fail("LOAD_ERR_YAML_VALIDATE", "the key 'name' is missing", "", item.at);
        const auto* fields = item.find("fields");
        const auto* comps = item.find("comps");
        const auto* values = item.find("values");
        const auto known = std::ranges::find(target.exceptions, name->text, &Exception::name);
        if (appending && known != target.exceptions.end()) {
            if (fields != nullptr || comps != nullptr) {
                return fail("LOAD_ERR_VALIDATE", "only 'values' can be appended to an exception", name->text, item.at);
            }
            if (values == nullptr) {
                warning("LOAD_APPEND_NO_VALUES", "nothing is appended: 'values' is missing", "exception " + name->text,
                        item.at);
                continue;
            }
            Exception longer = *known;
            for (const auto& value : values->items) longer.values.push_back(&value);
            if (target.known_source && !check_exception(longer)) return false;
            *known = std::move(longer);
            continue;
        }
        if (known != target.exceptions.end()) {
            warning("LOAD_EXCEPTION_NAME_NOT_UNIQUE",
                    fmt::format("the exception '{}' is defined more than once", name->text), "exception " + name->text,
                    item.at);
        }
        if (fields == nullptr || fields->is_null()) {
            return fail(appending ? "LOAD_ERR_VALIDATE" : "LOAD_ERR_YAML_VALIDATE", "the key 'fields' is missing",
                        name->text, item.at);
        }
        Exception made;
        made.name = name->text;
        made.at = item.at;
        made.flat = fields->is_scalar();
        made.fields = texts(fields);
        for (const auto& comp : texts(comps)) made.comps.push_back(normalised(comp));
        if (comps == nullptr) made.comps.assign(made.fields.size(), made.flat ? "in" : "=");
        if (values != nullptr) {
            for (const auto& value : values->items) made.values.push_back(&value);
        }
        if (target.known_source && !check_exception(made)) return false;
        target.exceptions.push_back(std::move(made));
    }
    return true;
}

bool RuleLoader::State::check_exception(const Exception& exception) {
    const auto fail = [&](std::string message, Position at) {
        error("LOAD_ERR_VALIDATE", std::move(message), "exception " + exception.name, at);
        return false;
    };
    if (exception.fields.size() != exception.comps.size())
        return fail("'fields' and 'comps' differ in length", exception.at);
    for (std::size_t i = 0; i < exception.fields.size(); ++i) {
        if (!is_comparison(exception.comps[i]))
            return fail(fmt::format("'{}' is not an operator", exception.comps[i]), exception.at);
        if (exception.flat && !takes_list(exception.comps[i])) {
            return fail(
                "with one field, 'comps' must take a list: in, pmatch, intersects, or an operator with oneof, anyof or "
                "allof",
                exception.at);
        }
        if (!is_field_or_transformer(exception.fields[i])) {
            const auto nearest = model::nearest_field(exception.fields[i]);
            return fail(nearest.empty()
                            ? fmt::format("there is no field '{}'", exception.fields[i])
                            : fmt::format("there is no field '{}'; the nearest is '{}'", exception.fields[i], nearest),
                        exception.at);
        }
    }
    for (const auto* value : exception.values) {
        if (!exception.flat && (!value->is_sequence() || value->items.size() != exception.fields.size())) {
            return fail(fmt::format("expected {} values, one for each field", exception.fields.size()), value->at);
        }
    }
    return true;
}

void RuleLoader::State::except(const Definition& from, SourceText& condition) {
    const bool any =
        std::ranges::any_of(from.exceptions, [](const Exception& exception) { return !exception.values.empty(); });
    if (!any) return;
    SourceText whole;
    whole.text = "(" + condition.text;
    whole.at = condition.at;
    whole.places.add(0, condition.at, true);
    for (std::size_t i = 0; i < condition.text.size(); ++i) {
        whole.places.add(static_cast<std::uint32_t>(i + 1), condition.places.at(i), true);
    }
    whole.append_fixed(")", condition.at);
    for (const auto& exception : from.exceptions) {
        if (exception.values.empty()) continue;
        std::string text = " and not ";
        if (exception.flat) {
            text += fmt::format("{} {} (", exception.fields[0], exception.comps[0]);
            for (std::size_t i = 0; i < exception.values.size(); ++i)
                text += (i > 0 ? ", " : "") + value_text(*exception.values[i], true);
        } else {
            text += '(';
            for (std::size_t i = 0; i < exception.values.size(); ++i) {
                if (i > 0) text += " or ";
                text += '(';
                for (std::size_t n = 0; n < exception.fields.size(); ++n) {
                    if (n > 0) text += " and ";
                    text += compared(exception.fields[n], exception.comps[n], exception.values[i]->items[n]);
                }
                text += ')';
            }
        }
        whole.append_fixed(text + ")", exception.at);
    }
    condition = std::move(whole);
}

}  // namespace plimsoll::rule
