// Checks, attack paths and waivers: Plimsoll's own items, put together. Every key is looked at, since a silent slip of
// the pen would switch a check off.

#include <algorithm>

#include <fmt/format.h>

#include "rule/loader.h"

namespace plimsoll::rule {

namespace {

bool is_id(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool is_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    for (const std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
        if (text[i] < '0' || text[i] > '9') return false;
    }
    const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
    const int year = two(0) * 100 + two(2);
    const int month = two(5);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int days = month == 2 ? (leap ? 29 : 28) : (month == 4 || month == 6 || month == 9 || month == 11) ? 30 : 31;
    return month >= 1 && month <= 12 && two(8) >= 1 && two(8) <= days;
}

/// Every field of the tree, with its place.
void fields_in(const Operand& operand, std::vector<const Operand*>& out) {
    if (operand.kind == Operand::Kind::field) out.push_back(&operand);
    for (const auto& part : operand.parts) fields_in(part, out);
}

void fields_in(const Expression& expression, std::vector<const Operand*>& out) {
    for (const auto& child : expression.children) fields_in(*child, out);
    if (expression.kind != Expression::Kind::check) return;
    fields_in(expression.left, out);
    if (expression.right.operand) fields_in(*expression.right.operand, out);
}

bool is_about_findings(std::string_view field) { return field.starts_with("finding.") || field.starts_with("check."); }

}  // namespace

std::string RuleLoader::State::text_of(const Definition& from, std::string_view key, bool required,
                                       const std::string& context) {
    const auto* node = from.value(key);
    if (node == nullptr || node->is_null()) {
        if (required) error("LOAD_ERR_YAML_VALIDATE", fmt::format("the key '{}' is missing", key), context, from.at);
        return {};
    }
    if (!node->is_scalar()) {
        error("LOAD_ERR_YAML_VALIDATE", fmt::format("'{}' must be text", key), context, node->at);
        return {};
    }
    auto text = source_text(from, key).text;
    while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
    if (text.empty() && required) error("LOAD_ERR_YAML_VALIDATE", fmt::format("'{}' is empty", key), context, node->at);
    return text;
}

std::vector<std::string> RuleLoader::State::texts_of(const Definition& from, std::string_view key,
                                                     const std::string& context) {
    std::vector<std::string> out;
    const auto found = from.keys.find(key);
    if (found == from.keys.end()) return out;
    for (const auto* node : found->second) {
        if (!node->is_sequence() || !std::ranges::all_of(node->items, &YamlNode::is_scalar)) {
            error("LOAD_ERR_YAML_VALIDATE", fmt::format("'{}' must be a sequence of texts", key), context, node->at);
            continue;
        }
        for (const auto& item : node->items) {
            if (std::ranges::find(out, item.text) == out.end()) out.push_back(item.text);
        }
    }
    return out;
}

std::vector<std::string> RuleLoader::State::references_of(const Definition& from, const std::string& context) {
    std::vector<std::string> out;
    const auto* node = from.value("references");
    if (node == nullptr || node->is_null()) return out;
    if (!node->is_map()) {
        error("LOAD_ERR_YAML_VALIDATE", "'references' must map a document to its sections: {cis-1.8: \"5.1\"}", context,
              node->at);
        return out;
    }
    for (const auto& [document, sections] : node->entries) {
        if (sections.is_scalar()) {
            out.push_back(document.text + ":" + sections.text);
        } else if (sections.is_sequence() && std::ranges::all_of(sections.items, &YamlNode::is_scalar)) {
            for (const auto& section : sections.items) out.push_back(document.text + ":" + section.text);
        } else {
            error("LOAD_ERR_YAML_VALIDATE",
                  fmt::format("the sections of '{}' must be a text or a sequence of texts", document.text), context,
                  sections.at);
        }
    }
    return out;
}

std::optional<model::Severity> RuleLoader::State::severity_of(const Definition& from, const std::string& context) {
    const auto text = text_of(from, "severity", true, context);
    const auto severity = model::parse_severity(text);
    if (!severity && !text.empty()) {
        error("LOAD_ERR_VALIDATE",
              fmt::format("'{}' is not a severity: expected info, low, medium, high or critical", text), context,
              from.value("severity")->at);
    }
    return severity;
}

std::optional<model::SubjectKind> RuleLoader::State::subject_of(const Definition& from, const std::string& context) {
    const auto text = text_of(from, "subject", true, context);
    const auto subject = model::parse_subject_kind(text);
    if (subject || text.empty()) return subject;
    std::string known;
    for (std::uint8_t i = 0; i < model::kSubjectKinds; ++i) {
        known += (i > 0 ? ", " : "") + std::string(model::to_text(static_cast<model::SubjectKind>(i)));
    }
    error("LOAD_ERR_VALIDATE", fmt::format("'{}' is not a subject: expected one of {}", text, known), context,
          from.value("subject")->at);
    return std::nullopt;
}

bool RuleLoader::State::enabled_of(const Definition& from, const std::string& context) {
    const auto* node = from.value("enabled");
    if (node == nullptr) return true;
    if (node->text != "true" && node->text != "false") {
        error("LOAD_ERR_YAML_VALIDATE", "'enabled' must be true or false", context, node->at);
    }
    return node->text != "false";
}

ExpressionPtr RuleLoader::State::checked_condition(const Definition& from, std::string_view key,
                                                   const std::string& context) {
    if (text_of(from, key, true, context).empty()) return nullptr;
    auto condition = resolve_condition(source_text(from, key), scope_, context);
    if (!condition) return nullptr;
    if (const auto id = builder_.add(condition); !id) {
        error("LOAD_ERR_COMPILE_CONDITION", id.error().message, context, id.error().at);
        return nullptr;
    }
    return condition;
}

Template RuleLoader::State::template_of(const Definition& from, std::string_view key, const std::string& context) {
    if (text_of(from, key, true, context).empty()) return {};
    auto source = source_text(from, key);
    while (source.text.ends_with('\n') || source.text.ends_with(' ')) source.text.pop_back();
    if (source.text.find('\n') != std::string::npos) {
        error("LOAD_ERR_VALIDATE", fmt::format("'{}' must be one line", key), context, source.at);
    }
    auto parsed = Template::read(source.text, source.places);
    if (!parsed) {
        error("LOAD_ERR_COMPILE_OUTPUT", parsed.error().message, context, parsed.error().at);
        return {};
    }
    return std::move(*parsed);
}

void RuleLoader::State::check_readable(const Expression& expression, model::SubjectKind subject, bool finding_fields,
                                       const std::string& context) {
    std::vector<const Operand*> fields;
    fields_in(expression, fields);
    for (const auto* operand : fields) {
        const bool allowed =
            is_about_findings(operand->name) ? finding_fields : model::can_read(subject, operand->name);
        if (allowed) continue;
        error("LOAD_ERR_COMPILE_CONDITION",
              fmt::format("a condition about a {} cannot read '{}'", model::to_text(subject), operand->name), context,
              operand->at);
    }
}

void RuleLoader::State::build_check(const Definition& from) {
    const auto context = "check " + from.name;
    const auto errors_before = std::ranges::count(set_.diagnostics, Diagnostic::Level::error, &Diagnostic::level);
    if (!is_id(from.name)) error("LOAD_ERR_VALIDATE", "an id has small letters, digits and '-' only", context, from.at);
    CheckItem check;
    check.at = from.at;
    check.text.id = from.name;
    check.text.title = text_of(from, "title", true, context);
    check.text.why = text_of(from, "why", true, context);
    check.text.remedy = text_of(from, "remedy", true, context);
    check.text.severity = severity_of(from, context).value_or(model::Severity::info);
    const auto subject = subject_of(from, context);
    check.text.subject = subject.value_or(model::SubjectKind::host);
    check.text.references = references_of(from, context);
    check.text.tags = texts_of(from, "tags", context);
    check.enabled = enabled_of(from, context);
    const auto* applies = from.value("applies");
    check.otherwise = text_of(from, "otherwise", applies != nullptr, context);
    if (applies == nullptr && !check.otherwise.empty()) {
        error("LOAD_ERR_YAML_VALIDATE", "'otherwise' without 'applies' is never printed", context,
              from.value("otherwise")->at);
    }
    if (applies != nullptr) check.applies = checked_condition(from, "applies", context);
    if (const auto* manual = from.value("manual"); manual != nullptr) {
        check.manual = text_of(from, "manual", true, context);
        for (const auto key : {"condition", "message", "examples"}) {
            if (const auto* other = from.value(key)) {
                error("LOAD_ERR_YAML_VALIDATE", fmt::format("'manual' and '{}' cannot stand together", key), context,
                      other->at);
            }
        }
    } else {
        check.condition = checked_condition(from, "condition", context);
        check.message = template_of(from, "message", context);
        check.examples = examples_of(from, "fail", "pass", context);
        for (const bool failing : {true, false}) {
            if (std::ranges::find(check.examples, failing, &Example::expected) != check.examples.end()) continue;
            error("LOAD_ERR_YAML_VALIDATE", fmt::format("'examples' needs '{}'", failing ? "fail" : "pass"), context,
                  from.at);
        }
    }
    if (subject) {
        for (const auto& condition : {check.applies, check.condition}) {
            if (condition) check_readable(*condition, *subject, false, context);
        }
    }
    if (errors_before == std::ranges::count(set_.diagnostics, Diagnostic::Level::error, &Diagnostic::level))
        set_.checks.push_back(std::move(check));
}

void RuleLoader::State::build_path(const Definition& from) {
    const auto context = "path " + from.name;
    const auto errors_before = std::ranges::count(set_.diagnostics, Diagnostic::Level::error, &Diagnostic::level);
    if (!is_id(from.name)) error("LOAD_ERR_VALIDATE", "an id has small letters, digits and '-' only", context, from.at);
    PathItem path;
    path.at = from.at;
    path.id = from.name;
    path.title = text_of(from, "title", true, context);
    path.consequence = text_of(from, "consequence", true, context);
    path.remedy = text_of(from, "remedy", true, context);
    path.severity = severity_of(from, context).value_or(model::Severity::critical);
    const auto subject = subject_of(from, context);
    path.subject = subject.value_or(model::SubjectKind::host);
    if (subject && !model::is_object(*subject)) {
        error("LOAD_ERR_VALIDATE",
              fmt::format("an attack path is about an object; '{}' is a part of one", model::to_text(*subject)),
              context, from.value("subject")->at);
    }
    path.references = references_of(from, context);
    path.condition = checked_condition(from, "condition", context);
    path.message = template_of(from, "message", context);
    path.steps = texts_of(from, "steps", context);
    if (path.steps.empty()) error("LOAD_ERR_YAML_VALIDATE", "'steps' must name checks", context, from.at);
    path.enabled = enabled_of(from, context);
    path.examples = examples_of(from, "fail", "pass", context);
    for (const bool failing : {true, false}) {
        if (std::ranges::find(path.examples, failing, &Example::expected) != path.examples.end()) continue;
        error("LOAD_ERR_YAML_VALIDATE", fmt::format("'examples' needs '{}'", failing ? "fail" : "pass"), context,
              from.at);
    }
    if (subject && path.condition) check_readable(*path.condition, *subject, true, context);
    if (errors_before == std::ranges::count(set_.diagnostics, Diagnostic::Level::error, &Diagnostic::level))
        set_.paths.push_back(std::move(path));
}

void RuleLoader::State::build_waiver(const Definition& from) {
    const auto context = "waiver " + from.name;
    const auto errors_before = std::ranges::count(set_.diagnostics, Diagnostic::Level::error, &Diagnostic::level);
    if (!is_id(from.name)) error("LOAD_ERR_VALIDATE", "an id has small letters, digits and '-' only", context, from.at);
    WaiverItem waiver;
    waiver.at = from.at;
    waiver.id = from.name;
    waiver.condition = checked_condition(from, "condition", context);
    waiver.reason = text_of(from, "reason", true, context);
    waiver.owner = text_of(from, "owner", true, context);
    waiver.expires = text_of(from, "expires", false, context);
    if (!waiver.expires.empty() && !is_date(waiver.expires)) {
        error("LOAD_ERR_VALIDATE", fmt::format("'{}' is not a date: expected YYYY-MM-DD", waiver.expires), context,
              from.value("expires")->at);
    }
    if (errors_before == std::ranges::count(set_.diagnostics, Diagnostic::Level::error, &Diagnostic::level))
        set_.waivers.push_back(std::move(waiver));
}

void RuleLoader::State::check_steps() {
    for (const auto& path : set_.paths) {
        std::vector<std::string> named = path.steps;
        std::vector<const Operand*> fields;
        fields_in(*path.condition, fields);
        for (const auto* operand : fields) {
            if (operand->name == "check.outcome") named.push_back(operand->arg.value_or(""));
        }
        for (const auto& id : named) {
            if (find("check", id) != nullptr) continue;
            error("LOAD_ERR_VALIDATE", fmt::format("there is no check '{}'", id), "path " + path.id, path.at);
        }
    }
}

}  // namespace plimsoll::rule
