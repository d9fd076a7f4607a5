#include "report/record_text.h"

#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

using model::Event;

TEST(RecordText, ARecordsOwnSummaryGoesFirstAndIsMadeSafe) {
    Event event(0);
    event.set("record.kind", "event");
    event.set("record.summary", "web was killed \x1b[31m");
    EXPECT_EQ(one_line(event), "web was killed \\x1b[31m");
}

TEST(RecordText, WhatAProcessDidIsTold) {
    Event event(0);
    event.set("evt.type", "openat");
    event.set("proc.exepath", "/bin/cat");
    event.set("fd.name", "/etc/shadow");
    EXPECT_EQ(one_line(event), "openat /bin/cat: /etc/shadow");
    EXPECT_EQ(kind_text(event), "openat");
    EXPECT_EQ(subject_text(event), "-");
}

TEST(RecordText, WhatCouldNotBeReadIsShownWithItsReason) {
    Event event(0);
    event.set("record.malformed", "no JSON");
    event.set("record.raw", "{\xff");
    EXPECT_EQ(one_line(event), "unreadable (no JSON): {\\xff");
}

TEST(RecordText, JsonKeepsKeysListsBytesAndWhatIsUnknown) {
    Event event(1'763'434'800'000'000'042);
    const std::string names[] = {"a", "b"};
    event.set("record.kind", "event");
    event.set("container.name", "we\xff\"");
    event.set_keyed("docker.attributes", "signal", "9");
    event.set_keyed("docker.attributes", "exitCode", "137");
    event.set_list("alert.tags", names);
    event.set_real("usage.cpu", 12.5);
    event.unknown("user.name", "the engine does not say");
    event.set("exec.command", "caf\xc3\xa9 \x1b");
    const std::string line = json_line(event);
    EXPECT_TRUE(line.starts_with("{\"time\":\"2025-11-18T03:00:00.000000042Z\",")) << line;
    for (const char* part :
         {"\"container.name\":\"we\\\\xff\\\"\"", "\"docker.attributes\":{\"exitCode\":\"137\",\"signal\":\"9\"}",
          "\"alert.tags\":[\"a\",\"b\"]", "\"usage.cpu\":12.5", "\"exec.command\":\"caf\\u00e9 \\u001b\"",
          "\"unknown\":{\"user.name\":\"the engine does not say\"}"}) {
        EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
    }
}

TEST(RecordText, FieldsAsTextAndOnOneLine) {
    Event event(0);
    event.set_keyed("docker.attributes", "signal", "9");
    event.set("container.name", "a b");
    EXPECT_EQ(field_text(event, model::FieldKey("docker.attributes").id()), "signal=9");
    EXPECT_EQ(field_text(event, model::FieldKey("docker.attributes").id(), "signal"), "9");
    EXPECT_EQ(field_text(event, model::FieldKey("container.id").id()), "");
    EXPECT_EQ(field_line(event), "container.name=\"a b\" docker.attributes[signal]=9");
}

}  // namespace
}  // namespace plimsoll::report
