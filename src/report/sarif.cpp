#include "report/sarif.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/digest.h"
#include "report/escape.h"

namespace plimsoll::report {

namespace {

using Json = nlohmann::ordered_json;
using model::AuditReport;
using model::Finding;
using model::Severity;

std::string_view level(Severity severity) {
    if (severity >= Severity::high) return "error";
    return severity == Severity::medium ? "warning" : "note";
}

/// A number on the scale of CVSS, by which code-scanning services sort.
std::string_view security_severity(Severity severity) {
    constexpr std::array<std::string_view, model::kSeverities> kNumbers = {"0.0", "3.0", "5.5", "8.0", "9.5"};
    return kNumbers[rank(severity)];
}

/// FNV-1a; equal runs on equal hosts give equal fingerprints, whatever the container's id.
std::string fingerprint(std::initializer_list<std::string_view> parts) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const auto part : parts) {
        for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        hash = (hash ^ 0xffU) * 0x100000001b3;
    }
    return fmt::format("{:016x}", hash);
}

Json rule(std::string_view id, std::string_view title, std::string_view why, std::string_view remedy, Severity severity,
          std::vector<std::string> tags) {
    tags.insert(tags.begin(), "security");
    const std::string full = why.empty() ? std::string(title) : std::string(why);
    std::string help = full;
    if (!remedy.empty()) help += "\n\nWhat to do: " + std::string(remedy);
    return {{"id", printable(id)},
            {"shortDescription", {{"text", printable(title)}}},
            {"fullDescription", {{"text", printable_lines(full)}}},
            {"help", {{"text", printable_lines(help)}}},
            {"defaultConfiguration", {{"level", level(severity)}}},
            {"properties", {{"security-severity", security_severity(severity)}, {"tags", tags}}}};
}

Json logical_locations(const model::ObjectSummary& object) {
    const auto name = bounded(called(object), 250);
    Json place = {{"name", name},
                  {"fullyQualifiedName", fmt::format("{}://{}", to_text(object.kind), name)},
                  {"kind", "resource"}};
    return Json::array({std::move(place)});
}

Json suppressions(const AuditReport& report, const std::optional<std::uint32_t>& waiver) {
    if (!waiver) return Json::array();
    return Json::array(
        {{{"kind", "external"}, {"status", "accepted"}, {"justification", printable(report.waivers[*waiver].reason)}}});
}

Json evidence(const std::vector<model::Evidence>& list) {
    Json out = Json::array();
    for (const auto& one : list) {
        out.push_back(
            {{"field", printable(one.field)}, {"value", printable(one.value)}, {"origin", printable(one.origin)}});
    }
    return out;
}

std::string message(const AuditReport& report, const Finding& finding) {
    constexpr std::size_t kItems = 10;
    std::string text = bounded(saying(report, finding), 1000);
    const auto shown = std::min(kItems, finding.items.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& item = finding.items[i];
        text += "\n- " + bounded(item.message.empty() ? item.name : item.message, 250);
    }
    if (const auto left = items_left_out(finding, shown); left > 0) text += fmt::format("\nand {} more", left);
    return text;
}

Json finding_result(const AuditReport& report, const Finding& finding) {
    const auto& check = check_of(report, finding);
    const auto& object = object_of(report, finding);
    Json out = {
        {"ruleId", printable(check.id)},
        {"ruleIndex", finding.check},
        {"kind", "fail"},
        {"level", level(check.severity)},
        {"message", {{"text", message(report, finding)}}},
        {"locations", Json::array({Json{{"logicalLocations", logical_locations(object)}}})},
        {"partialFingerprints", {{"checkAndObject/v1", fingerprint({check.id, to_text(object.kind), called(object)})}}},
        {"suppressions", suppressions(report, finding.waiver)}};
    if (report.has_baseline) out["baselineState"] = finding.is_new ? "new" : "unchanged";
    out["properties"] = {{"severity", to_text(check.severity)}, {"evidence", evidence(finding.evidence)}};
    return out;
}

Json step(const AuditReport& report, const Finding& finding) {
    const Json location = {{"logicalLocations", logical_locations(object_of(report, finding))},
                           {"message", {{"text", bounded(saying(report, finding), 500)}}}};
    return {{"location", location}};
}

Json path_result(const AuditReport& report, const model::AttackPath& path, std::size_t rule_index) {
    const auto& object = report.objects[path.object];
    std::string text = path.consequence.empty() ? printable(path.title) : bounded(path.consequence, 500);
    if (!path.message.empty()) text += "\n" + bounded(path.message, 1000);
    Json out = {
        {"ruleId", printable(path.id)},
        {"ruleIndex", rule_index},
        {"kind", "fail"},
        {"level", level(path.severity)},
        {"message", {{"text", text}}},
        {"locations", Json::array({Json{{"logicalLocations", logical_locations(object)}}})},
        {"partialFingerprints", {{"checkAndObject/v1", fingerprint({path.id, to_text(object.kind), called(object)})}}},
        {"suppressions", suppressions(report, path.waiver)}};
    Json steps = Json::array();
    for (const auto index : path.findings) steps.push_back(step(report, report.findings[index]));
    if (!steps.empty()) {
        const Json flow = {{"locations", std::move(steps)}};
        out["codeFlows"] = Json::array({Json{{"threadFlows", Json::array({flow})}}});
    }
    return out;
}

Json notifications(const AuditReport& report, const Digest& sums) {
    Json out = Json::array();
    const auto note = [&](std::string text) {
        out.push_back({{"level", "warning"}, {"message", {{"text", std::move(text)}}}, {"properties", Json::object()}});
    };
    for (const auto& problem : report.problems) note(bounded(problem, 1000));
    for (const Unknowns& group : sums.unknowns) {
        note(fmt::format("{} could not be decided: {}", counted(group.findings.size(), "check"),
                         bounded(group.reason, 1000)));
    }
    return out;
}

std::string dump(const Json& document) {
    const auto text = document.dump(1, ' ', true, Json::error_handler_t::replace);
    std::string out;
    out.reserve(text.size() + 1);
    for (const char c : text) {
        if (c == '<' || c == '>') {
            out += c == '<' ? "\\u003c" : "\\u003e";
        } else {
            out += c;
        }
    }
    return out + "\n";
}

}  // namespace

std::string render_sarif(const AuditReport& report, const Options& /*options*/) {
    const Digest sums = digest(report);
    Json rules = Json::array();
    Json results = Json::array();
    for (const auto& check : report.checks) {
        std::vector<std::string> tags;
        for (const auto* list : {&check.tags, &check.references}) {
            for (const auto& tag : *list) tags.push_back(printable(tag));
        }
        rules.push_back(rule(check.id, check.title, check.why, check.remedy, check.severity, std::move(tags)));
    }
    std::map<std::string_view, std::size_t> path_rules;
    for (const auto& path : report.paths) {
        const auto [entry, is_first] = path_rules.try_emplace(path.id, rules.size());
        if (is_first)
            rules.push_back(rule(path.id, path.title, path.consequence, path.remedy, path.severity, {"attack-path"}));
        results.push_back(path_result(report, path, entry->second));
    }
    for (const Finding& finding : report.findings) {
        if (finding.outcome == model::Outcome::fail) results.push_back(finding_result(report, finding));
    }
    const Json driver = {{"name", "Plimsoll"}, {"version", report.version}, {"rules", std::move(rules)}};
    const Json invocation = {{"executionSuccessful", true},
                             {"startTimeUtc", report.started},
                             {"machine", bounded(report.host, 250)},
                             {"toolExecutionNotifications", notifications(report, sums)}};
    const Json run = {{"tool", {{"driver", driver}}},
                      {"automationDetails", {{"id", "plimsoll/audit/" + bounded(report.host, 250)}}},
                      {"invocations", Json::array({invocation})},
                      {"results", std::move(results)},
                      {"properties", {{"score", report.score}}}};
    return dump({{"$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"},
                 {"version", "2.1.0"},
                 {"runs", Json::array({run})}});
}

}  // namespace plimsoll::report
