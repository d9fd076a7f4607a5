#include <fmt/format.h>

#include "report/activity.h"
#include "report/activity_table.h"
#include "report/escape.h"
#include "report/timeline_words.h"

namespace plimsoll::report {

namespace {

std::string cell(std::string_view text, std::size_t columns) {
    const auto out = markdown_text(text.substr(0, columns * 4));
    return out.empty() ? " " : out;
}

}  // namespace

std::string activity_markdown(const Activity& activity, const Options& /*options*/) {
    std::string out =
        fmt::format("# What happened on {}\n\n{}\n\n", cell(activity.host.empty() ? "this host" : activity.host, 100),
                    markdown_text(words::range(activity.since, activity.until)));
    for (const auto& sentence : activity.unusual) out += fmt::format("- **{}**\n", cell(sentence, 400));
    if (activity.unusual_left > 0) out += fmt::format("- {} more in the tables below\n", activity.unusual_left);
    for (const auto& table : activity_tables(activity)) {
        out += fmt::format("\n## {}\n\n", table.title);
        if (!table.note.empty()) out += markdown_text(table.note) + "\n\n";
        if (table.rows.empty()) continue;
        std::string rule = "|";
        out += "|";
        for (const auto& column : table.columns) {
            out += fmt::format(" {} |", column.name);
            rule += column.number ? " ---: |" : " --- |";
        }
        out += "\n" + rule + "\n";
        for (const auto& row : table.rows) {
            out += "|";
            for (const auto& text : row) out += fmt::format(" {} |", cell(text, 160));
            out += "\n";
        }
    }
    out += "\n## The ledger\n\n";
    for (const auto& sentence : ledger_sentences(activity.ledger)) out += fmt::format("- {}\n", cell(sentence, 400));
    return out;
}

}  // namespace plimsoll::report
