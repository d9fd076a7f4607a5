#include "source/engine/line_splitter.h"

#include <gtest/gtest.h>

#include "source/container_log_frames.h"
#include "source/container_log_source.h"

namespace plimsoll::source {
namespace {

std::vector<std::string> texts(const std::vector<Line>& lines) {
    std::vector<std::string> out;
    for (const Line& line : lines) out.push_back(line.text);
    return out;
}

TEST(LineSplitter, LinesRunOverPieces) {
    LineSplitter splitter(100);
    std::vector<Line> lines;
    for (const char* piece : {"on", "e\r\ntwo\n\nth", "ree"}) splitter.add(piece, lines);
    EXPECT_EQ(texts(lines), (std::vector<std::string>{"one", "two"}));
    splitter.finish(lines);
    EXPECT_EQ(lines.back().text, "three");
    EXPECT_EQ(lines.back().cut, Line::Cut::stream_ended);
}

TEST(LineSplitter, ALineBeyondTheBoundIsCutAndTheNextIsWhole) {
    LineSplitter splitter(4);
    std::vector<Line> lines;
    splitter.add("abc", lines);
    splitter.add("defghi", lines);
    splitter.add("jkl\nnext\n", lines);
    EXPECT_EQ(texts(lines), (std::vector<std::string>{"abcd", "next"}));
    EXPECT_EQ(lines[0].cut, Line::Cut::too_long);
    EXPECT_EQ(lines[1].cut, Line::Cut::no);
}

TEST(LogFrames, LinesRunOverFramesAndStreamsStayApart) {
    LogFrames frames(false, 100);
    std::vector<LogLine> lines;
    using namespace std::string_literals;
    const std::string bytes = "\1\0\0\0\0\0\0\3out"s + "\2\0\0\0\0\0\0\4err\n"s + "\1\0\0\0\0\0\0\2!\n"s;
    for (const char byte : bytes) frames.add({&byte, 1}, lines);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].stream, "stderr");
    EXPECT_EQ(lines[0].line.text, "err");
    EXPECT_EQ(lines[1].stream, "stdout");
    EXPECT_EQ(lines[1].line.text, "out!");
}

TEST(LogFrames, ATerminalHasNoFrames) {
    LogFrames frames(true, 100);
    std::vector<LogLine> lines;
    frames.add("\1one\ntwo\n", lines);
    EXPECT_EQ(lines.size(), 2U);
}

TEST(Glob, StarAndQuestionMark) {
    EXPECT_TRUE(matches_glob("web-*", "web-1"));
    EXPECT_TRUE(matches_glob("*a?c*", "xxabcxx"));
    EXPECT_FALSE(matches_glob("web", "web-1"));
    EXPECT_FALSE(matches_glob("", "x"));
    EXPECT_TRUE(matches_glob("*", ""));
}

}  // namespace
}  // namespace plimsoll::source
