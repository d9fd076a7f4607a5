#include "base/text.h"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Printable, KeepsWordsAndShowsWhatCouldDeceive) {
    EXPECT_EQ(printable("naïve 容器 ok"), "naïve 容器 ok");
    EXPECT_EQ(printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
    EXPECT_EQ(printable("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f");
    EXPECT_EQ(printable("abc\xe2\x80\xae"
                        "fdp"),
              "abc\\u{202e}fdp");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\u{009b}31m");
    EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
}

TEST(Printable, ShowsEveryMarkThatTurnsTextAroundOrHidesInIt) {
    EXPECT_EQ(printable("\xd8\x9c|\xcd\x8f|\xe1\xa0\x8e"), "\\u{061c}|\\u{034f}|\\u{180e}");
    EXPECT_EQ(printable("\xe1\x85\x9f|\xe1\x85\xa0|\xe3\x85\xa4"), "\\u{115f}|\\u{1160}|\\u{3164}");
    EXPECT_EQ(printable("\xe2\x81\xa6|\xe2\x81\xa9"), "\\u{2066}|\\u{2069}");
    EXPECT_EQ(printable("한국어 عربي"), "한국어 عربي");
}

TEST(ValidUtf8, ReplacesEachBrokenByte) {
    EXPECT_EQ(valid_utf8("a\xff"
                         "b"),
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(valid_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Shortened, CutsAtColumnsAndNeverInsideACharacter) {
    EXPECT_EQ(shortened("container", 20), "container");
    EXPECT_EQ(shortened("container", 5), "cont…");
    EXPECT_EQ(shortened("容器容器", 5), "容器…");
    EXPECT_EQ(display_width("容器"), 4U);
}

TEST(EditDistance, CountsEdits) {
    EXPECT_EQ(edit_distance("proc.nmae", "proc.name"), 2U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
}

TEST(Split, KeepsEmptyParts) {
    EXPECT_EQ(split("a,,b", ',').size(), 3U);
    EXPECT_EQ(split("", ',').size(), 1U);
    EXPECT_EQ(trim(" \t x \n"), "x");
}

}  // namespace
}  // namespace plimsoll
