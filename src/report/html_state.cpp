#include <algorithm>
#include <map>
#include <numeric>

#include "report/html_page.h"
#include "report/html_picture.h"

namespace plimsoll::report::html {

using model::Finding;
using model::Severity;

namespace {

constexpr std::size_t kHeatCells = 2000;

}  // namespace

std::array<std::uint32_t, model::kSeverities> Page::failed_on(std::uint32_t object) const {
    std::array<std::uint32_t, model::kSeverities> out{};
    for (const auto index : by_object_[object]) {
        const Finding& finding = report_.findings[index];
        if (counts(finding)) ++out[rank(check_of(report_, finding).severity)];
    }
    return out;
}

void Page::glance() {
    if (report_.objects.empty()) return;
    add("<section aria-labelledby=\"h-state\"><h2 id=\"h-state\">The state at a glance</h2>\n");
    kinds();
    heat();
    add("</section>\n");
}

void Page::kinds() {
    struct Row {
        std::uint32_t objects = 0;
        std::array<std::uint32_t, model::kSeverities> failed{};
    };
    std::map<model::SubjectKind, Row> rows;
    std::uint32_t longest = 0;
    for (std::uint32_t i = 0; i < report_.objects.size(); ++i) {
        Row& row = rows[report_.objects[i].kind];
        ++row.objects;
        const auto failed = failed_on(i);
        for (std::size_t s = 0; s < failed.size(); ++s) row.failed[s] += failed[s];
        longest = std::max(longest, std::accumulate(row.failed.begin(), row.failed.end(), std::uint32_t{0}));
    }
    add("<div class=\"wide\"><table><caption class=\"eyebrow\">Failed checks by kind of object and severity</caption>\n"
        "<thead><tr><th scope=\"col\">kind</th><th scope=\"col\" class=\"n\">objects</th>"
        "<th scope=\"col\" class=\"b\">failed</th>");
    for (const auto severity : kWorstFirst) add("<th scope=\"col\" class=\"n\">{}</th>", to_text(severity));
    add("</tr></thead>\n<tbody>\n");
    for (const auto& [kind, row] : rows) {
        add("<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"b\">{}</td>", to_text(kind), row.objects,
            severity_bar(row.failed, longest));
        for (const auto severity : kWorstFirst) {
            const auto failed = row.failed[rank(severity)];
            add("<td class=\"n{}\">{}</td>", failed == 0 ? " zero" : "", failed);
        }
        add("</tr>\n");
    }
    add("</tbody></table></div>\n");
}

void Page::heat() {
    constexpr std::array<std::string_view, model::kSeverities> kLetters = {"i", "L", "M", "H", "C"};
    std::vector<std::uint32_t> order(report_.objects.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return report_.objects[i].kind; });
    add("<h3 id=\"h-heat\" class=\"gap\">Every object by its worst finding</h3>\n<div class=\"heats\">\n");
    for (std::size_t i = 0; i < std::min(order.size(), kHeatCells); ++i) {
        const auto& object = report_.objects[order[i]];
        if (i == 0 || object.kind != report_.objects[order[i - 1]].kind) {
            add("{0}<p>{1}</p><ol class=\"heat\" aria-label=\"{1}\">\n", i == 0 ? "" : "</ol>\n", to_text(object.kind));
        }
        const auto failed = failed_on(order[i]);
        const auto worst =
            std::ranges::find_if(kWorstFirst, [&](Severity severity) { return failed[rank(severity)] > 0; });
        const auto label = fmt::format("{} {}", to_text(object.kind), safe(called(object), 60));
        if (worst != kWorstFirst.end()) {
            add("<li><a class=\"{0}\" href=\"#o{1}\" title=\"{2}: {0}\" aria-label=\"{2}: {0}\">{3}</a></li>\n",
                to_text(*worst), order[i], label, kLetters[rank(*worst)]);
        } else if (object.unknown > 0 && object.passed == 0) {
            add("<li><span class=\"unknown\" role=\"img\" title=\"{0}: unknown\" aria-label=\"{0}: "
                "unknown\">?</span></li>\n",
                label);
        } else {
            add("<li><span class=\"none\" role=\"img\" title=\"{0}: nothing failed\" aria-label=\"{0}: nothing "
                "failed\">·</span></li>\n",
                label);
        }
    }
    add("</ol></div>\n");
    if (order.size() > kHeatCells) add("<p class=\"soft small\">and {} more objects</p>\n", order.size() - kHeatCells);
    add("<p class=\"legend\"><span>C critical</span><span>H high</span><span>M medium</span><span>L low</span><span>i "
        "info</span>"
        "<span>· nothing failed</span><span>? unknown</span></p>\n");
}

}  // namespace plimsoll::report::html
