#include "enrich/recent.h"

#include <gtest/gtest.h>

#include "enrich/image_seen.h"

namespace plimsoll::enrich {
namespace {

constexpr Nanoseconds kBegin = 1'790'000'000 * kSecond;

model::Event event(Nanoseconds time, const char* action, const char* container) {
    model::Event out(time);
    out.set("record.kind", "event");
    out.set("docker.type", "container");
    out.set("docker.action", action);
    out.set("container.name", container);
    out.set("container.image", "app:1");
    out.set("container.image.id", "11");
    return out;
}

TEST(Recent, CountsAMinuteOfTheHostAndTenOfTheContainer) {
    Recent recent;
    std::pair<std::uint64_t, std::uint64_t> last;
    const auto see = [&](Nanoseconds seconds, const char* action, const char* container) {
        model::Event one = event(kBegin + seconds * kSecond, action, container);
        recent.enrich(one);
        last = {one.number("recent.host"), one.number("recent.container")};
    };
    see(0, "die", "web");
    see(1, "die", "db");
    EXPECT_EQ(last, std::pair(2UL, 1UL));
    see(2, "start", "web");
    EXPECT_EQ(last, std::pair(1UL, 1UL)) << "another action";
    see(120, "die", "web");
    EXPECT_EQ(last, std::pair(1UL, 2UL)) << "the minute passed, the ten minutes did not";
    see(1000, "die", "web");
    EXPECT_EQ(last, std::pair(1UL, 1UL));
    see(990, "die", "web");
    EXPECT_EQ(last, std::pair(1UL, 1UL)) << "told late, counted in its own time";
}

TEST(Recent, EndsWithExitCode0AreCountedApart) {
    Recent recent;
    const auto die = [&recent](const char* code) {
        model::Event one = event(kBegin, "die", "job");
        one.set_keyed("docker.attributes", "exitCode", code);
        recent.enrich(one);
        return std::pair(one.number("recent.host"), one.number("recent.container"));
    };
    EXPECT_EQ(die("0"), std::pair(1UL, 1UL));
    EXPECT_EQ(die("1"), std::pair(1UL, 1UL));
    EXPECT_EQ(die("0"), std::pair(2UL, 2UL));
    EXPECT_EQ(die("137"), std::pair(2UL, 2UL));
}

TEST(Recent, MemoryIsBounded) {
    Recent recent;
    for (int i = 0; i < 10'000; ++i) {
        model::Event one = event(kBegin + i * kSecond, "start", ("c" + std::to_string(i)).c_str());
        recent.enrich(one);
        ASSERT_EQ(one.number("recent.container"), 1U);
    }
}

TEST(ImageSeen, NewUntilAContainerOfItStarted) {
    ImageSeen seen({image_key("22", "known:1")});
    const auto is_new = [&seen](const char* action) {
        model::Event one = event(kBegin, action, "web");
        seen.enrich(one);
        return one.is_true("container.image.new");
    };
    EXPECT_TRUE(is_new("create"));
    EXPECT_TRUE(is_new("start"));
    EXPECT_FALSE(is_new("create"));
    EXPECT_FALSE(is_new("start"));
    model::Event found = event(kBegin, "found", "old");
    found.set("container.image.id", "33");
    seen.enrich(found);
    EXPECT_FALSE(found.has("container.image.new"));
    model::Event again = event(kBegin, "start", "second");
    again.set("container.image.id", "33");
    seen.enrich(again);
    EXPECT_FALSE(again.is_true("container.image.new")) << "its image was here before the ledger";
    model::Event known = event(kBegin, "start", "web");
    known.set("container.image", "known:1");
    known.set("container.image.id", "22");
    seen.enrich(known);
    EXPECT_TRUE(known.has("container.image.new"));
    EXPECT_FALSE(known.is_true("container.image.new"));
}

}  // namespace
}  // namespace plimsoll::enrich
