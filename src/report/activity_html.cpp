#include <fmt/format.h>

#include <iterator>

#include "report/activity.h"
#include "report/activity_table.h"
#include "report/escape.h"
#include "report/html_page.h"
#include "report/timeline_page.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

using html::safe;

class Page {
public:
    explicit Page(const Activity& activity) : activity_(activity) {}

    std::string write() {
        const std::string host = activity_.host.empty() ? "this host" : activity_.host;
        out_ = page::head(fmt::format("What happened on {}", host), "Skip to the tables");
        add("<header class=\"plain-top\"><p class=\"eyebrow\">Activity report</p>\n<h1>{}</h1>\n<p "
            "class=\"verdict\">{}</p>\n"
            "<div class=\"lead\">\n",
            safe(host, html::kNameColumns), markup(words::range(activity_.since, activity_.until)));
        for (const auto& sentence : activity_.unusual) add("<p>{}</p>\n", safe(sentence));
        if (activity_.unusual_left > 0)
            add("<p class=\"soft small\">{} more in the tables below.</p>\n", activity_.unusual_left);
        add("</div>\n</header>\n<main id=\"main\">\n");
        tiles();
        for (const auto& one : activity_tables(activity_)) table(one);
        add("<section><h2>The ledger</h2>\n<ul>\n");
        for (const auto& sentence : ledger_sentences(activity_.ledger)) add("<li>{}</li>\n", safe(sentence));
        add("</ul></section>\n</main>\n<footer>Made by Plimsoll {}. Compared with the {} "
            "before.</footer>\n</body></html>\n",
            markup(activity_.version), words::span(activity_.until - activity_.since));
        return std::move(out_);
    }

private:
    template <typename... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    void tile(std::string_view name, std::uint64_t count, std::string_view style) {
        add("<li class=\"{}{}\"><b>{}</b>{}</li>\n", count == 0 ? "none" : style, count == 0 ? " zero" : "", count,
            name);
    }

    void tiles() {
        add("<ul class=\"tiles\" aria-label=\"Totals\">\n");
        tile("open alerts", activity_.alerts_open, "critical");
        tile("deaths", activity_.deaths.now, "high");
        tile("exec sessions", activity_.sessions_total.now, "low");
        tile("new images", activity_.images_new, "medium");
        tile("gaps", activity_.ledger.gaps.size(), "high");
        add("</ul>\n");
    }

    void table(const ActivityTable& table) {
        add("<section><h2>{}</h2>\n", markup(table.title));
        if (!table.note.empty()) add("<p class=\"soft\">{}</p>\n", safe(table.note));
        if (!table.rows.empty()) {
            add("<div class=\"wide\"><table><thead><tr>");
            for (const auto& column : table.columns)
                add("<th scope=\"col\"{}>{}</th>", column.number ? " class=\"n\"" : "", markup(column.name));
            add("</tr></thead><tbody>\n");
            for (std::size_t r = 0; r < table.rows.size(); ++r) row(table, r);
            add("</tbody></table></div>\n");
        }
        add("</section>\n");
    }

    void row(const ActivityTable& table, std::size_t r) {
        add("<tr>");
        for (std::size_t c = 0; c < table.columns.size(); ++c) {
            const bool grave = c == 0 && table.grave[r];
            add("<td{}>{}{}{}</td>", table.columns[c].number ? " class=\"n\"" : "", grave ? "<b>" : "",
                safe(table.rows[r][c], 300), grave ? "</b>" : "");
        }
        add("</tr>\n");
    }

    const Activity& activity_;
    std::string out_;
};

}  // namespace

std::string activity_html(const Activity& activity, const Options& /*options*/) { return Page(activity).write(); }

}  // namespace plimsoll::report
