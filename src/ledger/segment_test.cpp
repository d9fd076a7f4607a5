#include "ledger/segment.h"

#include <gmock/gmock.h>

#include "ledger/planes.h"
#include "ledger/test_events.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

namespace {

using model::Event;

const std::string kRoot(32, 'r');

struct Made {
    FieldNumbers fields;
    std::vector<std::string> rows;
    std::string file;
};

/// A segment of random events.
Made make(unsigned seed, std::size_t count, std::uint32_t page_rows, bool narrow) {
    Made made;
    RandomEvents random(seed, narrow);
    SegmentBuilder builder(1000, static_cast<std::uint32_t>(count), page_rows);
    for (std::size_t i = 0; i < count; ++i) {
        made.rows.push_back(encoded(random.next(), made.fields));
        check(builder.add(made.rows.back()).has_value());
    }
    made.file = builder.finish(made.fields, kRoot, "frontier");
    return made;
}

std::vector<std::string> all_rows(const std::shared_ptr<const Segment>& segment) {
    SegmentReader reader(segment);
    std::vector<std::string> rows;
    for (std::size_t page = 0; page < segment->info().pages.size(); ++page) {
        std::string bytes;
        std::vector<std::uint32_t> ends;
        check(reader.rows(page, bytes, ends).has_value());
        std::uint32_t begin = 0;
        for (const std::uint32_t end : ends) {
            rows.push_back(bytes.substr(begin, end - begin));
            begin = end;
        }
    }
    return rows;
}

TEST(Segment, GivesBackEveryRowAsItWas) {
    for (const bool narrow : {false, true}) {
        for (unsigned seed = 0; seed < 20; ++seed) {
            const Made made = make(seed, 50 + seed * 40, seed % 2 == 0 ? 64 : 1000, narrow);
            const auto segment = Segment::parse(made.file);
            ASSERT_TRUE(segment) << segment.error().message;
            ASSERT_EQ(all_rows(*segment), made.rows) << "seed " << seed;
            SegmentReader reader(*segment);
            for (std::uint32_t row = 0; row < made.rows.size(); row += 7) {
                ASSERT_EQ(reader.row(row).value(), made.rows[row]);
                Event event;
                Event expected;
                ASSERT_TRUE(reader.event(row, event));
                ASSERT_TRUE(decode_row(made.rows[row], made.fields, expected));
                ASSERT_EQ(described(event), described(expected));
            }
            EXPECT_TRUE((*segment)->body_is_intact());
        }
    }
}

TEST(Segment, SaysWhatItHolds) {
    const Made made = make(1, 300, 100, true);
    const auto segment = Segment::parse(made.file);
    ASSERT_TRUE(segment);
    const SegmentInfo& info = (*segment)->info();
    EXPECT_EQ(info.first, 1000U);
    EXPECT_EQ(info.rows, 300U);
    EXPECT_EQ(info.root, kRoot);
    EXPECT_EQ(info.frontier, "frontier");
    EXPECT_EQ(info.pages.size(), 3U);
    EXPECT_EQ(info.fields.entries().size(), made.fields.entries().size());
    Nanoseconds least = std::numeric_limits<Nanoseconds>::max();
    for (const std::string& row : made.rows) least = std::min(least, row_time(row));
    EXPECT_EQ(info.min_time, least);
}

TEST(Segment, FindsARareValueWithoutLookingAtTheRest) {
    FieldNumbers fields;
    SegmentBuilder builder(0, 1000, 100);
    for (int i = 0; i < 1000; ++i) {
        Event event(i);
        event.set("proc.name", i == 777 ? "rare" : "tool-" + std::to_string(i % 200));
        event.set("container.name", "c" + std::to_string(i % 200 / 10));
        event.set_number("proc.pid", i);
        ASSERT_TRUE(builder.add(encoded(event, fields)));
    }
    const auto segment = Segment::parse(builder.finish(fields, kRoot, {}));
    ASSERT_TRUE(segment);
    SegmentReader reader(*segment);
    const auto name = (*segment)->column(*fields.number(model::FieldKey("proc.name").id()), Wire::text);
    ASSERT_TRUE(name);
    const auto code = reader.find(*name, "rare");
    ASSERT_TRUE(code && *code);
    EXPECT_EQ(reader.pages_of(*name, **code).value(), 1U << 7U);
    const auto codes = reader.codes(*name, 7);
    ASSERT_TRUE(codes);
    EXPECT_EQ((*codes)[77], **code);
    EXPECT_EQ(reader.find(*name, "nowhere").value(), std::nullopt);
    const auto pid = (*segment)->column(*fields.number(model::FieldKey("proc.pid").id()), Wire::i64);
    ASSERT_TRUE(pid);
    EXPECT_EQ((*segment)->info().columns[*pid].max_bits, 999U);
}

TEST(Segment, WhatAnotherColumnForetellsTakesNoRoom) {
    const auto size = [](bool determined) {
        FieldNumbers fields;
        SegmentBuilder builder(0);
        std::mt19937 random(1);
        for (int i = 0; i < 8192; ++i) {
            const auto container = random() % 500;
            Event event(i);
            event.set("container.id", "id-" + std::to_string(container));
            event.set("container.image", "image-" + std::to_string((determined ? container : random()) % 40));
            check(builder.add(encoded(event, fields)).has_value());
        }
        return builder.finish(fields, kRoot, {}).size();
    };
    EXPECT_LT(size(true) + 4000, size(false));
}

TEST(Segment, AnyChangedByteIsNoticedOrHarmless) {
    const Made made = make(3, 200, 64, true);
    std::mt19937 random(5);
    int intact = 0;
    for (int n = 0; n < 3000; ++n) {
        std::string file = made.file;
        const std::size_t at = random() % file.size();
        file[at] = static_cast<char>(file[at] ^ (1U << random() % 8));
        const auto segment = Segment::parse(file);
        if (!segment) continue;
        intact += (*segment)->body_is_intact() ? 1 : 0;
        SegmentReader reader(*segment);
        for (std::size_t page = 0; page < (*segment)->info().pages.size(); ++page) {
            std::string bytes;
            std::vector<std::uint32_t> ends;
            static_cast<void>(reader.rows(page, bytes, ends));  // must not crash
        }
    }
    EXPECT_EQ(intact, 0);
}

TEST(Segment, ACutFileIsRefused) {
    const Made made = make(4, 100, 64, true);
    for (std::size_t size = 0; size < made.file.size(); size += 11) {
        EXPECT_FALSE(Segment::parse(made.file.substr(0, size)));
    }
}

TEST(Segment, IsFullWhenADictionaryIs) {
    FieldNumbers fields;
    SegmentBuilder builder(0);
    for (int i = 0; i < 65534; ++i) {
        ASSERT_FALSE(builder.full());
        Event event(i);
        event.set("proc.args", std::to_string(i));
        ASSERT_TRUE(builder.add(encoded(event, fields)));
    }
    EXPECT_TRUE(builder.full());
    const auto segment = Segment::parse(builder.finish(fields, kRoot, {}));
    ASSERT_TRUE(segment);
    SegmentReader reader(*segment);
    EXPECT_THAT(reader.row(65533).value(), testing::HasSubstr("65533"));
}

TEST(Segment, BuilderBeginsAnew) {
    FieldNumbers fields;
    SegmentBuilder builder(0, 100, 30);
    RandomEvents random(9, true);
    for (int round = 0; round < 4; ++round) {
        std::vector<std::string> rows;
        for (int i = 0; i < 100; ++i) {
            rows.push_back(encoded(random.next(), fields));
            ASSERT_TRUE(builder.add(rows.back()));
        }
        const auto segment = Segment::parse(builder.finish(fields, kRoot, {}));
        ASSERT_TRUE(segment) << segment.error().message;
        EXPECT_EQ(all_rows(*segment), rows);
        builder.reset(static_cast<RecordNumber>(round + 1) * 100);
    }
}

TEST(Segment, NamesGoBothWays) {
    EXPECT_EQ(segment_name(65536), "0000000000065536.seg");
    EXPECT_EQ(parse_segment_name("0000000000065536.seg"), 65536U);
    EXPECT_EQ(parse_segment_name("0000000000065536.seg.tmp"), std::nullopt);
    EXPECT_EQ(parse_segment_name("x.seg"), std::nullopt);
}

}  // namespace

}  // namespace plimsoll::ledger
