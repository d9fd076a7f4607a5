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

TEST(Event, WhatEventsShareKeepsItsNumberUntilItIsChanged) {
    Event process;
    process.set("proc.name", "sh");
    process.set("proc.cmdline", "sh -c secret");
    process.set_list("proc.aname", std::vector<std::string>{"a", "b"});
    process.unknown("container.image", "no engine has told of it");
    process.share();
    const auto number = [](const Event& event, FieldKey field) {
        for (const Event::Slot& slot : event.slots())
            if (slot.field == field.id()) return slot.same;
        return std::uint64_t{0};
    };
    Event one(1);
    one.set("evt.type", "openat");
    one.add(process);
    one.set("proc.cmdline", "sh -c ***");
    Event other(2);
    other.add(process);
    EXPECT_NE(number(one, "proc.name"), 0U);
    EXPECT_EQ(number(one, "proc.name"), number(other, "proc.name"));
    EXPECT_EQ(number(one, "container.image"), number(other, "container.image"));
    EXPECT_NE(number(one, "proc.name"), number(one, "proc.aname"));
    EXPECT_EQ(number(one, "proc.cmdline"), 0U);
    EXPECT_EQ(number(one, "evt.type"), 0U);
    EXPECT_EQ(number(one.clone(), "proc.aname"), number(one, "proc.aname"));
    one.unknown("proc.name", "gone");
    EXPECT_EQ(number(one, "proc.name"), 0U);
    Event third(3);
    for (const Event::Slot& slot : other.slots()) third.add(other, slot);
    EXPECT_EQ(number(third, "proc.cmdline"), number(other, "proc.cmdline"));
    EXPECT_EQ(third.text("proc.cmdline"), "sh -c secret");
    process.share();  // what it is now may be another
    EXPECT_NE(number(process, "proc.name"), number(other, "proc.name"));
}

TEST(Event, ItsMemoryIsUsedAgainAndDoesNotGrow) {
    Event event;
    std::size_t most = 0;
    for (int round = 0; round < 50; ++round) {
        event.clear(round);
        for (int i = 0; i < 20; ++i)
            event.set_keyed("container.label", "key" + std::to_string(i), std::string(300, 'x'));
        if (round == 5) most = event.memory();
    }
    EXPECT_EQ(event.memory(), most);
}

}  // namespace
}  // namespace plimsoll::model
