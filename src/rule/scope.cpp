#include "rule/scope.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "rule/parser.h"

namespace plimsoll::rule {

namespace {

constexpr bool is_delimiter(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '(' || c == ')' || c == ',' || c == '=';
}

/// An empty list leaves no member behind: a comma before or after its name becomes a blank. `next` is the byte after
/// the name.
void leave_out_comma(std::string& before, std::string_view text, std::size_t& next) {
    const auto last = before.find_last_not_of(" \t\r\n");
    if (last != std::string::npos && before[last] == ',') {
        before[last] = ' ';
        return;
    }
    const auto following = text.find_first_not_of(" \t\r\n", next);
    if (following != std::string_view::npos && text[following] == ',') next = following + 1;
}

std::string_view nearest_macro(const Scope& scope, std::string_view name) {
    std::size_t best = 4;
    std::string_view nearest;
    for (const auto& [candidate, tree] : scope.macros) {
        const auto distance = edit_distance(name, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace

std::string quoted_item(std::string_view item) {
    const bool already =
        item.size() >= 2 && (item.front() == '"' || item.front() == '\'') && item.back() == item.front();
    if (already || is_list_name(item)) return std::string(item);
    std::string out = "\"";
    for (const char c : item) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

Parsed<Expanded> expand_lists(std::string_view text, const PlaceMap& places, const Scope& scope) {
    Expanded out;
    if (scope.lists.empty()) {
        out.text = text;
        out.places = places;
        return out;
    }
    std::size_t i = 0;
    while (i < text.size()) {
        const auto start = i;
        while (i < text.size() && !is_delimiter(text[i])) ++i;
        const auto word = text.substr(start, i - start);
        const auto list = word.empty() ? scope.lists.end() : scope.lists.find(word);
        if (list != scope.lists.end()) {
            out.lists_used.insert(list->first);
            out.places.add(static_cast<std::uint32_t>(out.text.size()), places.at(start), true);
            for (std::size_t n = 0; n < list->second.size(); ++n) {
                if (n > 0) out.text += ", ";
                out.text += quoted_item(list->second[n]);
            }
            if (list->second.empty()) leave_out_comma(out.text, text, i);
        } else if (!word.empty()) {
            out.places.add(static_cast<std::uint32_t>(out.text.size()), places.at(start));
            out.text += word;
        }
        for (; i < text.size() && is_delimiter(text[i]); ++i) {
            out.places.add(static_cast<std::uint32_t>(out.text.size()), places.at(i));
            out.text += text[i];
        }
        if (out.text.size() > kMaxCondition) {
            return std::unexpected(Fault{"the condition is too long once its lists are written out", places.at(start)});
        }
    }
    return out;
}

Parsed<ExpressionPtr> resolve_macros(const ExpressionPtr& expression, const Scope& scope, std::set<std::string>* used) {
    if (expression->kind == Expression::Kind::check) return expression;
    if (expression->kind == Expression::Kind::macro) {
        const auto found = scope.macros.find(expression->macro);
        if (found == scope.macros.end()) {
            const auto nearest = nearest_macro(scope, expression->macro);
            return std::unexpected(Fault{nearest.empty() ? fmt::format("there is no macro '{}'", expression->macro)
                                                         : fmt::format("there is no macro '{}'; the nearest is '{}'",
                                                                       expression->macro, nearest),
                                         expression->at});
        }
        if (used != nullptr) used->insert(expression->macro);
        return found->second;
    }
    std::vector<ExpressionPtr> children;
    children.reserve(expression->children.size());
    bool changed = false;
    for (const auto& child : expression->children) {
        auto resolved = resolve_macros(child, scope, used);
        if (!resolved) return resolved;
        changed = changed || *resolved != child;
        children.push_back(std::move(*resolved));
    }
    if (!changed) return expression;
    auto node = expression->kind == Expression::Kind::negation
                    ? make_negation(std::move(children[0]), expression->at)
                    : make_group(expression->kind, std::move(children), expression->at);
    if (node->size > kMaxNodes || node->depth > kMaxDepth) {
        return std::unexpected(Fault{"the condition is too large once its macros are written out", expression->at});
    }
    return node;
}

Parsed<ExpressionPtr> resolve(std::string_view text, const PlaceMap& places, const Scope& scope) {
    auto expanded = expand_lists(text, places, scope);
    if (!expanded) return std::unexpected(std::move(expanded.error()));
    auto parsed = parse(expanded->text, expanded->places);
    if (!parsed) return parsed;
    return resolve_macros(*parsed, scope);
}

Parsed<ExpressionPtr> resolve(std::string_view text, const Scope& scope) {
    return resolve(text, PlaceMap::of_text(text), scope);
}

}  // namespace plimsoll::rule
