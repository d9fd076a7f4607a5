#include "audit/text/told_before.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace plimsoll::audit {
namespace {

TEST(ToldBefore, KnowsAnEndingByItsTypeItsTextAndWhatAuditdAppended) {
    const auto told = std::make_unique<ToldBefore>();
    const std::string raw = "auid=0 uid=0 comm=\"x\"";
    ASSERT_TRUE(ToldBefore::fits(raw, ""));
    EXPECT_EQ(told->find(1300, raw, "").data(), nullptr);
    told->keep(1300, raw, "AUID=\"root\"", "auid=root uid=root comm=x");
    EXPECT_EQ(told->find(1300, raw, "AUID=\"root\""), "auid=root uid=root comm=x");
    EXPECT_EQ(told->find(1300, raw, "AUID=\"ro0t\"").data(), nullptr);
    EXPECT_EQ(told->find(1302, raw, "AUID=\"root\"").data(), nullptr);
    EXPECT_EQ(told->find(1300, "auid=0 uid=0 comm=\"y\"", "AUID=\"root\"").data(), nullptr);
    told->keep(1300, "proctitle=000000000000", "", "");  // what means nothing is known, too
    EXPECT_NE(told->find(1300, "proctitle=000000000000", "").data(), nullptr);
}

TEST(ToldBefore, StaysSmallWhateverItIsTold) {
    const auto told = std::make_unique<ToldBefore>();
    EXPECT_FALSE(ToldBefore::fits("short", ""));
    EXPECT_FALSE(ToldBefore::fits(std::string(2000, 'x'), ""));
    EXPECT_FALSE(ToldBefore::fits(std::string(20, 'x'), std::string(2000, 'x')));
    const std::string raw(1000, 'x');
    told->keep(1300, raw, "", std::string(5000, 'y'));
    EXPECT_EQ(told->find(1300, raw, "").data(), nullptr);
    // Newer endings take the places of older ones, and each is told as it is
    const auto ending = [](int number) { return "ending of a process " + std::to_string(number); };
    for (int i = 0; i < 20'000; ++i) told->keep(1300, ending(i), "", "means " + std::to_string(i));
    int known = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string_view text = told->find(1300, ending(i), "");
        if (text.data() == nullptr) continue;
        ++known;
        EXPECT_EQ(text, "means " + std::to_string(i));
    }
    EXPECT_GT(known, 500);
    EXPECT_LE(known, 2048);
}

}  // namespace
}  // namespace plimsoll::audit
