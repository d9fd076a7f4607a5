#include "report/escape.h"

#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

TEST(Escape, csv_cells_never_begin_a_formula) {
    for (const auto* cell : {"=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\n=1", "＝1"}) {
        const auto out = csv_cell(cell);
        EXPECT_EQ(out[out.front() == '"' ? 1 : 0], '\'') << cell;
    }
    EXPECT_EQ(csv_cell("web-01"), "web-01");
    EXPECT_EQ(csv_cell(""), "");
}

TEST(Escape, csv_cells_are_quoted_where_rfc_4180_wants_it) {
    EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_cell("say \"x\""), "\"say \"\"x\"\"\"");
    EXPECT_EQ(csv_cell("two\r\nlines"), "two\\x0d\\x0alines");
    EXPECT_EQ(csv_lines("two\r\nlines"), "\"two\nlines\"");
    EXPECT_EQ(csv_lines("=1"), "'=1");
}

TEST(Escape, markup_has_no_open_bracket_quote_or_character_that_xml_refuses) {
    EXPECT_EQ(markup("<a href='x' id=\"y\">&"), "&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;&amp;");
    EXPECT_EQ(markup("\xef\xbf\xbf|\xef\xbf\xbe"), "\xef\xbf\xbd|\xef\xbf\xbd");
    EXPECT_EQ(markup(std::string_view("\0\x1b", 2)), "\\x00\\x1b");
    EXPECT_EQ(markup("ﾟ é 漢"), "ﾟ é 漢");
}

TEST(Escape, lines_stay_lines_and_nothing_else_does) {
    EXPECT_EQ(printable_lines("one\r\ntwo\x1b[0m\n"), "one\ntwo\\x1b[0m");
    EXPECT_EQ(markup_lines("a\n<b>"), "a\n&lt;b&gt;");
}

TEST(Escape, markdown_text_means_itself) {
    EXPECT_EQ(markdown_text("a|b *c* _d_ `e` <f>"), "a\\|b \\*c\\* \\_d\\_ \\`e\\` &lt;f&gt;");
    EXPECT_EQ(markdown_text("# title"), "&#35; title");
    EXPECT_EQ(markdown_text("- item"), "\\- item");
    EXPECT_EQ(markdown_text("12. item"), "12\\. item");
    EXPECT_EQ(markdown_text("10.0.0.1 is"), "10.0.0.1 is");
    EXPECT_EQ(markdown_text("@team #12 https://x www.y"), "&#64;team &#35;12 https&#58;//x www&#46;y");
    EXPECT_EQ(markdown_text("[a](b)"), "\\[a\\](b)");
}

TEST(Escape, a_fence_outgrows_the_text_in_it) {
    EXPECT_EQ(markdown_fence("run", ""), "```\nrun\n```\n");
    EXPECT_EQ(markdown_fence("a\n````\nb", "  "), "  `````\n  a\n  ````\n  b\n  `````\n");
}

}  // namespace
}  // namespace plimsoll::report
