#include "audit/assembler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll::audit {
namespace {

/// Writes events down: "serial: types [! when not complete] [+duplicates]".
class Diary final : public EventHandler {
public:
    void event(const LogEvent& event) override {
        std::string entry = std::to_string(event.id.serial) + ":";
        for (const Record& record : event.records) entry += " " + std::to_string(record.type);
        if (!event.complete) entry += " !";
        if (event.duplicates > 0) entry += " +" + std::to_string(event.duplicates);
        entries.push_back(entry);
    }
    std::vector<std::string> entries;
};

class AssemblerTest : public testing::Test {
protected:
    void start(const AssemblerLimits& limits) { assembler_ = std::make_unique<Assembler>(diary_, limits); }

    /// Adds a record whose text is gone when the call ends.
    void add(unsigned type, unsigned serial, std::string_view body, std::int64_t at = 1'000'000,
             std::string_view node = {}) {
        std::string line(body);
        Record record{.type = type, .id = {node, at, serial}, .body = line, .enriched = {}, .line = line};
        assembler_->add(record);
        line.assign(line.size(), '#');
    }

    using Entries = std::vector<std::string>;
    Diary diary_;
    std::unique_ptr<Assembler> assembler_ = std::make_unique<Assembler>(diary_);
};

TEST_F(AssemblerTest, EndsAnEventAtItsEoe) {
    add(1300, 1, "a");
    add(1300, 2, "a");
    add(1302, 1, "b");
    add(1320, 1, "");
    EXPECT_EQ(diary_.entries, Entries{"1: 1300 1302"});
    add(1327, 2, "t");
    add(1320, 2, "");
    EXPECT_EQ(diary_.entries.back(), "2: 1300 1327");
    EXPECT_EQ(assembler_->counts().events, 2U);
    EXPECT_EQ(assembler_->counts().late, 0U);
}

TEST_F(AssemblerTest, EndsUserRecordsAtOnce) {
    add(1112, 5, "login");
    EXPECT_EQ(diary_.entries, Entries{"5: 1112"});
}

TEST_F(AssemblerTest, TellsEventsOfOneSerialApartByTimeAndNode) {
    add(1300, 1, "a", 1'000'000);
    add(1300, 1, "a", 1'000'001);
    add(1300, 1, "a", 1'000'000, "web");
    assembler_->flush();
    EXPECT_EQ(diary_.entries.size(), 3U);
}

TEST_F(AssemblerTest, EndsAnEventAfterTheTimeOutOfTheRecords) {
    add(1300, 1, "a", 1'000'000);
    add(1300, 2, "a", 1'001'500);
    add(1302, 1, "news", 1'000'000);
    add(1300, 3, "a", 1'003'400);
    EXPECT_EQ(diary_.entries, Entries{});
    add(1300, 4, "a", 1'003'600);
    EXPECT_EQ(diary_.entries, (Entries{"2: 1300 !", "1: 1300 1302 !"}));
    add(1302, 1, "late", 1'000'000);
    EXPECT_EQ(assembler_->counts().late, 1U);
}

TEST_F(AssemblerTest, EndsAnEventAfterTheTimeOutOfAClock) {
    assembler_->tick(50'000);
    add(1300, 1, "a");
    assembler_->tick(51'000);
    EXPECT_EQ(diary_.entries, Entries{});
    add(1300, 2, "a");
    assembler_->tick(52'500);
    EXPECT_EQ(diary_.entries, Entries{"1: 1300 !"});
}

TEST_F(AssemblerTest, DropsEqualLinesAndCountsThem) {
    for (int twice = 0; twice < 2; ++twice) {
        add(1300, 1, "a");
        add(1302, 1, "item=0");
        add(1302, 1, "item=1");
    }
    assembler_->flush();
    EXPECT_EQ(diary_.entries, Entries{"1: 1300 1302 1302 ! +3"});
    EXPECT_EQ(assembler_->counts().duplicates, 3U);
}

TEST_F(AssemblerTest, CountsEventsThatLackARecord) {
    start({.linger = true});
    add(1300, 1, "whole");
    add(1327, 1, "title");
    add(1300, 2, "no title");
    add(1302, 3, "path alone");
    add(1305, 4, "configuration changes may stand alone");
    assembler_->flush();
    EXPECT_EQ(diary_.entries, (Entries{"1: 1300 1327", "2: 1300 !", "3: 1302 !", "4: 1305 !"}));
    EXPECT_EQ(assembler_->counts().incomplete, 2U);
}

TEST_F(AssemblerTest, DoesNotMissTitlesInALogWithoutThem) {
    start({.linger = true});
    add(1300, 1, "a");
    assembler_->flush();
    EXPECT_EQ(assembler_->counts().incomplete, 0U);
}

TEST_F(AssemblerTest, LingersForLinesInDisorder) {
    start({.linger = true});
    add(1327, 2, "t", 1'000'000);
    add(1327, 1, "t", 1'000'000);
    add(1112, 9, "login", 9'000'000);
    add(1112, 9, "login", 9'000'000);
    add(1300, 1, "a", 1'000'000);
    add(1300, 2, "a", 1'000'000);
    EXPECT_EQ(diary_.entries, Entries{});
    assembler_->flush();
    EXPECT_EQ(diary_.entries, (Entries{"2: 1327 1300", "1: 1327 1300", "9: 1112 +1"}));
}

TEST_F(AssemblerTest, KeepsToItsLimits) {
    start({.open_events = 2, .linger = true});
    add(1300, 1, "a");
    add(1300, 2, "a");
    add(1300, 3, "a");
    EXPECT_EQ(diary_.entries, Entries{"1: 1300 !"});
    start({.open_bytes = 100, .linger = true});
    add(1300, 4, std::string(80, 'a'));
    add(1300, 5, std::string(80, 'a'));
    EXPECT_EQ(diary_.entries.back(), "4: 1300 !");
    start({.records = 2});
    add(1302, 6, "1");
    add(1302, 6, "2");
    add(1302, 6, "3");
    EXPECT_EQ(diary_.entries.back(), "6: 1302 1302 !");
    add(1320, 6, "");
    EXPECT_EQ(diary_.entries.back(), "6: 1302 !");
    EXPECT_EQ(assembler_->counts().late, 1U);
}

TEST_F(AssemblerTest, KeepsTheTextOfManyLargeRecords) {
    class Check final : public EventHandler {
    public:
        void event(const LogEvent& event) override {
            ASSERT_EQ(event.records.size(), 300U);
            for (std::size_t i = 0; i < event.records.size(); ++i)
                EXPECT_EQ(event.records[i].body, std::string(i * 40, static_cast<char>('a' + i % 26)));
        }
    } handler;
    Assembler assembler(handler);
    for (std::size_t i = 0; i < 300; ++i) {
        std::string line(i * 40, static_cast<char>('a' + i % 26));
        assembler.add({.type = 1309, .id = {"", 1, 1}, .body = line, .enriched = {}, .line = line});
        line.assign(line.size(), '#');
    }
    assembler.flush();
    EXPECT_EQ(assembler.counts().events, 1U);
}

}  // namespace
}  // namespace plimsoll::audit
