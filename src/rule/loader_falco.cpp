// Lists, macros and rules: Falco's items, put together.

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "rule/event_types.h"
#include "rule/loader.h"
#include "rule/number.h"
#include "rule/parser.h"

namespace plimsoll::rule {

namespace {

/// More event types than this make a rule slow wherever it runs.
constexpr std::size_t kManyEventTypes = 100;

constexpr std::array<std::string_view, 8> kPriorities = {"Emergency", "Alert",  "Critical",      "Error",
                                                         "Warning",   "Notice", "Informational", "Debug"};

std::optional<Priority> parse_priority(std::string_view text) {
    const auto name = lowered(text);
    if (name == "info") return Priority::informational;
    for (std::size_t i = 0; i < kPriorities.size(); ++i) {
        if (lowered(kPriorities[i]) == name) return static_cast<Priority>(i);
    }
    return std::nullopt;
}

std::optional<bool> parse_boolean(const YamlNode& node) {
    const auto text = lowered(node.text);
    if (text == "true" || text == "yes" || text == "on" || text == "y") return true;
    if (text == "false" || text == "no" || text == "off" || text == "n") return false;
    return std::nullopt;
}

/// The first field of the tree that the table does not hold.
const Operand* unknown_field(const Operand& operand) {
    if (operand.kind == Operand::Kind::field && !resolve_field(operand)) return &operand;
    for (const auto& part : operand.parts) {
        if (const auto* found = unknown_field(part)) return found;
    }
    return nullptr;
}

const Operand* unknown_field(const Expression& expression) {
    for (const auto& child : expression.children) {
        if (const auto* found = unknown_field(*child)) return found;
    }
    if (expression.kind != Expression::Kind::check) return nullptr;
    if (const auto* found = unknown_field(expression.left)) return found;
    return expression.right.operand ? unknown_field(*expression.right.operand) : nullptr;
}

void collect_macros(const Expression& expression, std::set<std::string>& out) {
    if (expression.kind == Expression::Kind::macro) out.insert(expression.macro);
    for (const auto& child : expression.children) collect_macros(*child, out);
}

constexpr std::size_t kMostNested = 500;  ///< lists in lists, macros in macros, each changed after the one it stands in

}  // namespace

std::string_view to_text(Priority priority) { return kPriorities[static_cast<std::size_t>(priority)]; }

void RuleLoader::State::build_scope() {
    std::vector<const Definition*> ordered;
    for (const auto& definition : definitions_) ordered.push_back(&definition);
    std::ranges::stable_sort(ordered, {}, &Definition::updated);
    for (const auto* definition : ordered) {
        if (definition->kind == "list") build_list(*definition);
    }
    for (const auto* definition : ordered) {
        if (definition->kind == "macro") build_macro(*definition);
    }
}

/// The definition, when one of `from` may name it: it was there before `from` was changed last. Where it was itself
/// changed later, it is built now. Falco's order: the first definition counts, the last text holds.
const Definition* RuleLoader::State::visible(const Definition& from, std::string_view name) {
    const auto found = by_name_.find({from.kind, std::string(name)});
    if (found == by_name_.end() || found->second->order >= from.updated) return nullptr;
    const Definition& named = *found->second;
    const bool built = from.kind == "list" ? scope_.lists.contains(named.name) : scope_.macros.contains(named.name);
    if (!built && !building_.contains(&named) && building_.size() < kMostNested) {
        if (from.kind == "list") build_list(named);
        if (from.kind == "macro") build_macro(named);
    }
    return &named;
}

void RuleLoader::State::build_list(const Definition& from) {
    std::vector<std::string> items;
    const auto found = from.keys.find("items");
    if (found == from.keys.end() || scope_.lists.contains(from.name)) return;
    building_.insert(&from);
    for (const auto* sequence : found->second) {
        for (const auto& item : sequence->items) {
            const bool names_list = visible(from, item.text) != nullptr;
            const auto list = scope_.lists.find(item.text);
            if (!names_list || list == scope_.lists.end()) {
                items.push_back(quoted_item(item.text));
                continue;
            }
            lists_used_.insert(item.text);
            items.insert(items.end(), list->second.begin(), list->second.end());
        }
        if (items.size() > kMaxYamlNodes) {
            building_.erase(&from);
            return error("LOAD_ERR_VALIDATE", "the list is too long once the lists in it are written out",
                         "list " + from.name, from.at);
        }
    }
    building_.erase(&from);
    scope_.lists[from.name] = std::move(items);
}

ExpressionPtr RuleLoader::State::parse_condition(const SourceText& source, const std::string& context) {
    auto expanded = expand_lists(source.text, source.places, scope_);
    if (!expanded) {
        error("LOAD_ERR_COMPILE_CONDITION", expanded.error().message, context, expanded.error().at);
        return nullptr;
    }
    lists_used_.insert(expanded->lists_used.begin(), expanded->lists_used.end());
    auto parsed = parse(expanded->text, expanded->places);
    if (!parsed) {
        error("LOAD_ERR_COMPILE_CONDITION", parsed.error().message, context, parsed.error().at);
        return nullptr;
    }
    return *parsed;
}

ExpressionPtr RuleLoader::State::resolve_condition(const SourceText& source, const Scope& scope,
                                                   const std::string& context) {
    const auto parsed = parse_condition(source, context);
    if (parsed == nullptr) return nullptr;
    const auto resolved = resolve_macros(parsed, scope, &macros_used_);
    if (!resolved) {
        error("LOAD_ERR_VALIDATE", resolved.error().message, context, resolved.error().at);
        return nullptr;
    }
    return *resolved;
}

void RuleLoader::State::build_macro(const Definition& from) {
    if (scope_.macros.contains(from.name) || !macros_tried_.insert(&from).second) return;
    const auto context = "macro " + from.name;
    const auto parsed = parse_condition(source_text(from, "condition"), context);
    if (parsed == nullptr) return;
    building_.insert(&from);
    Scope seen;
    std::set<std::string> names;
    collect_macros(*parsed, names);
    bool all_seen = true;
    for (const auto& name : names) {
        const auto* named = visible(from, name);
        const auto built = scope_.macros.find(name);
        if (named != nullptr && built != scope_.macros.end()) {
            seen.macros.insert(*built);
        } else {
            all_seen = all_seen && built == scope_.macros.end();
        }
    }
    building_.erase(&from);
    const auto resolved = resolve_macros(parsed, all_seen ? scope_ : seen, &macros_used_);
    if (!resolved) return error("LOAD_ERR_VALIDATE", resolved.error().message, context, resolved.error().at);
    scope_.macros[from.name] = *resolved;
}

void RuleLoader::State::warn_about(const Expression& expression, const std::string& context, bool& direction_told) {
    for (const auto& child : expression.children) warn_about(*child, context, direction_told);
    if (expression.kind != Expression::Kind::check) return;
    if (expression.left.name == "evt.dir" && !direction_told) {
        direction_told = true;
        warning("LOAD_DEPRECATED_ITEM", "evt.dir is always '<': this comparison can be left out", context,
                expression.at);
    }
    if (expression.right.kind != Comparand::Kind::text) return;
    for (std::size_t i = 0; i < expression.right.values.size(); ++i) {
        std::size_t used = 0;
        const auto value = trim(expression.right.values[i]);
        const auto operand = parse_operand(value, used);
        if (!operand || used != value.size()) continue;
        if (operand->kind != Operand::Kind::transformer && !resolve_field(*operand)) continue;
        warning("LOAD_COMPILE_CONDITION",
                fmt::format("'{}' is a plain text here; to compare with the field, write val({})",
                            expression.right.values[i], value),
                context, expression.right.places[i]);
    }
}

void RuleLoader::State::build_rule(const Definition& from) {
    if (!from.known_source) return;
    const auto context = "rule " + from.name;
    Rule rule;
    rule.name = from.name;
    rule.at = from.at;
    const auto flag = [&](std::string_view key, bool normally) {
        const auto* node = from.value(key);
        if (node == nullptr || node->is_null()) return normally;
        const auto value = parse_boolean(*node);
        if (!value) error("LOAD_ERR_YAML_VALIDATE", fmt::format("'{}' must be true or false", key), context, node->at);
        return value.value_or(normally);
    };
    rule.enabled = flag("enabled", true);
    rule.capture = flag("capture", false);
    const bool skip_unknown = flag("skip-if-unknown-filter", false);
    const bool warn_types = flag("warn_evttypes", true);
    rule.description = source_text(from, "desc").text;
    if (const auto* source = from.value("source")) rule.source = source->text;
    if (const auto* node = from.value("capture_duration")) {
        const auto number = Number::parse(node->text);
        std::uint64_t value = 0;
        const auto [end, fault] = std::from_chars(node->text.data(), node->text.data() + node->text.size(), value);
        if (!number || fault != std::errc() || end != node->text.data() + node->text.size()) {
            error("LOAD_ERR_YAML_VALIDATE", "'capture_duration' must be a number of milliseconds", context, node->at);
        }
        rule.capture_duration_ms = value;
    }
    const auto* priority = from.value("priority");
    const auto parsed_priority = parse_priority(priority->text);
    if (!parsed_priority) {
        return error(
            "LOAD_ERR_YAML_VALIDATE",
            fmt::format(
                "'{}' is not a priority: expected EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG",
                priority->text),
            context, priority->at);
    }
    rule.priority = *parsed_priority;
    if (const auto tags = from.keys.find("tags"); tags != from.keys.end()) {
        for (const auto* node : tags->second) {
            if (!node->is_sequence() && !node->is_null())
                error("LOAD_ERR_YAML_VALIDATE", "'tags' must be a sequence of texts", context, node->at);
            for (const auto& tag : node->items) rule.tags.insert(tag.text);
        }
    }

    auto condition = source_text(from, "condition");
    except(from, condition);
    rule.condition_text = condition.text;
    rule.condition = resolve_condition(condition, scope_, context);
    if (!rule.condition) return;
    if (const auto* operand = unknown_field(*rule.condition); operand != nullptr && skip_unknown) {
        return warning("LOAD_UNKNOWN_FILTER", fmt::format("there is no field '{}'; the rule is skipped", operand->name),
                       context, operand->at);
    }
    bool direction_told = false;
    warn_about(*rule.condition, context, direction_told);
    const auto id = builder_.add(rule.condition);
    if (!id) return error("LOAD_ERR_COMPILE_CONDITION", id.error().message, context, id.error().at);
    if (warn_types && rule.source == "syscall") restricted_.emplace_back(*id, &from);

    auto output = source_text(from, "output");
    static constexpr std::string_view kInfo = "%container.info";
    if (output.text.find(kInfo) != std::string::npos) {
        warning("LOAD_DEPRECATED_ITEM", "%container.info is old: name the fields you want", context, output.at);
        for (auto at = output.text.find(kInfo); at != std::string::npos; at = output.text.find(kInfo, at))
            output.text.erase(at, kInfo.size());
    }
    rule.output_text = output.text;
    auto parsed = Template::read(output.text, output.places);
    if (!parsed) return error("LOAD_ERR_COMPILE_OUTPUT", parsed.error().message, context, parsed.error().at);
    rule.output = std::move(*parsed);
    rule.examples = examples_of(from, "match", "no_match", context);
    set_.rules.push_back(std::move(rule));
}

void RuleLoader::State::warn_unused() {
    for (const auto& definition : definitions_) {
        if (definition.kind == "list" && !lists_used_.contains(definition.name)) {
            warning("LOAD_UNUSED_LIST", "nothing uses the list", "list " + definition.name, definition.at);
        }
        if (definition.kind == "macro" && !macros_used_.contains(definition.name)) {
            warning("LOAD_UNUSED_MACRO", "nothing uses the macro", "macro " + definition.name, definition.at);
        }
    }
}

void RuleLoader::State::warn_event_types() {
    const auto program = std::move(builder_).build();
    for (const auto& [id, from] : restricted_) {
        if (program.event_types_of(id) <= kManyEventTypes) continue;
        warning("LOAD_NO_EVTTYPE", "the condition can hold for very many types of event: restrict it with evt.type",
                "rule " + from->name, from->at);
    }
}

RuleSet RuleLoader::State::finish() {
    build_scope();
    for (const auto& definition : definitions_) {
        if (definition.kind == "rule") build_rule(definition);
        if (definition.kind == "check") build_check(definition);
        if (definition.kind == "path") build_path(definition);
        if (definition.kind == "waiver") build_waiver(definition);
    }
    check_steps();
    warn_event_types();
    if (set_.ok()) warn_unused();
    return std::move(set_);
}

}  // namespace plimsoll::rule
