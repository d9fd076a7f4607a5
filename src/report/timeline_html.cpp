#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/digest.h"
#include "report/escape.h"
#include "report/html_page.h"
#include "report/timeline.h"
#include "report/timeline_page.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

using html::safe;

class Page {
public:
    explicit Page(const Timeline& timeline) : timeline_(timeline) {}

    std::string write() {
        out_ = page::head(fmt::format("{}: what happened", timeline_.asked), "Skip to the entries");
        add("<header class=\"plain-top\"><p class=\"eyebrow\">Timeline{}{}</p>\n<h1>{}</h1>\n<p "
            "class=\"verdict\">{}</p>\n"
            "<p class=\"soft small\">Times are local, {}; offsets count from {}.</p></header>\n<main id=\"main\">\n",
            timeline_.host.empty() ? "" : " · ", safe(timeline_.host, html::kNameColumns),
            safe(timeline_.asked, html::kNameColumns), markup(words::range(timeline_.since, timeline_.until)),
            markup(words::zone(timeline_.since)), markup(words::moment(timeline_.around.value_or(timeline_.since))));
        if (timeline_.lives.size() > 1)
            add("<p>{} had that name in turn.</p>\n", counted(timeline_.lives.size(), "container"));
        for (const Life& life : timeline_.lives) tell(life);
        for (const auto& problem : timeline_.problems) add("<p>Could not be read: {}</p>\n", safe(problem));
        add("</main>\n<footer>Made by Plimsoll {}. Record numbers are those of the ledger; <code>plimsoll prove</code> "
            "shows that "
            "one stands in it.</footer>\n</body></html>\n",
            markup(timeline_.version));
        return std::move(out_);
    }

private:
    template <typename... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    void tell(const Life& life) {
        add("<section class=\"life\"><h2>{} <span class=\"soft small\">{}</span></h2>\n",
            safe(life.name.empty() ? "container" : life.name, html::kNameColumns), safe(life.id, 20));
        if (!life.project.empty())
            add("<p class=\"soft small\">compose project {}, service {}</p>\n", safe(life.project, 60),
                safe(life.service, 60));
        if (!life.image.empty() && life.before.empty())
            add("<p class=\"soft small\">image {}</p>\n", safe(life.image, 200));
        if (!life.before.empty())
            add("<p class=\"then\">At {}: {}.</p>\n", markup(words::minute(timeline_.since)), safe(life.before));
        if (life.moments.empty()) add("<p class=\"soft\">Nothing was recorded of it in this time.</p>\n");
        std::string day;
        for (const Moment& moment : life.moments) {
            if (const auto today = words::day(moment.time); today != day) {
                add("{}<h3 class=\"day\">{}</h3>\n<ol class=\"entries\">\n", day.empty() ? "" : "</ol>\n",
                    markup(today));
                day = today;
            }
            tell(moment);
        }
        if (!day.empty()) add("</ol>\n");
        if (life.left_out > 0)
            add("<p class=\"soft\">And {} not told here; ask for a shorter time.</p>\n",
                counted(life.left_out, "entry"));
        add("</section>\n");
    }

    void tell(const Moment& moment) {
        const Nanoseconds origin = timeline_.around.value_or(timeline_.since);
        const auto& told = moment.telling;
        add("<li class=\"{}{}\"><div class=\"when\"><b>{}</b><span>{}</span></div><div class=\"what\"><p>"
            "<span class=\"chip plain {}\">{}</span> {}",
            page::tone_class(told.tone), told.tone == Tone::quiet ? " quieter" : "", markup(words::clock(moment.time)),
            markup(words::offset(moment.time - origin)), page::tone_class(told.tone), safe(told.kind, 20),
            safe(told.text));
        if (moment.until && told.kind != "exec")
            add(" <span class=\"soft small\">until {}</span>",
                markup(words::day(*moment.until) == words::day(moment.time) ? words::clock(*moment.until)
                                                                            : words::minute(*moment.until)));
        if (moment.afterwards) add(" <span class=\"chip plain gapped\">found afterwards</span>");
        if (moment.acknowledged == false) add(" <span class=\"chip plain high\">open</span>");
        add("</p>");
        if (!told.details.empty() || !moment.records.empty()) {
            add("<ul>");
            for (const auto& detail : told.details) add("<li>{}</li>", safe(detail));
            if (moment.records.size() == 1) add("<li class=\"small\">record {}</li>", moment.records[0]);
            if (moment.records.size() > 1)
                add("<li class=\"small\">{}, {} to {}</li>",
                    counted(std::max<std::size_t>(moment.records.size(), moment.count), "record"),
                    std::ranges::min(moment.records), std::ranges::max(moment.records));
            add("</ul>");
        }
        add("</div></li>\n");
    }

    const Timeline& timeline_;
    std::string out_;
};

}  // namespace

std::string timeline_html(const Timeline& timeline) { return Page(timeline).write(); }

}  // namespace plimsoll::report
