#include "report/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "report/fixture.h"

namespace plimsoll::report {
namespace {

using Table = std::vector<std::vector<std::string>>;

/// Reads RFC 4180 as strictly as it is written.
Table parsed(const std::string& text) {
    Table table;
    std::vector<std::string> row(1);
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c == '"' && text.substr(at, 2) == "\"\"") {
                row.back() += '"';
                ++at;
            } else if (c == '"') {
                quoted = false;
            } else {
                row.back() += c;
            }
        } else if (c == '"') {
            EXPECT_TRUE(row.back().empty()) << "a quote within a bare cell";
            quoted = true;
        } else if (c == ',') {
            row.emplace_back();
        } else if (c == '\r') {
            EXPECT_EQ(text[++at], '\n');
            table.push_back(std::move(row));
            row = std::vector<std::string>(1);
        } else {
            row.back() += c;
        }
    }
    EXPECT_FALSE(quoted);
    EXPECT_EQ(row, std::vector<std::string>(1)) << "the last line is not ended";
    return table;
}

TEST(Csv, every_line_has_every_column) {
    for (const auto& report : {fixture::ordinary(), fixture::empty(), fixture::hostile()}) {
        const auto table = parsed(render_csv(report, {.verbose = true}));
        for (const auto& row : table) ASSERT_EQ(row.size(), table[0].size());
    }
}

TEST(Csv, has_a_line_for_each_finding_and_each_item) {
    const auto table = parsed(render_csv(fixture::ordinary(), {}));
    EXPECT_EQ(table.size(), 1 + 14 + 2 + 6U) << "header, failed, unknown, items";
    const auto item = std::ranges::find_if(table, [](const auto& row) { return row[2] == "item"; });
    ASSERT_NE(item, table.end());
    EXPECT_EQ((*item)[11], "5432/tcp");
    EXPECT_EQ((*item)[4], "shop-db");
    const auto all = parsed(render_csv(fixture::ordinary(), {.verbose = true}));
    EXPECT_EQ(all.size(), 1 + 6 + fixture::ordinary().findings.size());
}

TEST(Csv, no_cell_is_a_formula) {
    for (const auto& row : parsed(render_csv(fixture::hostile(), {.verbose = true}))) {
        for (const auto& cell : row)
            ASSERT_FALSE(!cell.empty() && std::string("=+-@\t\r").contains(cell.front())) << cell;
    }
}

TEST(Csv, an_empty_audit_is_a_header) { EXPECT_EQ(parsed(render_csv(fixture::empty(), {})).size(), 1U); }

}  // namespace
}  // namespace plimsoll::report
