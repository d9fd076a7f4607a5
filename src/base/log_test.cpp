#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll {
namespace {

TEST(Log, AValueCannotMakeALineOrAFieldOfItsOwn) {
    std::vector<std::string> lines;
    Log log(LogLevel::info, [&](std::string_view line) { lines.emplace_back(line); });
    log.info("container seen", {{"name", "web\" level=error\nmsg=\"forged"}});
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_THAT(lines[0], testing::HasSubstr(R"(level=info msg="container seen" name="web\" level=error\\x0amsg=)"));
}

TEST(Log, WhatIsBelowTheLevelIsNotWritten) {
    std::vector<std::string> lines;
    Log log(LogLevel::warning, [&](std::string_view line) { lines.emplace_back(line); });
    log.info("quiet");
    log.error("loud");
    log.set_level(LogLevel::debug);
    log.debug("detail");
    EXPECT_EQ(lines.size(), 2U);
}

}  // namespace
}  // namespace plimsoll
