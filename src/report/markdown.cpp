#include "report/markdown.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/digest.h"
#include "report/escape.h"

namespace plimsoll::report {

namespace {

using model::AuditReport;
using model::Finding;
using model::Outcome;
using model::Severity;

constexpr std::size_t kNameColumns = 120;
constexpr std::size_t kMessageColumns = 500;

/// Text from outside, cut to a length and then escaped, so that the cut never falls into an escape.
std::string safe(std::string_view bytes, std::size_t columns = kMessageColumns) {
    return markdown_text(bounded(bytes, columns));
}

std::string name(const model::ObjectSummary& object) {
    return fmt::format("{} {}", to_text(object.kind), safe(called(object), kNameColumns));
}

class Page {
public:
    Page(const AuditReport& report, bool verbose) : report_(report), digest_(digest(report)), verbose_(verbose) {}

    std::string write() {
        head();
        paths();
        shared();
        objects();
        unknowns();
        problems();
        waivers();
        if (verbose_) {
            listed(Outcome::manual, "For a person to look at");
            listed(Outcome::not_applicable, "Does not apply");
            listed(Outcome::pass, "Passed");
        } else if (digest_.manual > 0) {
            line("");
            line(fmt::format("{} for a person to look at.", counted(digest_.manual, "check")));
        }
        line("");
        line("## Score");
        line("");
        line(safe(report_.score_explanation, 2000));
        return std::move(out_);
    }

private:
    /// One line; of several empty ones in a row the first stays.
    void line(std::string_view text) {
        if (text.empty() && out_.ends_with("\n\n")) return;
        out_.append(text).append("\n");
    }
    void heading(std::string_view text) {
        line("");
        out_.append("## ").append(text).append("\n\n");
    }
    void head();
    void paths();
    void shared();
    void objects();
    void finding(const Finding& finding);
    void unknowns();
    void problems();
    void waivers();
    void listed(Outcome outcome, std::string_view title);
    void remedy(std::string_view text, std::string_view indent) {
        if (text.empty()) return;
        line("");
        out_ += markdown_fence(text, indent);
        line("");
    }

    const AuditReport& report_;
    Digest digest_;
    bool verbose_;
    std::string out_;
};

void Page::head() {
    line(fmt::format("# Plimsoll audit of {}: {} of 100", safe(report_.host, kNameColumns),
                     score_text(report_, digest_)));
    line("");
    for (const auto& engine : report_.engines) line("- " + safe(engine));
    line(fmt::format("- {} against {} in {}, begun {}", counted(report_.objects.size(), "object"),
                     counted(report_.checks.size(), "check"), duration(report_.seconds), safe(report_.started)));
    if (report_.has_baseline) {
        line(
            fmt::format("- {} new and {} resolved since the baseline", digest_.fresh, report_.resolved_since_baseline));
    }
    line("");
    line("| critical | high | medium | low | info | passed | unknown | waived |");
    line("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    std::string row = "|";
    for (const auto severity : kWorstFirst) row += fmt::format(" {} |", digest_.failed[rank(severity)]);
    line(row + fmt::format(" {} | {} | {} |", digest_.passed, digest_.unknown, digest_.waived));
}

void Page::paths() {
    if (digest_.paths.empty()) return;
    heading("Attack paths");
    for (const auto index : digest_.paths) {
        const auto& path = report_.paths[index];
        line("");
        line(fmt::format("### {}: {} ({})", to_text(path.severity), safe(path.title),
                         name(report_.objects[path.object])));
        line("");
        if (!path.consequence.empty()) line(fmt::format("**Consequence:** {}", safe(path.consequence)));
        if (!path.message.empty()) {
            line("");
            line(safe(path.message));
        }
        line("");
        for (std::size_t i = 0; i < path.findings.size(); ++i) {
            line(fmt::format("{}. {}", i + 1, safe(saying(report_, report_.findings[path.findings[i]]))));
        }
        remedy(path.remedy, "");
    }
}

void Page::shared() {
    if (digest_.shared.empty()) return;
    heading("On many objects");
    constexpr std::size_t kNames = 20;
    for (const Shared& group : digest_.shared) {
        const auto& check = report_.checks[group.check];
        std::string names;
        const auto shown = verbose_ ? group.findings.size() : std::min(kNames, group.findings.size());
        for (std::size_t i = 0; i < shown; ++i) {
            names += (i == 0 ? "" : ", ") + safe(called(object_of(report_, report_.findings[group.findings[i]])), 60);
        }
        if (shown < group.findings.size()) names += fmt::format(" and {} more", group.findings.size() - shown);
        line(fmt::format("- **{}** {} on {}: {}", to_text(check.severity), safe(check.title),
                         counted(group.findings.size(), to_text(group.kind)), names));
        remedy(check.remedy, "  ");
    }
}

void Page::objects() {
    if (std::ranges::all_of(digest_.objects, [](const ObjectView& view) { return view.findings.empty(); })) return;
    heading("Findings by object, worst first");
    for (const ObjectView& view : digest_.objects) {
        if (view.findings.empty()) continue;
        const auto& object = report_.objects[view.object];
        line("");
        line(fmt::format("### {}, score {}", name(object), object.score));
        line("");
        if (!object.detail.empty()) {
            line(safe(object.detail));
            line("");
        }
        for (const auto index : view.findings) finding(report_.findings[index]);
        if (view.in_paths + view.in_shared > 0) {
            line("");
            line(fmt::format("{} told above.", counted(view.in_paths + view.in_shared, "more finding")));
        }
    }
}

void Page::finding(const Finding& finding) {
    const auto& check = check_of(report_, finding);
    auto text = fmt::format("- **{}** {}", to_text(check.severity), safe(check.title));
    if (!finding.message.empty() && finding.message != check.title) text += ": " + safe(finding.message);
    if (finding.is_new) text += " (new)";
    line(text);
    const std::size_t shown = std::min<std::size_t>(finding.items.size(), verbose_ ? 1000 : 20);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& item = finding.items[i];
        const auto times = item.count > 1 ? fmt::format(" (×{})", item.count) : "";
        line(fmt::format("  - {}{}", safe(item.message.empty() ? item.name : item.message, 250), times));
    }
    if (const auto left = items_left_out(finding, shown); left > 0) line(fmt::format("  - and {} more", left));
    if (check.severity >= Severity::high || verbose_) remedy(check.remedy, "  ");
}

void Page::unknowns() {
    if (digest_.unknowns.empty()) return;
    heading("Could not be found out");
    for (const Unknowns& group : digest_.unknowns) {
        line(fmt::format("- {}: {}", counted(group.findings.size(), "check"),
                         group.reason.empty() ? "no reason given" : safe(group.reason)));
        for (std::size_t i = 0; verbose_ && i < group.findings.size(); ++i) {
            const Finding& finding = report_.findings[group.findings[i]];
            line(fmt::format("  - {}: {}", name(object_of(report_, finding)), safe(check_of(report_, finding).title)));
        }
    }
}

void Page::problems() {
    if (report_.problems.empty()) return;
    heading("Problems");
    for (const auto& problem : report_.problems) line("- " + safe(problem));
}

void Page::waivers() {
    if (report_.waivers.empty()) return;
    heading("Waivers");
    line("| waiver | covers | owner | expires | reason |");
    line("| --- | ---: | --- | --- | --- |");
    for (const auto& waiver : report_.waivers) {
        line(fmt::format("| {} | {} | {} | {}{} | {} |", safe(waiver.id), waiver.used, safe(waiver.owner),
                         waiver.expires.empty() ? "never" : safe(waiver.expires), waiver.expired ? " (expired)" : "",
                         safe(waiver.reason)));
    }
}

void Page::listed(Outcome outcome, std::string_view title) {
    bool first = true;
    for (const Finding& finding : report_.findings) {
        if (finding.outcome != outcome) continue;
        if (first) heading(title);
        first = false;
        line(fmt::format("- {}: {}{}", name(object_of(report_, finding)), safe(check_of(report_, finding).title),
                         finding.reason.empty() ? "" : ": " + safe(finding.reason)));
    }
}

}  // namespace

std::string render_markdown(const AuditReport& report, const Options& options) {
    return Page(report, options.verbose).write();
}

}  // namespace plimsoll::report
