#include "report/csv.h"

#include <algorithm>
#include <array>

#include "report/digest.h"
#include "report/escape.h"

namespace plimsoll::report {

namespace {

using model::AuditReport;
using model::Finding;
using model::Outcome;

constexpr std::array<std::string_view, 20> kColumns = {
    "host",        "started",  "row",     "object_kind",   "object_name", "object_id", "check",
    "title",       "severity", "outcome", "message",       "item",        "count",     "reason",
    "attack_path", "new",      "waiver",  "waiver_reason", "remedy",      "references"};

using Row = std::array<std::string, kColumns.size()>;

void write(std::string& out, const auto& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += ',';
        out += cells[i];
    }
    out += "\r\n";
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return csv_cell(out);
}

Row finding_row(const AuditReport& report, const Finding& finding) {
    const auto& check = check_of(report, finding);
    const auto& object = object_of(report, finding);
    Row row = {csv_cell(report.host),
               csv_cell(report.started),
               "finding",
               std::string(to_text(object.kind)),
               csv_cell(object.name),
               csv_cell(object.id),
               csv_cell(check.id),
               csv_cell(check.title),
               std::string(to_text(check.severity)),
               std::string(to_text(finding.outcome)),
               csv_cell(finding.message),
               "",
               std::to_string(std::max<std::size_t>({1, finding.items_total, finding.items.size()})),
               csv_cell(finding.reason),
               "",
               finding.is_new ? "yes" : "no",
               "",
               "",
               csv_lines(check.remedy),
               joined(check.references)};
    if (finding.path) row[14] = csv_cell(report.paths[*finding.path].id);
    if (finding.waiver) {
        row[16] = csv_cell(report.waivers[*finding.waiver].id);
        row[17] = csv_cell(report.waivers[*finding.waiver].reason);
    }
    return row;
}

bool wanted(const Finding& finding, const Options& options) {
    return options.verbose || finding.outcome == Outcome::fail || finding.outcome == Outcome::unknown;
}

}  // namespace

std::string render_csv(const AuditReport& report, const Options& options) {
    check_indexes(report);
    std::string out;
    write(out, kColumns);
    for (const Finding& finding : report.findings) {
        if (!wanted(finding, options)) continue;
        Row row = finding_row(report, finding);
        write(out, row);
        for (const auto& item : finding.items) {
            row[2] = "item";
            row[10] = csv_cell(item.message);
            row[11] = csv_cell(item.name);
            row[12] = std::to_string(item.count);
            write(out, row);
        }
    }
    return out;
}

}  // namespace plimsoll::report
