#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/activity.h"
#include "report/activity_table.h"
#include "report/escape.h"
#include "report/timeline_words.h"
#include "report/wrap.h"

namespace plimsoll::report {

namespace {

constexpr std::size_t kCell = 48;
constexpr std::string_view kFaint = "2";

void write_table(Terminal& out, const ActivityTable& table, bool verbose) {
    out.heading(table.title);
    if (!table.note.empty()) out.paragraph(2, table.note, kFaint);
    std::vector<std::size_t> widths;
    for (const auto& column : table.columns) widths.push_back(display_width(column.name));
    std::vector<std::vector<std::string>> cells;
    const std::size_t shown = verbose ? table.rows.size() : std::min<std::size_t>(table.rows.size(), 12);
    for (std::size_t r = 0; r < shown; ++r) {
        auto& row = cells.emplace_back();
        for (std::size_t c = 0; c < table.columns.size(); ++c) {
            const bool last = c + 1 == table.columns.size();
            row.push_back(bounded(table.rows[r][c], last ? 200 : kCell));
            if (!last || table.columns[c].number) widths[c] = std::max(widths[c], display_width(row.back()));
        }
    }
    if (shown == 0) return;
    const auto line = [&](auto cell, std::string_view sgr) {
        std::string text = "  ";
        for (std::size_t c = 0; c + 1 < table.columns.size() || (c < table.columns.size() && table.columns[c].number);
             ++c) {
            const std::string content = cell(c);
            const std::string blanks(widths[c] - std::min(widths[c], display_width(content)), ' ');
            text += (table.columns[c].number ? blanks + content : content + blanks) + "  ";
        }
        if (table.columns.back().number) text.erase(text.find_last_not_of(' ') + 1);
        const bool last_is_text = !table.columns.back().number;
        const std::array first = {Span{text, sgr}};
        const Span rest{last_is_text ? cell(table.columns.size() - 1) : "", sgr};
        out.paragraph(first, {&rest, rest.text.empty() ? 0U : 1U}, std::min<std::size_t>(display_width(text), 40));
    };
    line([&](std::size_t c) { return table.columns[c].name; }, kFaint);
    for (std::size_t r = 0; r < shown; ++r)
        line([&](std::size_t c) { return cells[r][c]; }, table.grave[r] ? "1;31" : "");
    if (shown < table.rows.size())
        out.paragraph(2, fmt::format("and {} more (--verbose)", table.rows.size() - shown), kFaint);
}

}  // namespace

std::string activity_text(const Activity& activity, const Options& options) {
    Terminal out(options.colour, options.width);
    const std::array mark = {Span{"⊖ ", "1"}};
    std::vector<Span> title = {
        {"what happened on " + bounded(activity.host.empty() ? "this host" : activity.host, 60), "1"}};
    title.push_back({"· " + words::range(activity.since, activity.until), kFaint});
    out.paragraph(mark, title, 2);
    out.blank();
    for (const auto& sentence : activity.unusual) out.paragraph(2, bounded(sentence, 400));
    if (activity.unusual_left > 0)
        out.paragraph(2, fmt::format("{} more in the tables below.", activity.unusual_left), kFaint);
    out.blank();
    out.paragraph(
        2,
        fmt::format("Compared with the {} before, which had {} records; this period has {}.",
                    words::span(activity.until - activity.since), activity.records.before, activity.records.now),
        kFaint);
    for (const auto& table : activity_tables(activity)) write_table(out, table, options.verbose);
    out.heading("The ledger");
    for (const auto& sentence : ledger_sentences(activity.ledger)) out.paragraph(2, bounded(sentence, 400));
    return out.take();
}

}  // namespace plimsoll::report
