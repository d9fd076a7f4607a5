#include "app/event_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRoom = std::size_t{1} << 20U;

model::Event named(const std::string& name) {
    model::Event event(1);
    event.set("container.name", name);
    return event;
}

TEST(EventQueue, HandsOverInOrder) {
    EventQueue queue(10, kRoom);
    EXPECT_TRUE(queue.put(named("a")));
    EXPECT_TRUE(queue.offer(named("b")));
    const auto taken = queue.take(0ms);
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].event.text("container.name"), "a");
    EXPECT_EQ(taken[1].event.text("container.name"), "b");
    EXPECT_TRUE(queue.take(0ms).empty());
}

TEST(EventQueue, WhenFullAnOfferIsRefusedAndAPutWaits) {
    EventQueue queue(1, kRoom);
    EXPECT_TRUE(queue.put(named("first")));
    EXPECT_FALSE(queue.offer(named("dropped by its source, which counts it")));
    std::jthread source([&] { EXPECT_TRUE(queue.put(named("second"))); });
    while (queue.waits() == 0) std::this_thread::yield();
    EXPECT_EQ(queue.take(0ms).front().event.text("container.name"), "first");
    source.join();
    EXPECT_EQ(queue.take(1s).front().event.text("container.name"), "second");
}

TEST(EventQueue, IsBoundedInBytesToo) {
    EventQueue queue(1000, 4096);
    EXPECT_TRUE(queue.offer(named(std::string(10'000, 'x'))));  // one always fits
    EXPECT_FALSE(queue.offer(named("y")));
}

TEST(EventQueue, WhatIsTakenAtATimeIsBounded) {
    EventQueue queue(10'000, std::size_t{64} << 20U);
    for (std::size_t i = 0; i <= EventQueue::kMostTaken; ++i) EXPECT_TRUE(queue.put(named("x")));
    EXPECT_EQ(queue.take(0ms).size(), EventQueue::kMostTaken);
    EXPECT_EQ(queue.take(0ms).size(), 1U);
}

TEST(EventQueue, StoppingWakesWhoeverWaits) {
    EventQueue queue(1, kRoom);
    EXPECT_TRUE(queue.put(named("first")));
    std::jthread source([&] { EXPECT_FALSE(queue.put(named("never taken"))); });
    std::jthread asker([&] { EXPECT_FALSE(queue.record(named("nor this"))); });
    while (queue.waits() < 2) std::this_thread::yield();
    queue.stop();
}

TEST(EventQueue, MemoryOfEventsThatWereTakenIsUsedAgain) {
    EventQueue queue(10, kRoom);
    std::vector<model::Event> spare;
    queue.take_spare(spare);
    EXPECT_TRUE(spare.empty());
    EXPECT_TRUE(queue.put(named("a")));
    queue.give_back(queue.take(0ms));
    queue.take_spare(spare);
    ASSERT_EQ(spare.size(), 1U);
    EXPECT_GT(spare.front().memory(), model::Event().memory());
}

TEST(EventQueue, SpareMemoryIsBounded) {
    EventQueue queue(100'000, std::size_t{1} << 30U);
    EXPECT_TRUE(queue.put(named(std::string(1'000'000, 'x'))));
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(queue.put(named("a")));
    for (auto taken = queue.take(0ms); !taken.empty(); taken = queue.take(0ms)) queue.give_back(std::move(taken));
    std::vector<model::Event> spare;
    queue.take_spare(spare);
    std::size_t bytes = 0;
    for (const model::Event& event : spare) bytes += event.memory();
    EXPECT_GT(spare.size(), 10U);
    EXPECT_LT(bytes, std::size_t{4} << 20U);
}

}  // namespace
}  // namespace plimsoll::app
