#include "report/json.h"

#include <nlohmann/json.hpp>

#include "report/digest.h"

namespace plimsoll::report {

namespace {

using Json = nlohmann::ordered_json;
using model::AuditReport;
using model::Finding;

/// Raised when a key changes its meaning or goes away; new keys alone do not raise it.
constexpr std::string_view kSchemaVersion = "1.0";

/// ASCII only, bytes that are no UTF-8 as U+FFFD, and < > escaped so that the text may stand inside HTML or XML.
void append(std::string& out, const Json& value) {
    const auto text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    for (std::size_t at = 0;;) {
        const auto bracket = text.find_first_of("<>", at);
        out.append(text, at, bracket - at);
        if (bracket == std::string::npos) return;
        out += text[bracket] == '<' ? "\\u003c" : "\\u003e";
        at = bracket + 1;
    }
}

/// Writes the outer object by hand, so that a list of many thousands is never held as a tree.
class Document {
public:
    void member(std::string_view key, const Json& value) {
        begin(key);
        append(out_, value);
    }

    /// `write(out, value)` appends one element, on a line of its own.
    template <typename T, typename Write>
    void list(std::string_view key, const std::vector<T>& values, Write write) {
        begin(key);
        out_ += '[';
        for (std::size_t i = 0; i < values.size(); ++i) {
            out_ += i == 0 ? "\n    " : ",\n    ";
            write(out_, values[i]);
        }
        out_ += values.empty() ? "]" : "\n  ]";
    }

    std::string take() {
        out_ += "\n}\n";
        return std::move(out_);
    }

private:
    void begin(std::string_view key) { out_.append(out_.empty() ? "{\n  \"" : ",\n  \"").append(key).append("\": "); }

    std::string out_;
};

template <typename Index>
Json id_or_null(const Index& index, const auto& table) {
    return index ? Json(table[*index].id) : Json(nullptr);
}

template <typename Index>
Json or_null(const Index& index) {
    return index ? Json(*index) : Json(nullptr);
}

Json severities(const std::array<std::uint32_t, model::kSeverities>& counts) {
    Json out = Json::object();
    for (const auto severity : kWorstFirst) out[std::string(to_text(severity))] = counts[rank(severity)];
    return out;
}

Json evidence(const std::vector<model::Evidence>& list) {
    Json out = Json::array();
    for (const auto& one : list) out.push_back({{"field", one.field}, {"value", one.value}, {"origin", one.origin}});
    return out;
}

Json items(const std::vector<model::FindingItem>& list) {
    Json out = Json::array();
    for (const auto& item : list) {
        out.push_back({{"name", item.name},
                       {"message", item.message},
                       {"count", item.count},
                       {"evidence", evidence(item.evidence)}});
    }
    return out;
}

Json check_json(const model::Check& check) {
    return {{"id", check.id},
            {"title", check.title},
            {"severity", to_text(check.severity)},
            {"subject", to_text(check.subject)},
            {"why", check.why},
            {"remedy", check.remedy},
            {"references", check.references},
            {"tags", check.tags}};
}

Json object_json(const model::ObjectSummary& object) {
    return {{"kind", to_text(object.kind)}, {"id", object.id},          {"name", object.name},
            {"detail", object.detail},      {"score", object.score},    {"failed", severities(object.failed)},
            {"passed", object.passed},      {"unknown", object.unknown}};
}

Json path_json(const AuditReport& report, const model::AttackPath& path) {
    return {{"id", path.id},
            {"title", path.title},
            {"severity", to_text(path.severity)},
            {"object", path.object},
            {"consequence", path.consequence},
            {"message", path.message},
            {"remedy", path.remedy},
            {"findings", path.findings},
            {"references", path.references},
            {"waiver", id_or_null(path.waiver, report.waivers)}};
}

/// What passed or does not apply says little; all else has every key.
Json finding_json(const AuditReport& report, const Finding& finding) {
    const auto& check = check_of(report, finding);
    Json out = {{"check", check.id}, {"object", finding.object}, {"outcome", to_text(finding.outcome)}};
    if (finding.outcome == model::Outcome::pass || finding.outcome == model::Outcome::not_applicable) {
        if (!finding.message.empty()) out["message"] = finding.message;
        if (!finding.reason.empty()) out["reason"] = finding.reason;
        if (!finding.evidence.empty()) out["evidence"] = evidence(finding.evidence);
        if (!finding.items.empty()) out["items"] = items(finding.items);
        return out;
    }
    out["severity"] = to_text(check.severity);
    out["counts"] = model::counts(finding);
    out["message"] = finding.message;
    out["reason"] = finding.reason;
    out["evidence"] = evidence(finding.evidence);
    out["items"] = items(finding.items);
    out["items_total"] = std::max<std::size_t>(finding.items_total, finding.items.size());
    out["waiver"] = id_or_null(finding.waiver, report.waivers);
    out["path"] = or_null(finding.path);
    out["new"] = finding.is_new;
    return out;
}

/// Nearly all findings of an audit passed and are three keys: those are written without a tree.
class FindingWriter {
public:
    explicit FindingWriter(const AuditReport& report) : report_(report), check_ids_(report.checks.size()) {
        for (std::size_t i = 0; i < check_ids_.size(); ++i) append(check_ids_[i], report.checks[i].id);
    }

    void operator()(std::string& out, const Finding& finding) const {
        const bool is_bare = finding.outcome == model::Outcome::pass && finding.message.empty() &&
                             finding.reason.empty() && finding.evidence.empty() && finding.items.empty();
        if (!is_bare) {
            append(out, finding_json(report_, finding));
            return;
        }
        out.append("{\"check\":").append(check_ids_[finding.check]);
        out.append(",\"object\":").append(std::to_string(finding.object)).append(",\"outcome\":\"pass\"}");
    }

private:
    const AuditReport& report_;
    std::vector<std::string> check_ids_;
};

Json waiver_json(const model::WaiverSummary& waiver) {
    return {{"id", waiver.id},     {"reason", waiver.reason}, {"owner", waiver.owner},     {"expires", waiver.expires},
            {"file", waiver.file}, {"line", waiver.line},     {"expired", waiver.expired}, {"used", waiver.used}};
}

Json totals(const Digest& digest) {
    return {{"failed", failures(digest)},
            {"failed_by_severity", severities(digest.failed)},
            {"passed", digest.passed},
            {"unknown", digest.unknown},
            {"not_applicable", digest.not_applicable},
            {"manual", digest.manual},
            {"waived", digest.waived},
            {"paths", digest.paths.size()}};
}

}  // namespace

std::string render_json(const AuditReport& report, const Options& /*options*/) {
    const Digest sums = digest(report);
    Document out;
    out.member("schema_version", kSchemaVersion);
    out.member("plimsoll_version", report.version);
    out.member("host", report.host);
    out.member("started", report.started);
    out.member("seconds", report.seconds);
    out.member("engines", report.engines);
    out.member("score", report.score);
    out.member("score_explanation", report.score_explanation);
    out.member("totals", totals(sums));
    out.member("baseline", report.has_baseline ? Json{{"new", sums.fresh}, {"resolved", report.resolved_since_baseline}}
                                               : Json(nullptr));
    const auto as = [](auto to_json) {
        return [to_json](std::string& text, const auto& value) { append(text, to_json(value)); };
    };
    out.list("problems", report.problems, as([](const std::string& problem) { return Json(problem); }));
    out.list("paths", report.paths, as([&](const auto& path) { return path_json(report, path); }));
    out.list("objects", report.objects, as(object_json));
    out.list("findings", report.findings, FindingWriter(report));
    out.list("waivers", report.waivers, as(waiver_json));
    out.list("checks", report.checks, as(check_json));
    return out.take();
}

}  // namespace plimsoll::report
