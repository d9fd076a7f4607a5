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
