#include "source/engine/engine_event.h"

#include <gtest/gtest.h>

#include "source/engine/event_record.h"

namespace plimsoll::source {
namespace {

constexpr std::string_view kExec =
    R"({"status":"exec_create: sh -c echo hi","id":"54a0","from":"bb:1.0","Type":"container","Action":"exec_create: sh -c echo hi",)"
    R"("Actor":{"ID":"54a0","Attributes":{"execID":"b87b","image":"bb:1.0","name":"web","x":"y"}},"scope":"local",)"
    R"("time":1795242135,"timeNano":1795242135944934787})";

TEST(EngineEvent, DockersActionIsPartedFromWhatIsAppended) {
    const auto event = parse_engine_event(kExec);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->time, 1795242135944934787);
    EXPECT_EQ(event->action, "exec_create");
    EXPECT_EQ(event->detail, "sh -c echo hi");
    EXPECT_EQ(event->attribute("execID"), "b87b");
    EXPECT_EQ(event->container(), "54a0");
}

TEST(EngineEvent, PodmansWordsBecomeDockers) {
    const auto event = parse_engine_event(
        R"({"status":"died","id":"e7","Type":"container","Action":"died","Actor":{"ID":"e7","Attributes":{}},"time":1795242142})");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->action, "die");
    EXPECT_EQ(event->as_sent, "died");
    EXPECT_EQ(event->time, 1795242142 * kSecond);
}

TEST(EngineEvent, ANetworksEventBelongsToItsContainer) {
    const auto event = parse_engine_event(
        R"({"Type":"network","Action":"connect","Actor":{"ID":"be18","Attributes":{"container":"54a0"}},"timeNano":7})");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, "be18");
    EXPECT_EQ(event->container(), "54a0");
}

TEST(EngineEvent, WhatIsNoEventIsAnErrorThatSaysWhy) {
    for (const char* line : {"", "{", "[]", "{}", R"({"Type":"container","Action":"start"})",
                             R"({"Type":"container","Action":"start","timeNano":-5})"}) {
        const auto event = parse_engine_event(line);
        ASSERT_FALSE(event) << line;
        EXPECT_FALSE(event.error().message.empty());
    }
}

TEST(EngineEvent, TheLedgersRecordHasTheEventsFingerprint) {
    const auto event = parse_engine_event(kExec);
    ASSERT_TRUE(event);
    const auto record = container_record(*event, "docker", "gone");
    EXPECT_EQ(fingerprint(event_record(*event, record.get(), "unix:///x")), fingerprint(*event));
}

TEST(EngineEvent, OfAContainerThatIsGoneTheRestIsUnknown) {
    const auto event = parse_engine_event(kExec);
    ASSERT_TRUE(event);
    const auto container = container_record(*event, "docker", "it was gone");
    const model::Event record = event_record(*event, container.get(), "unix:///x");
    EXPECT_EQ(record.text("container.name"), "web");
    EXPECT_EQ(record.text("container.label", "x"), "y");
    const auto privileged = record.read(model::FieldKey("container.privileged").id(), {});
    EXPECT_EQ(privileged.state, model::Reading::State::unknown);
    EXPECT_EQ(privileged.reason, "it was gone");
}

}  // namespace
}  // namespace plimsoll::source
