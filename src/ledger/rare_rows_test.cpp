#include "ledger/rare_rows.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "ledger/planes.h"
#include "ledger/segment.h"
#include "ledger/test_events.h"

namespace plimsoll::ledger {
namespace {

TEST(RareRows, GivesTheRowsOfEachCodeThatFewRowsHave) {
    std::mt19937 random(7);
    for (const std::uint32_t codes : {1U, 2U, 15U, 16U, 17U, 700U, 5000U}) {
        RareRows rare;
        rare.grow(codes);
        std::map<std::uint16_t, std::vector<std::uint32_t>> expected;
        std::uint32_t next = 0;
        for (std::uint32_t row = 0; row < 20000; ++row) {
            const bool fresh = next < codes && (random() % 3 == 0 || next == 0);
            const std::uint32_t code = fresh ? next++ : static_cast<std::uint32_t>(random() % next);
            rare.note(static_cast<std::uint16_t>(code), row);
            expected[static_cast<std::uint16_t>(code)].push_back(row);
        }
        std::string chunk;
        const std::size_t size = rare.put(chunk);
        ASSERT_EQ(size, chunk.size());
        const RareRowsView view(chunk, codes);
        for (const auto& [code, rows] : expected) {
            std::vector<std::uint32_t> found;
            ASSERT_TRUE(view.rows(code, 20000, found));
            ASSERT_EQ(found, rows.size() <= RareRows::kMost ? rows : std::vector<std::uint32_t>()) << code;
        }
        std::vector<std::uint32_t> found;
        EXPECT_FALSE(view.rows(static_cast<std::uint16_t>(codes), 20000, found)) << "no such code";
        for (std::size_t cut = 0; cut < chunk.size() && cut < 9; ++cut)
            EXPECT_FALSE(RareRowsView(std::string_view(chunk).substr(0, cut), codes).rows(0, 20000, found) &&
                         !found.empty());
    }
}

TEST(RareRows, OneTimeIsReadWithoutTheOthers) {
    std::mt19937_64 random(11);
    for (const std::size_t count : {1U, 2U, 256U, 257U, 8192U}) {
        std::vector<std::uint64_t> times(count);
        std::uint64_t time = 1'763'000'000'000'000'000;
        for (std::uint64_t& one : times) one = time += random() % 20'000'000;
        std::string chunk;
        Packer().times(times, chunk);
        std::vector<std::uint64_t> back(count);
        ByteReader all(chunk);
        ASSERT_TRUE(Unpacker().numbers(all, back));
        EXPECT_EQ(all.left(), 0U);
        EXPECT_EQ(back, times);
        for (std::size_t i = 0; i < count; i += 1 + i / 7) {
            ByteReader in(chunk);
            std::uint64_t one = 0;
            ASSERT_TRUE(Unpacker::one_number(in, count, i, one));
            ASSERT_TRUE(in.ok());
            ASSERT_EQ(one, times[i]) << i << " of " << count;
        }
    }
}

TEST(RareRows, TimesThatStepBackOrComeInBurstsArePackedAsOtherNumbersAre) {
    std::vector<std::uint64_t> back = {5'000'000'000, 4'000'000'000, 4'000'000'001};
    std::vector<std::uint64_t> bursts(4096);
    for (std::size_t i = 0; i < bursts.size(); ++i)
        bursts[i] =
            i / 256 * 100 + (i % 256 == 128 ? 0 : i) + (i % 256 > 100 ? 60'000'000'000 : 0) + i / 256 * 60'000'000'000;
    for (const auto& times : {back, bursts}) {
        std::string chunk;
        Packer().times(times, chunk);
        std::vector<std::uint64_t> read(times.size());
        ByteReader in(chunk);
        ASSERT_TRUE(Unpacker().numbers(in, read));
        EXPECT_EQ(read, times);
    }
    std::string chunk;
    Packer().times(back, chunk);
    ByteReader in(chunk);
    std::uint64_t one = 0;
    EXPECT_FALSE(Unpacker::one_number(in, back.size(), 1, one));
}

TEST(RareRows, ASegmentListsTheRowsOfEveryRareValue) {
    FieldNumbers fields;
    RandomEvents random(3, true);
    SegmentBuilder builder(0, 3000, 500);
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(builder.add(encoded(random.next(), fields)));
    const auto segment = Segment::parse(builder.finish(fields, std::string(32, 'r'), {}));
    ASSERT_TRUE(segment);
    SegmentReader reader(*segment);
    const SegmentInfo& info = (*segment)->info();
    std::size_t listed = 0;
    for (std::size_t column = 0; column < info.columns.size(); ++column) {
        if (is_number(info.columns[column].wire)) continue;
        std::map<std::uint16_t, std::vector<std::uint32_t>> expected;
        for (std::size_t page = 0; page < info.pages.size(); ++page) {
            const auto codes = *reader.codes(column, page);
            for (std::uint32_t row = 0; row < codes.size(); ++row)
                if (codes[row] != kAbsent) expected[codes[row]].push_back(info.pages[page].first_row + row);
        }
        for (const auto& [code, rows] : expected) {
            std::uint64_t pages = 0;
            for (const std::uint32_t row : rows) pages |= std::uint64_t{1} << (row / 500);
            EXPECT_EQ(*reader.pages_of(column, code), pages);
            const auto found = reader.rows_of(column, code);
            ASSERT_TRUE(found);
            EXPECT_EQ(found->has_value(), rows.size() <= RareRows::kMost);
            EXPECT_EQ(found->value_or(rows), rows);
            listed += found->has_value() ? 1 : 0;
        }
    }
    EXPECT_GT(listed, 50U);
}

}  // namespace
}  // namespace plimsoll::ledger
