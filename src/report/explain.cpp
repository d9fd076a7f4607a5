#include "report/explain.h"

#include <fmt/format.h>

#include "base/text.h"
#include "report/escape.h"
#include "report/wrap.h"

namespace plimsoll::report {

namespace {

constexpr std::size_t kMostValue = 400;

void write_check(const model::Check& check, Terminal& out) {
    out.heading(
        printable(fmt::format("{} ({}, judges each {})", check.id, to_text(check.severity), to_text(check.subject))));
    out.paragraph(0, printable(check.title));
    out.paragraph(2, "Why: " + printable(check.why));
    const std::string remedy = "Do: " + printable_lines(check.remedy);
    for (const std::string_view line : split(remedy, '\n')) out.paragraph(2, line);
    std::string references;
    for (const std::string& reference : check.references) references += (references.empty() ? "" : ", ") + reference;
    if (!references.empty()) out.paragraph(2, "References: " + printable(references));
}

void write_evidence(const std::vector<model::Evidence>& evidence, std::size_t indent, Terminal& out) {
    for (const model::Evidence& fact : evidence) {
        out.paragraph(indent, fmt::format("{} = {}  [{}]", printable(fact.field),
                                          fact.value.empty() ? "(empty)" : bounded(fact.value, kMostValue),
                                          bounded(fact.origin, kMostValue)));
    }
}

void write_finding(const model::AuditReport& report, const model::Finding& finding, Terminal& out) {
    const model::ObjectSummary& object = report.objects[finding.object];
    const std::string waived = finding.waiver ? ", waived by " + printable(report.waivers[*finding.waiver].id) : "";
    out.paragraph(2, fmt::format("{} {}: {}{}", to_text(object.kind), bounded(object.name, kMostValue),
                                 to_text(finding.outcome), waived));
    if (!finding.message.empty() && finding.items.empty()) out.paragraph(4, bounded(finding.message, kMostValue));
    if (!finding.reason.empty()) out.paragraph(4, bounded(finding.reason, kMostValue));
    write_evidence(finding.evidence, 4, out);
    for (const model::FindingItem& item : finding.items) {
        out.paragraph(4, fmt::format("{}: {}", bounded(item.name, kMostValue), bounded(item.message, kMostValue)));
        write_evidence(item.evidence, 6, out);
    }
}

}  // namespace

std::string explain(const model::AuditReport& report, const Options& options) {
    Terminal out(options.colour, options.width);
    if (report.checks.empty()) out.paragraph(0, "No check has this id; `plimsoll rules list` names them all.");
    for (std::uint32_t check = 0; check < report.checks.size(); ++check) {
        write_check(report.checks[check], out);
        bool found = false;
        for (const model::Finding& finding : report.findings) {
            if (finding.check != check) continue;
            if (!found) out.heading("What was found");
            found = true;
            write_finding(report, finding, out);
        }
        if (!found) out.paragraph(2, "This host has nothing that the check could judge.");
    }
    return out.take();
}

}  // namespace plimsoll::report
