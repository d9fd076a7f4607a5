#include <algorithm>
#include <map>

#include "report/html_page.h"

namespace plimsoll::report::html {

using model::AuditReport;
using model::Finding;
using model::Outcome;
using model::Severity;

namespace {

constexpr std::size_t kTopRisks = 8;
constexpr std::size_t kItems = 50;
constexpr std::size_t kNames = 12;

/// One check with all objects on which it fails, told in a path or not.
struct Risk {
    std::uint32_t check = 0;
    std::vector<std::uint32_t> findings;
};

std::vector<Risk> risks(const AuditReport& report) {
    std::map<std::uint32_t, Risk> by_check;
    for (std::uint32_t i = 0; i < report.findings.size(); ++i) {
        const Finding& finding = report.findings[i];
        if (!counts(finding)) continue;
        Risk& risk = by_check[finding.check];
        risk.check = finding.check;
        risk.findings.push_back(i);
    }
    std::vector<Risk> out;
    for (auto& [check, risk] : by_check) out.push_back(std::move(risk));
    std::ranges::stable_sort(out, [&](const Risk& a, const Risk& b) {
        const auto sa = report.checks[a.check].severity;
        const auto sb = report.checks[b.check].severity;
        return sa != sb ? sa > sb : a.findings.size() > b.findings.size();
    });
    return out;
}

}  // namespace

std::string Page::names(const std::vector<std::uint32_t>& findings) const {
    std::string out;
    const auto shown = std::min(kNames, findings.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const auto object = report_.findings[findings[i]].object;
        out += fmt::format(R"({}<a href="#o{}">{}</a>)", i == 0 ? "" : ", ", object,
                           safe(called(report_.objects[object]), 40));
    }
    return findings.size() > shown ? out + fmt::format(" and {} more", findings.size() - shown) : out;
}

std::string Page::chips(std::uint32_t object) const {
    const auto failed = failed_on(object);
    std::string out;
    for (const auto severity : kWorstFirst) {
        if (failed[rank(severity)] == 0) continue;
        out += fmt::format(R"( <span class="chip {0} {1}">{2} {0}</span>)", to_text(severity),
                           severity >= Severity::high ? "" : "plain", failed[rank(severity)]);
    }
    return out;
}

void Page::top_risks() {
    const auto all = risks(report_);
    if (all.empty()) return;
    add("<section aria-labelledby=\"h-risks\"><h2 id=\"h-risks\">What to do first</h2>\n<ol class=\"risks\">\n");
    const auto grave = std::ranges::count_if(
        all, [&](const Risk& risk) { return report_.checks[risk.check].severity >= Severity::medium; });
    const auto shown = std::min({all.size(), kTopRisks, std::max<std::size_t>(static_cast<std::size_t>(grave), 3)});
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& check = report_.checks[all[i].check];
        add("<li class=\"card {}\"><h3>{} {}</h3>\n<p>{}</p>\n<p class=\"soft small\">On {}: {}</p>\n{}</li>\n",
            to_text(check.severity), chip(check.severity), safe(check.title), safe(check.why, 1000),
            counted(all[i].findings.size(), "object"), names(all[i].findings), to_do(check.remedy));
    }
    add("</ol>\n");
    if (all.size() > shown) {
        add("<p class=\"soft small\">{} below, with the objects.</p>\n",
            counted(all.size() - shown, "further failed check"));
    }
    add("</section>\n");
}

void Page::objects() {
    if (report_.objects.empty()) return;
    add("<section aria-labelledby=\"h-objects\"><h2 id=\"h-objects\">All findings by object</h2>\n");
    for (const ObjectView& view : digest_.objects) object(view);
    undisturbed();
    add("</section>\n");
}

void Page::object(const ObjectView& view) {
    const auto& object = report_.objects[view.object];
    add("<details class=\"object\" id=\"o{}\"><summary>{} <span class=\"soft small\">score {}</span>{}</summary><div "
        "class=\"in\">\n",
        view.object, name(object), object.score, chips(view.object));
    if (!object.detail.empty()) add("<p class=\"soft small\">{}</p>\n", safe(object.detail, 200));
    std::vector<std::uint32_t> failed;
    for (const auto index : by_object_[view.object]) {
        if (counts(report_.findings[index])) failed.push_back(index);
    }
    std::ranges::stable_sort(failed, std::greater{},
                             [&](auto i) { return check_of(report_, report_.findings[i]).severity; });
    for (const auto index : failed) finding(report_.findings[index]);
    add("</div></details>\n");
}

void Page::finding(const Finding& finding) {
    const auto& check = check_of(report_, finding);
    add("<div class=\"finding\"><h3>{} {}{}</h3>\n", chip(check.severity), safe(check.title),
        finding.is_new ? " <span class=\"chip plain low\">new</span>" : "");
    if (!finding.message.empty() && finding.message != check.title) add("<p>{}</p>\n", safe(finding.message));
    if (!finding.items.empty()) {
        const auto shown = std::min(kItems, finding.items.size());
        add("<ul>\n");
        for (std::size_t i = 0; i < shown; ++i) {
            const auto& item = finding.items[i];
            add("<li>{}{}</li>\n", safe(item.message.empty() ? item.name : item.message, 300),
                item.count > 1 ? fmt::format(" (×{})", item.count) : "");
        }
        if (const auto left = items_left_out(finding, shown); left > 0)
            add("<li class=\"soft\">and {} more</li>\n", left);
        add("</ul>\n");
    }
    out_ += to_do(check.remedy);
    evidence(finding);
    add("</div>\n");
}

void Page::evidence(const Finding& finding) {
    std::string rows;
    const auto append = [&](const std::vector<model::Evidence>& list) {
        for (const auto& one : list) {
            rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n", safe(one.field, 100),
                                safe(one.value, 300), safe(one.origin, 200));
        }
    };
    append(finding.evidence);
    for (std::size_t i = 0; i < std::min(kItems, finding.items.size()); ++i) append(finding.items[i].evidence);
    const auto& check = check_of(report_, finding);
    std::string references;
    for (const auto& reference : check.references)
        references += (references.empty() ? "" : ", ") + safe(reference, 100);
    if (rows.empty() && references.empty()) return;
    add("<details><summary>Evidence and references</summary>\n");
    if (!rows.empty()) {
        add("<div class=\"wide\"><table><thead><tr><th scope=\"col\">field</th><th scope=\"col\">value</th><th "
            "scope=\"col\">read from"
            "</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
            rows);
    }
    add("<p class=\"soft\">Check {}{}{}</p></details>\n", safe(check.id, 100), references.empty() ? "" : ": ",
        references);
}

void Page::undisturbed() {
    const auto clean = report_.objects.size() - digest_.objects.size();
    if (clean > 0)
        add("<p class=\"soft small\">Nothing failed on {}.</p>\n",
            counted(clean, clean == report_.objects.size() ? "object" : "further object"));
    if (!verbose_) return;
    add("<details class=\"object\"><summary>Passed, and does not apply</summary><div class=\"in\"><ul>\n");
    for (const Finding& finding : report_.findings) {
        if (finding.outcome != Outcome::pass && finding.outcome != Outcome::not_applicable) continue;
        add("<li>{}: {}: {}{}</li>\n", finding.outcome == Outcome::pass ? "passed" : "does not apply",
            name(object_of(report_, finding)), safe(check_of(report_, finding).title),
            finding.reason.empty() ? "" : ": " + safe(finding.reason, 300));
    }
    add("</ul></div></details>\n");
}

}  // namespace plimsoll::report::html
