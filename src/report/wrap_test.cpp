#include "report/wrap.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace plimsoll::report {
namespace {

TEST(Terminal, wraps_at_the_width_and_indents) {
    Terminal terminal(false, 40);
    terminal.paragraph(4, "one two three four five six seven eight nine ten");
    EXPECT_EQ(terminal.take(), "    one two three four five six seven\n    eight nine ten\n");
}

TEST(Terminal, cuts_words_longer_than_a_line_without_losing_a_character) {
    Terminal terminal(false, 40);
    terminal.paragraph(10, std::string(95, 'x'));
    std::size_t seen = 0;
    const auto text = terminal.take();
    for (const auto line : split(text, '\n')) {
        EXPECT_LE(line.size(), 40U);
        seen += static_cast<std::size_t>(std::ranges::count(line, 'x'));
    }
    EXPECT_EQ(seen, 95U);
}

TEST(Terminal, counts_columns_and_not_bytes) {
    Terminal terminal(false, 40);
    std::string wide;
    for (int i = 0; i < 50; ++i) wide += "漢";
    terminal.paragraph(2, wide);
    const auto text = terminal.take();
    for (const auto line : split(text, '\n')) EXPECT_LE(display_width(line), 40U);
    EXPECT_EQ(valid_utf8(text), text);
}

TEST(Terminal, colour_takes_no_columns_and_is_absent_unless_asked) {
    const Span first{"HIGH", "31"};
    const Span words{"words that stand on exactly one line"};
    Terminal plain(false, 41);
    Terminal coloured(true, 41);
    plain.paragraph({&first, 1}, {&words, 1}, 0);
    coloured.paragraph({&first, 1}, {&words, 1}, 0);
    EXPECT_EQ(plain.take(), "HIGHwords that stand on exactly one line\n");
    EXPECT_EQ(coloured.take(), "\x1b[31mHIGH\x1b[0mwords that stand on exactly one line\n");
}

TEST(Terminal, one_style_is_switched_once_a_line_and_never_crosses_it) {
    Terminal terminal(true, 40);
    terminal.paragraph(0, "bold words that go on until the line is full", "1");
    EXPECT_EQ(terminal.take(), "\x1b[1mbold words that go on until the line is\x1b[0m\n\x1b[1mfull\x1b[0m\n");
}

TEST(Terminal, keeps_a_readable_width_whatever_it_is_told) {
    EXPECT_EQ(Terminal(false, 0).width(), 40U);
    EXPECT_EQ(Terminal(false, 100'000).width(), 160U);
}

}  // namespace
}  // namespace plimsoll::report
