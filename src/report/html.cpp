#include "report/html.h"

#include <optional>

#include "base/text.h"
#include "report/escape.h"
#include "report/html_page.h"
#include "report/html_picture.h"
#include "report/html_style.h"

namespace plimsoll::report::html {

using model::AuditReport;
using model::Finding;
using model::Outcome;
using model::Severity;

std::string safe(std::string_view bytes, std::size_t columns) { return markup(bounded(bytes, columns)); }

std::string name(const model::ObjectSummary& object) {
    return fmt::format("{} <b>{}</b>", to_text(object.kind), safe(called(object), kNameColumns));
}

std::string chip(Severity severity) { return fmt::format(R"(<span class="chip {0}">{0}</span>)", to_text(severity)); }

std::string to_do(std::string_view remedy) {
    if (trim(remedy).empty()) return {};
    return fmt::format("<p class=\"do\">What to do</p><pre>{}</pre>\n", markup_lines(remedy));
}

Page::Page(const AuditReport& report, bool verbose)
    : report_(report), digest_(digest(report)), verbose_(verbose), by_object_(report.objects.size()) {
    for (std::uint32_t i = 0; i < report.findings.size(); ++i) by_object_[report.findings[i].object].push_back(i);
}

std::string Page::write() {
    head();
    paths();
    glance();
    top_risks();
    objects();
    unknowns();
    waivers();
    by_hand();
    method();
    add("</main>\n<footer>Made by Plimsoll {} from an audit of {} begun {}.</footer>\n</body></html>\n",
        markup(report_.version), safe(report_.host, kNameColumns), markup(report_.started));
    return std::move(out_);
}

std::string Page::verdict() const {
    if (!digest_.paths.empty()) {
        return fmt::format("{} found: weaknesses that together let an attacker through.",
                           counted(digest_.paths.size(), "attack path"));
    }
    const auto urgent = digest_.failed[rank(Severity::critical)] + digest_.failed[rank(Severity::high)];
    if (urgent > 0)
        return fmt::format("No attack path, but {} of high or critical severity.", counted(urgent, "finding"));
    if (failures(digest_) > 0) return "No attack path and nothing of high or critical severity.";
    return judged(digest_) ? "No failed check." : "Nothing could be judged.";
}

void Page::head() {
    add("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Audit of {}: {} of "
        "100</title>\n<style>{}</style></head>\n"
        "<body><a class=\"skip\" href=\"#main\">Skip to the findings</a>\n",
        safe(report_.host, kNameColumns), score_text(report_, digest_), kHtmlStyle);
    add("<header class=\"top\">\n<div>{}</div>\n<div><p class=\"eyebrow\">Container host audit</p><h1>{}</h1>\n"
        "<p class=\"score\">{} <small>of 100</small></p>\n<p class=\"verdict\">{}</p>\n",
        load_line_picture(judged(digest_) ? std::optional(report_.score) : std::nullopt),
        safe(report_.host, kNameColumns), score_text(report_, digest_), verdict());
    for (const auto& engine : report_.engines) add("<p class=\"soft small\">{}</p>\n", safe(engine));
    add("</div>\n</header>\n<main id=\"main\">\n");
    summary();
}

void Page::summary() {
    add("<ul class=\"tiles\" aria-label=\"Failed checks by severity\">\n");
    for (const auto severity : kWorstFirst) {
        const auto failed = digest_.failed[rank(severity)];
        add("<li class=\"{0} {1}\"><b>{2}</b>{0}</li>\n", to_text(severity), failed == 0 ? "zero" : "", failed);
    }
    add("</ul>\n<p class=\"soft small\">{} judged by {} in {}: {} passed, {} could not be found out, {} waived.",
        counted(report_.objects.size(), "object"), counted(report_.checks.size(), "check"), duration(report_.seconds),
        digest_.passed, digest_.unknown, digest_.waived);
    if (report_.has_baseline) {
        add(" Since the baseline: <b>{} new</b>, {} resolved.", digest_.fresh, report_.resolved_since_baseline);
    }
    add("</p>\n");
}

void Page::paths() {
    if (digest_.paths.empty()) return;
    add("<section aria-labelledby=\"h-paths\"><h2 id=\"h-paths\">Attack paths</h2>\n");
    for (const auto index : digest_.paths) path(report_.paths[index]);
    add("</section>\n");
}

void Page::path(const model::AttackPath& path) {
    add("<article class=\"card path {}\"><h3>{} {}</h3>\n<p class=\"soft small\"><a href=\"#o{}\">{}</a></p>\n",
        to_text(path.severity), chip(path.severity), safe(path.title), path.object, name(report_.objects[path.object]));
    if (!path.message.empty()) add("<p>{}</p>\n", safe(path.message));
    add("<ol class=\"steps\">\n");
    std::size_t step = 0;
    for (const auto index : path.findings) {
        add("<li><span class=\"tag\">Step {}</span>{}</li>\n", ++step,
            safe(saying(report_, report_.findings[index]), 300));
    }
    if (!path.consequence.empty()) {
        add("<li class=\"end\"><span class=\"tag\">Consequence</span>{}</li>\n", safe(path.consequence, 300));
    }
    add("</ol>\n{}</article>\n", to_do(path.remedy));
}

void Page::unknowns() {
    if (digest_.unknowns.empty() && report_.problems.empty()) return;
    add("<section aria-labelledby=\"h-unknown\"><h2 id=\"h-unknown\">What could not be found out</h2>\n");
    for (const Unknowns& group : digest_.unknowns) {
        add("<details class=\"object\"><summary><b>{}</b>: {}</summary><div class=\"in\"><ul>\n",
            counted(group.findings.size(), "check"),
            group.reason.empty() ? "no reason given" : safe(group.reason, 300));
        for (const auto index : group.findings) {
            const Finding& finding = report_.findings[index];
            add("<li>{}: {}</li>\n", name(object_of(report_, finding)), safe(check_of(report_, finding).title));
        }
        add("</ul></div></details>\n");
    }
    for (const auto& problem : report_.problems) add("<p>Problem: {}</p>\n", safe(problem));
    add("</section>\n");
}

void Page::waivers() {
    if (report_.waivers.empty()) return;
    add("<section aria-labelledby=\"h-waivers\"><h2 id=\"h-waivers\">Waivers</h2>\n<div "
        "class=\"wide\"><table><thead><tr><th scope=\"col\">waiver</th>"
        "<th scope=\"col\" class=\"n\">covers</th><th scope=\"col\">owner</th><th scope=\"col\">expires</th><th "
        "scope=\"col\">reason</th></tr>"
        "</thead><tbody>\n");
    for (const auto& waiver : report_.waivers) {
        add("<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td>{}</td><td>{}{}</td><td>{}</td></tr>\n",
            safe(waiver.id, 100), waiver.used, safe(waiver.owner, 100),
            waiver.expires.empty() ? "never" : safe(waiver.expires, 40),
            waiver.expired     ? " <b>(expired)</b>"
            : waiver.used == 0 ? " (unused)"
                               : "",
            safe(waiver.reason));
    }
    add("</tbody></table></div>\n");
    if (!digest_.waived_findings.empty()) {
        add("<details class=\"object\"><summary>What they cover</summary><div class=\"in\"><ul>\n");
        for (const auto index : digest_.waived_findings) {
            const Finding& finding = report_.findings[index];
            add("<li>{}: {} <span class=\"soft\">({})</span></li>\n", name(object_of(report_, finding)),
                safe(saying(report_, finding)), safe(report_.waivers[*finding.waiver].id, 100));
        }
        add("</ul></div></details>\n");
    }
    add("</section>\n");
}

void Page::by_hand() {
    if (digest_.manual == 0) return;
    add("<section aria-labelledby=\"h-manual\"><h2 id=\"h-manual\">For a person to look at</h2>\n<ul>\n");
    for (const Finding& finding : report_.findings) {
        if (finding.outcome != Outcome::manual || finding.waiver) continue;
        add("<li>{}: {}{}</li>\n", name(object_of(report_, finding)), safe(check_of(report_, finding).title),
            finding.reason.empty() ? "" : ": " + safe(finding.reason));
    }
    add("</ul></section>\n");
}

void Page::method() {
    add("<section aria-labelledby=\"h-method\"><h2 id=\"h-method\">Method and score</h2>\n<p>{}</p>\n"
        "<p>Every check reads facts of the host, the engine's interface, its configuration and the kernel; nothing was "
        "run inside a "
        "container. A fact that could not be read makes a check unknown, with the reason, and never passed. A waived "
        "finding is shown "
        "but does not count. {} did not apply.</p>\n</section>\n",
        safe(report_.score_explanation, 2000), counted(digest_.not_applicable, "check"));
}

}  // namespace plimsoll::report::html

namespace plimsoll::report {

std::string render_html(const model::AuditReport& report, const Options& options) {
    return html::Page(report, options.verbose).write();
}

}  // namespace plimsoll::report
