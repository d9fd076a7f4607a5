#include "model/event.h"

#include <gtest/gtest.h>

namespace plimsoll::model {
namespace {

std::string_view only_text(const Reading& reading) { return std::get<std::string_view>(reading.values.front()); }

TEST(Event, KeepsWhatASourceTellsInAnyOrder) {
    Event event(5 * kSecond + 7);
    {
        const std::string gone = "web";
        event.set("docker.action", "start");
        event.set("container.name", gone);
    }
    event.set_keyed("container.label", "tier", "front");
    event.set_keyed("container.label", "app", "shop");
    event.set_number("exec.exit_code", -1);
    event.set("container.name", "web-1");  // replaces

    EXPECT_EQ(event.text("container.name"), "web-1");
    EXPECT_EQ(event.text("container.label", "app"), "shop");
    EXPECT_EQ(event.integer("exec.exit_code"), -1);
    for (std::size_t i = 1; i < event.slots().size(); ++i) {
        EXPECT_LT(std::tie(event.slots()[i - 1].field, event.slots()[i - 1].key),
                  std::tie(event.slots()[i].field, event.slots()[i].key));
    }
}

TEST(Event, AFieldNobodySetIsAbsentAndAnUnknownOneSaysWhy) {
    Event event;
    event.unknown("user.name", "the engine does not say who asked");
    EXPECT_EQ(event.read(FieldKey("container.name").id(), {}).state, Reading::State::absent);
    EXPECT_EQ(event.read(FieldKey("container.label").id(), "app").state, Reading::State::absent);
    EXPECT_EQ(event.read(FieldKey("user.name").id(), {}).reason, "the engine does not say who asked");
}

TEST(Event, TellsItsTimeInFalcosForms) {
    const Event event(1'763'434'800'000'000'042);
    EXPECT_EQ(std::get<std::uint64_t>(event.read(FieldKey("evt.rawtime").id(), {}).values.front()),
              1'763'434'800'000'000'042U);
    EXPECT_EQ(only_text(event.read(FieldKey("evt.time.iso8601").id(), {})), "2025-11-18T03:00:00.000000042+0000");
}

TEST(Event, AMovedOrClonedEventKeepsItsText) {
    Event event(1);
    for (int i = 0; i < 200; ++i) event.set_keyed("container.label", "key" + std::to_string(i), std::string(20, 'x'));
    Event clone = event.clone();
    const Event moved = std::move(event);
    clone.set_keyed("container.label", "key7", "changed");
    EXPECT_EQ(moved.text("container.label", "key7"), std::string(20, 'x'));
    EXPECT_EQ(clone.text("container.label", "key7"), "changed");
    EXPECT_EQ(clone.slots().size(), 200U);
}

TEST(Event, TakesOverWhatItHasNot) {
    Event process;
    process.set("proc.name", "sh");
    process.set("container.name", "of the process");
    process.unknown("container.image", "no engine has told of it");
    for (int i = 0; i < 50; ++i) process.set_keyed("container.label", "key" + std::to_string(i), std::string(40, 'x'));
    Event event(5);
    event.set("container.name", "of the event");
    event.set("evt.type", "openat");
    event.set_number("proc.pid", 7);
    event.add(process);
    process.clear();
    EXPECT_EQ(event.text("container.name"), "of the event");
    EXPECT_EQ(event.text("evt.type"), "openat");
    EXPECT_EQ(event.text("proc.name"), "sh");
    EXPECT_EQ(event.text("container.label", "key49"), std::string(40, 'x'));
    EXPECT_EQ(event.read(FieldKey("container.image").id(), {}).reason, "no engine has told of it");
    EXPECT_EQ(event.slots().size(), 55U);
    for (std::size_t i = 1; i < event.slots().size(); ++i) {
        EXPECT_LT(std::tie(event.slots()[i - 1].field, event.slots()[i - 1].key),
                  std::tie(event.slots()[i].field, event.slots()[i].key));
    }
}

}  // namespace
}  // namespace plimsoll::model
