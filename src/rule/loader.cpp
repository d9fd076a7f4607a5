#include "rule/loader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "rule/parser.h"

namespace plimsoll::rule {

namespace {

constexpr std::array<std::string_view, 6> kKinds = {"list", "macro", "rule", "check", "path", "waiver"};

/// Sources whose rules are used: the sensor, container engines' events, Linux audit. `engine` is the older name of
/// `docker`.
constexpr std::array<std::string_view, 4> kSources = {"syscall", "docker", "engine", "audit"};

/// Keys of each kind. For Falco's kinds a key that is not here is a warning, for ours an error.
std::vector<std::string_view> keys_of(std::string_view kind) {
    if (kind == "list") return {"list", "items", "append", "override"};
    if (kind == "macro") return {"macro", "condition", "append", "override"};
    if (kind == "rule") {
        return {"rule",
                "condition",
                "output",
                "desc",
                "priority",
                "source",
                "enabled",
                "tags",
                "exceptions",
                "warn_evttypes",
                "skip-if-unknown-filter",
                "capture",
                "capture_duration",
                "append",
                "override",
                "examples"};
    }
    if (kind == "check") {
        return {"check",   "title",     "why",       "remedy", "severity", "subject",  "references", "tags",
                "applies", "otherwise", "condition", "manual", "message",  "examples", "enabled",    "override"};
    }
    if (kind == "path") {
        return {"path",      "title",   "consequence", "remedy",   "severity", "subject", "references",
                "condition", "message", "steps",       "examples", "enabled",  "override"};
    }
    return {"waiver", "condition", "reason", "owner", "expires", "override"};
}

/// Keys that `override: {key: append}` may name.
bool may_append(std::string_view kind, std::string_view key) {
    if (kind == "list") return key == "items";
    if (kind == "macro") return key == "condition";
    if (kind == "rule") {
        return key == "condition" || key == "output" || key == "desc" || key == "tags" || key == "exceptions";
    }
    return key == "condition" || key == "applies" || key == "tags" || key == "why" || key == "remedy";
}

bool may_replace(std::string_view kind, std::string_view key) {
    if (key == kind || key == "override" || key == "append" || key == "source") return false;
    return std::ranges::count(keys_of(kind), key) > 0;
}

std::string nearest_of(std::string_view word, const std::vector<std::string_view>& known) {
    std::size_t best = 4;
    std::string nearest;
    for (const auto candidate : known) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

struct Version {
    std::array<std::uint32_t, 3> parts{};
    friend auto operator<=>(const Version&, const Version&) = default;
};

/// "0.62.0", or "26" for 0.26.0.
std::optional<Version> parse_version(std::string_view text) {
    Version version;
    const auto parts = split(text, '.');
    if (parts.size() != 1 && parts.size() != 3) return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto& out = version.parts[parts.size() == 1 ? 1 : i];
        const auto* end = parts[i].data() + parts[i].size();
        const auto [stop, fault] = std::from_chars(parts[i].data(), end, out);
        if (fault != std::errc() || stop != end) return std::nullopt;
    }
    return version;
}

}  // namespace

void SourceText::append(std::string_view more, const PlaceMap& where, Position begin) {
    if (text.empty()) {
        at = begin;
    } else {
        append_fixed(" ", begin);
    }
    for (std::size_t i = 0; i < more.size(); ++i) {
        const Position place = where.at(i);
        const Position before = i == 0 ? Position{} : where.at(i - 1);
        const bool adjacent = i > 0 && place.line == before.line && place.column == before.column + 1;
        if (!adjacent) places.add(static_cast<std::uint32_t>(text.size() + i), place);
    }
    text += more;
}

void SourceText::append_fixed(std::string_view more, Position begin) {
    places.add(static_cast<std::uint32_t>(text.size()), begin, true);
    text += more;
}

const YamlNode* Definition::value(std::string_view key) const {
    const auto found = keys.find(key);
    return found == keys.end() || found->second.empty() ? nullptr : found->second.back();
}

void RuleLoader::State::error(std::string code, std::string message, std::string context, Position at) {
    set_.diagnostics.push_back({Diagnostic::Level::error, std::move(code), std::move(message), std::move(context), at});
}

void RuleLoader::State::warning(std::string code, std::string message, std::string context, Position at) {
    set_.diagnostics.push_back(
        {Diagnostic::Level::warning, std::move(code), std::move(message), std::move(context), at});
}

void RuleLoader::State::add(std::string_view name, std::string_view text) {
    const auto file = static_cast<std::uint32_t>(set_.files.size());
    set_.files.emplace_back(name);
    texts_.emplace_back(text);
    auto documents = parse_yaml(text, file);
    if (!documents) {
        error("LOAD_ERR_YAML_PARSE", documents.error().message, "", documents.error().at);
        return;
    }
    documents_.push_back(std::move(*documents));
    for (const auto& document : documents_.back()) {
        if (document.is_null()) continue;
        if (!document.is_sequence()) {
            const bool scalar = document.is_scalar();
            error("LOAD_ERR_YAML_VALIDATE",
                  scalar ? "this is text, not a rule file" : "a rule file is a sequence of items", "", document.at);
            continue;
        }
        for (const auto& node : document.items) {
            if (node.is_null()) continue;
            if (node.is_map()) {
                item(node);
            } else {
                error("LOAD_ERR_YAML_VALIDATE", "expected an item with keys: list, macro, rule, check, path or waiver",
                      "", node.at);
            }
        }
    }
}

void RuleLoader::State::item(const YamlNode& node) {
    if (const auto* version = node.find("required_engine_version")) return engine_version(*version);
    if (const auto* versions = node.find("required_plugin_versions")) return plugin_versions(*versions);
    for (const auto kind : kKinds) {
        if (node.find(kind) != nullptr) return definition(std::string(kind), node);
    }
    const auto key = node.entries.empty() ? std::string() : node.entries[0].first.text;
    const auto nearest = nearest_of(key, {kKinds.begin(), kKinds.end()});
    warning("LOAD_UNKNOWN_ITEM",
            nearest.empty() ? fmt::format("unknown kind of item '{}'", key)
                            : fmt::format("unknown kind of item '{}'; the nearest is '{}'", key, nearest),
            "", node.at);
}

void RuleLoader::State::engine_version(const YamlNode& value) {
    const auto wanted = parse_version(value.text);
    const auto ours = *parse_version(kEngineVersion);
    if (!value.is_scalar() || !wanted) {
        return error("LOAD_ERR_YAML_VALIDATE",
                     fmt::format("'{}' is not a version: expected a number or x.y.z", value.text),
                     "required_engine_version", value.at);
    }
    if (wanted->parts[0] != ours.parts[0] || *wanted > ours) {
        error("LOAD_ERR_VALIDATE",
              fmt::format("the rules need engine version {}, this one is {}", value.text, kEngineVersion),
              "required_engine_version", value.at);
    }
}

void RuleLoader::State::plugin_versions(const YamlNode& value) {
    if (!value.is_sequence()) {
        return error("LOAD_ERR_YAML_VALIDATE", "expected a sequence of name and version", "required_plugin_versions",
                     value.at);
    }
    for (const auto& plugin : value.items) {
        const auto* name = plugin.find("name");
        const auto* version = plugin.find("version");
        if (name == nullptr || version == nullptr || !name->is_scalar() || !version->is_scalar()) {
            error("LOAD_ERR_YAML_VALIDATE", "expected name and version", "required_plugin_versions", plugin.at);
            continue;
        }
        if (!parse_version(version->text)) {
            error("LOAD_ERR_VALIDATE", fmt::format("'{}' is not a version: expected x.y.z", version->text),
                  "required_plugin_versions", version->at);
            continue;
        }
        set_.required_plugins.push_back({name->text, version->text});
    }
}

Definition* RuleLoader::State::find(std::string_view kind, std::string_view name) {
    const auto found = by_name_.find({std::string(kind), std::string(name)});
    return found == by_name_.end() ? nullptr : found->second;
}

bool RuleLoader::State::accept_keys(const std::string& kind, const YamlNode& node, const std::string& context) {
    const bool ours = kind == "check" || kind == "path" || kind == "waiver";
    const auto known = keys_of(kind);
    bool fine = true;
    std::set<std::string> seen;
    for (const auto& [key, value] : node.entries) {
        if (!seen.insert(key.text).second && ours) {
            error("LOAD_ERR_YAML_VALIDATE", fmt::format("the key '{}' is given twice", key.text), context, key.at);
            fine = false;
        }
        if (std::ranges::find(known, key.text) != known.end()) continue;
        const auto nearest = nearest_of(key.text, known);
        const auto message = nearest.empty() ? fmt::format("unknown key '{}'", key.text)
                                             : fmt::format("unknown key '{}'; the nearest is '{}'", key.text, nearest);
        if (ours) {
            error("LOAD_ERR_YAML_VALIDATE", message, context, key.at);
            fine = false;
        } else {
            warning("LOAD_UNKNOWN_KEY", message + "; it is ignored", context, key.at);
        }
    }
    return fine;
}

bool RuleLoader::State::needs_text(const YamlNode& node, std::initializer_list<std::string_view> keys,
                                   const std::string& context) {
    for (const auto key : keys) {
        const auto* value = node.find(key);
        if (value == nullptr || value->is_null()) {
            error("LOAD_ERR_YAML_VALIDATE", fmt::format("the key '{}' is missing", key), context, node.at);
            return false;
        }
        if (!value->is_scalar()) {
            error("LOAD_ERR_YAML_VALIDATE", fmt::format("'{}' must be text", key), context, value->at);
            return false;
        }
    }
    return true;
}

bool RuleLoader::State::check_shape(const Definition& made, const YamlNode& node) {
    const auto context = made.kind + " " + made.name;
    if (made.kind == "list") {
        const auto* items = node.find("items");
        const bool scalars =
            items != nullptr && items->is_sequence() && std::ranges::all_of(items->items, &YamlNode::is_scalar);
        if (!scalars)
            error("LOAD_ERR_YAML_VALIDATE", "'items' must be a sequence of texts", context,
                  items == nullptr ? node.at : items->at);
        return scalars;
    }
    if (made.kind == "macro") return needs_text(node, {"condition"}, context);
    if (made.kind == "rule") return needs_text(node, {"condition", "output", "desc", "priority"}, context);
    return true;  // ours are looked at when they are complete
}

void RuleLoader::State::definition(std::string kind, const YamlNode& node) {
    const YamlNode& name = *node.find(kind);
    if (!name.is_scalar() || name.text.empty()) {
        return error("LOAD_ERR_YAML_VALIDATE", fmt::format("the name of the {} is missing", kind), kind, name.at);
    }
    const auto context = kind + " " + name.text;
    const bool ours = kind == "check" || kind == "path" || kind == "waiver";
    if (!accept_keys(kind, node, context)) return;
    if (kind == "macro" && !is_macro_name(name.text)) {
        warning("LOAD_INVALID_MACRO_NAME",
                fmt::format("'{}' is not a name for a macro: expected a letter, then letters, digits or _", name.text),
                context, name.at);
    }
    if (kind == "list" && !is_list_name(name.text)) {
        warning("LOAD_INVALID_LIST_NAME",
                fmt::format("'{}' is not a name for a list: blanks, quotes, parentheses, = and commas cannot be used",
                            name.text),
                context, name.at);
    }
    Definition* target = find(kind, name.text);
    const auto* override = node.find("override");
    const auto* append = node.find("append");
    const bool appending = append != nullptr && append->text == "true";
    const auto* source = node.find("source");
    if (target != nullptr && kind == "rule" && source != nullptr) {
        const auto* before = target->value("source");
        if ((before == nullptr ? "syscall" : before->text) != source->text) {
            if (appending) warning("LOAD_DEPRECATED_ITEM", "'append' is old: use 'override'", context, append->at);
            return error("LOAD_ERR_VALIDATE", "the rule has another source before", context, source->at);
        }
    }
    if (appending) {
        warning("LOAD_DEPRECATED_ITEM", "'append' is old: use 'override', with 'append' for the key", context,
                append->at);
        if (override != nullptr) {
            return error("LOAD_ERR_YAML_VALIDATE", "'override' and 'append' cannot be used together", context, node.at);
        }
    }
    const bool toggles = kind == "rule" ? node.find("condition") == nullptr && node.find("output") == nullptr &&
                                              node.find("desc") == nullptr && node.find("priority") == nullptr
                                        : ours && node.entries.size() == 2;
    const auto* enabled = node.find("enabled");
    const bool changes = appending || override != nullptr || (toggles && enabled != nullptr);
    if (changes && target == nullptr) {
        return error("LOAD_ERR_VALIDATE", fmt::format("there is no {} of that name to change", kind), context, name.at);
    }
    if (override != nullptr) {
        override_keys(*target, node, *override);
    } else if (appending) {
        append_old(*target, node);
    } else if (changes) {
        if (kind == "rule")
            warning("LOAD_DEPRECATED_ITEM", "'enabled' alone is old: add 'override: {enabled: replace}'", context,
                    node.at);
        target->keys["enabled"] = {enabled};
        target->updated = ++counter_;
    } else if (target != nullptr && ours) {
        error("LOAD_ERR_VALIDATE",
              fmt::format("the {} is defined already, at {}: use 'override' to change it", kind,
                          to_text(target->at, set_)),
              context, name.at);
    } else {
        Definition made;
        made.kind = kind;
        made.name = name.text;
        if (!check_shape(made, node)) return;
        if (target == nullptr) {
            made.at = name.at;
            made.order = ++counter_;
            definitions_.push_back(std::move(made));
            target = &definitions_.back();
            by_name_[{kind, name.text}] = target;
        }
        replace(*target, node);
    }
}

void RuleLoader::State::replace(Definition& target, const YamlNode& node) {
    target.keys.clear();
    target.exceptions.clear();
    target.updated = ++counter_;
    for (const auto& [key, value] : node.entries) {
        if (!target.keys.contains(key.text)) target.keys[key.text] = {&value};
    }
    if (target.kind != "rule") return;
    const auto* source = target.value("source");
    target.known_source = source == nullptr || std::ranges::count(kSources, source->text) > 0;
    if (!target.known_source) {
        warning("LOAD_UNKNOWN_SOURCE", fmt::format("unknown source '{}'; the rule is skipped", source->text),
                "rule " + target.name, source->at);
    }
    if (const auto* exceptions = node.find("exceptions")) add_exceptions(target, *exceptions, false);
}

void RuleLoader::State::override_keys(Definition& target, const YamlNode& node, const YamlNode& override) {
    const auto context = target.kind + " " + target.name;
    if (!override.is_map())
        return error("LOAD_ERR_YAML_VALIDATE", "'override' must map keys to append or replace", context, override.at);
    for (const auto& [key, how] : override.entries) {
        const bool appends = how.text == "append";
        if (!appends && how.text != "replace") {
            return error("LOAD_ERR_YAML_VALIDATE", fmt::format("expected append or replace, not '{}'", how.text),
                         context, how.at);
        }
        if (appends ? !may_append(target.kind, key.text) : !may_replace(target.kind, key.text)) {
            return error("LOAD_ERR_YAML_VALIDATE",
                         fmt::format("the key '{}' cannot be {}", key.text, appends ? "appended to" : "replaced"),
                         context, key.at);
        }
        if (node.find(key.text) == nullptr) {
            return error("LOAD_ERR_YAML_VALIDATE",
                         fmt::format("'override' names the key '{}', which is missing", key.text), context, key.at);
        }
    }
    for (const auto& [key, value] : node.entries) {
        if (override.find(key.text) != nullptr || !may_replace(target.kind, key.text)) continue;
        if (key.text == "examples") continue;
        return error("LOAD_ERR_YAML_VALIDATE", fmt::format("the key '{}' must be named under 'override' too", key.text),
                     context, key.at);
    }
    target.updated = ++counter_;
    for (const auto& [key, value] : node.entries) {
        if (key.text == "examples") target.keys[key.text] = {&value};
    }
    for (const auto& [key, how] : override.entries) {
        const auto* value = node.find(key.text);
        const bool appends = how.text == "append";
        if (key.text == "exceptions") {
            if (!appends) target.exceptions.clear();
            add_exceptions(target, *value, appends);
            continue;
        }
        auto& values = target.keys[key.text];
        if (!appends) values.clear();
        values.push_back(value);
    }
}

void RuleLoader::State::append_old(Definition& target, const YamlNode& node) {
    const auto context = target.kind + " " + target.name;
    const auto* condition = node.find("condition");
    const auto* exceptions = node.find("exceptions");
    const auto* items = node.find("items");
    if (target.kind == "rule" && condition == nullptr && exceptions == nullptr) {
        return error("LOAD_ERR_VALIDATE", "an appended rule needs a condition or exceptions", context, node.at);
    }
    if (target.kind == "macro" && !needs_text(node, {"condition"}, context)) return;
    if (target.kind == "list" && (items == nullptr || !items->is_sequence())) {
        return error("LOAD_ERR_YAML_VALIDATE", "'items' must be a sequence of texts", context, node.at);
    }
    target.updated = ++counter_;
    if (condition != nullptr) target.keys["condition"].push_back(condition);
    if (items != nullptr) target.keys["items"].push_back(items);
    if (exceptions != nullptr) add_exceptions(target, *exceptions, true);
}

SourceText RuleLoader::State::source_text(const Definition& from, std::string_view key) const {
    SourceText out;
    const auto found = from.keys.find(key);
    if (found == from.keys.end()) return out;
    for (const auto* node : found->second) {
        if (node->is_scalar()) out.append(node->text, places_of(*node, file_text(*node)), node->at);
    }
    return out;
}

}  // namespace plimsoll::rule
