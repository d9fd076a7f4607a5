#include "ledger/row.h"

#include <gmock/gmock.h>

#include <limits>

#include "ledger/crc32c.h"
#include "ledger/test_events.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

namespace {

using model::Event;

TEST(Row, GivesBackEveryKindOfValue) {
    FieldNumbers fields;
    Event event(1'763'000'000'123'456'789);
    event.set("container.name", "web");
    event.set("container.id", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    event.set("container.privileged", true);
    event.set_number("evt.rawres", -13);
    event.set_unsigned("usage.memory", std::numeric_limits<std::uint64_t>::max());
    event.set_real("usage.cpu", 12.5);
    event.set("record.raw", std::string_view("\0\xff raw", 6));
    event.set_list("change.paths", std::vector<std::string>{"a", "b", ""});
    event.set_list("alert.tags", {});
    event.set_keyed("docker.attributes", "signal", "9");
    event.set_keyed("docker.attributes", "exitCode", "137");
    event.unknown("container.user", "permission denied");
    model::Ip six{.v6 = true};
    six.bytes[15] = 1;
    event.put(model::FieldKey("fd.sip").id(), {}, six);
    event.put(model::FieldKey("fd.snet").id(), {}, model::Net{.address = {.bytes = {10, 1}}, .bits = 16});

    const std::string row = encoded(event, fields);
    Event back;
    ASSERT_TRUE(decode_row(row, fields, back));
    EXPECT_EQ(described(back), described(event));
    EXPECT_EQ(encoded(back, fields), row);
}

TEST(Row, AnyEventSurvivesAnyTableOfNumbers) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        FieldNumbers fields;
        RandomEvents random(seed);
        for (int i = 0; i < 5; ++i) {
            const Event event = random.next();
            const std::string row = encoded(event, fields);
            Event back;
            ASSERT_TRUE(decode_row(row, fields, back));
            ASSERT_EQ(described(back), described(event)) << "seed " << seed;
            ASSERT_EQ(encoded(back, fields), row);
        }
    }
}

/// That reading the row gives just these.
void expect_parts(std::string_view row, const std::vector<RowField>& parts) {
    RowReader reader(row);
    std::size_t n = 0;
    for (RowField field; reader.next(field); ++n) {
        ASSERT_LT(n, parts.size());
        ASSERT_EQ(parts[n].number, field.number);
        ASSERT_EQ(parts[n].wire, field.wire);
        if (is_number(field.wire)) {
            ASSERT_EQ(parts[n].bits, field.bits);
        } else {
            ASSERT_EQ(parts[n].bytes, field.bytes);
        }
    }
    ASSERT_TRUE(reader.complete());
    ASSERT_EQ(n, parts.size());
}

TEST(Row, EncodingSaysTheSamePartsAsReading) {
    FieldNumbers fields;
    RandomEvents random(23);
    for (int i = 0; i < 500; ++i) {
        const Event event = random.next();
        const std::string row = encoded(event, fields);
        std::string again = "before";
        std::vector<RowField> parts;
        ASSERT_TRUE(encode_row(event, fields, again, &parts));
        ASSERT_EQ(again.substr(6), row);
        expect_parts(row, parts);
    }
}

TEST(Row, WhatEventsShareIsEncodedAsEverywhere) {
    FieldNumbers fields;
    RandomEvents random(29);
    std::vector<Event> parts_of_events;
    for (int i = 0; i < 40; ++i) {
        parts_of_events.push_back(random.next());
        parts_of_events.back().share();
    }
    std::vector<Event> events;
    for (std::size_t i = 0; i < 2000; ++i) {
        Event event = random.next();
        event.add(parts_of_events[i * 7 % parts_of_events.size()]);
        if (i % 5 == 0 && !event.slots().empty()) {  // one that is changed afterwards
            const Event::Slot slot = event.slots()[i % event.slots().size()];
            event.put_unknown(slot.field, std::string(slot.key), "changed");
        }
        events.push_back(std::move(event));
    }
    for (const Event& event : events) static_cast<void>(encoded(event, fields));  // every field has its number
    RowEncoder encoder(fields);
    std::string row;
    std::vector<RowField> parts;
    for (const Event& event : events) {
        const std::string expected = encoded(event, fields);
        row.assign("before");
        ASSERT_TRUE(encoder.encode(event, row, parts));
        ASSERT_EQ(row.substr(6), expected);
        expect_parts(expected, parts);
    }
}

TEST(Row, IdsTakeHalfTheirLength) {
    FieldNumbers fields;
    Event id(0);
    id.set("container.id", std::string(64, 'a'));
    Event text(0);
    text.set("container.id", std::string(63, 'a').append("A"));
    EXPECT_EQ(encoded(text, fields).size() - encoded(id, fields).size(), 32U);
}

TEST(Row, TheNumberIsNotStored) {
    FieldNumbers fields;
    Event plain(7);
    Event numbered(7);
    numbered.set_unsigned("record.number", 12);
    EXPECT_EQ(encoded(numbered, fields), encoded(plain, fields));
}

TEST(Row, AFieldThatThisBuildDoesNotKnowStaysReadable) {
    FieldNumbers fields;
    ASSERT_TRUE(fields.add(fields.next(), "future.field", "string"));
    std::string row;
    append_fixed<Nanoseconds>(row, 5);
    append_field(row, {.number = 4, .wire = Wire::text, .bytes = "hello"});

    Event event;
    ASSERT_TRUE(decode_row(row, fields, event));
    EXPECT_TRUE(event.slots().empty());
    RowReader reader(row);
    RowField field;
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(fields.find(field.number)->name, "future.field");
    EXPECT_EQ(field.bytes, "hello");
}

TEST(Row, LearnsAssignmentsFromTheirRecords) {
    FieldNumbers fields;
    const std::string row = encode_field_row(3, {.number = 4, .name = "proc.name", .type = "string", .id = {}});
    ASSERT_TRUE(fields.learn(row));
    EXPECT_EQ(fields.number(model::FieldKey("proc.name").id()), 4);
    EXPECT_TRUE(fields.learn(row)) << "saying it again is no fault";
    EXPECT_FALSE(fields.learn(encode_field_row(3, {.number = 4, .name = "proc.exe", .type = "string", .id = {}})));
    EXPECT_FALSE(fields.learn(encode_field_row(3, {.number = 9, .name = "proc.exe", .type = "string", .id = {}})));
}

TEST(Row, MalformedRowsAreRefused) {
    const std::string time(8, '\0');
    Event event;
    const FieldNumbers fields;
    for (const std::string& bad : {
             std::string("short"), time + "\x04",                                     // nothing behind the tag
             time + "\x04\x05" + "abc",                                               // text shorter than its length
             time + std::string("\x10\x80\x00", 3),                                   // a varint longer than needed
             time + std::string("\x13\x02", 2),                                       // neither true nor false
             time + "\x14\x01" + "a" + "\x04\x01" + "b",                              // fields out of order
             time + "\x04\x01" + "a" + "\x04\x01" + "b",                              // the same field twice
             time + "\x0f\x01",                                                       // no such wire
             time + std::string("\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),  // an enormous length
         }) {
        EXPECT_FALSE(decode_row(bad, fields, event)) << testing::PrintToString(bad);
    }
}

TEST(Crc32c, AgreesWithTheStandardAndWithItself) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c_table("123456789"), 0xe3069283U);
    std::string bytes;
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(crc32c(bytes), crc32c_table(bytes));
        EXPECT_EQ(crc32c(std::string_view(bytes).substr(bytes.size() / 3),
                         crc32c(std::string_view(bytes).substr(0, bytes.size() / 3))),
                  crc32c(bytes));
        bytes += static_cast<char>(i * 37);
    }
}

}  // namespace

}  // namespace plimsoll::ledger
