#include "sensor/raw_event.h"

#include <cstring>

#include <gmock/gmock.h>

#include "sensor/test_events.h"

namespace plimsoll::sensor {
namespace {

/// The event's bytes, to be spoiled.
std::vector<std::uint64_t> copy(TestEvent& event) {
    const auto bytes = event.bytes();
    std::vector<std::uint64_t> out((bytes.size() + 7) / 8);
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
}

bool parses(const std::vector<std::uint64_t>& words, RawEvent& out) {
    return parse(std::as_bytes(std::span(words)), out);
}

TEST(RawEvent, ItsBlocksAndStringsAreFound) {
    TestEvent event(WIRE_CALL);
    event.of(10, 100).call(257, 3).arguments({1, 2}).file("/etc/passwd").text(WIRE_NAME, "passwd").text(WIRE_DATA, "");
    const RawEvent raw = event.raw();
    EXPECT_EQ(raw.head->pid, 10U);
    EXPECT_EQ(raw.task, nullptr);
    ASSERT_NE(raw.file, nullptr);
    EXPECT_EQ(raw.file->inode, 4711U);
    EXPECT_EQ(raw.arguments->value[1], 2U);
    EXPECT_EQ(raw.string(WIRE_PATH), "/etc/passwd");
    EXPECT_EQ(raw.string(WIRE_NAME), "passwd");
    EXPECT_TRUE(raw.has(WIRE_DATA));
    EXPECT_FALSE(raw.has(WIRE_CWD));
    EXPECT_TRUE(raw.has(WIRE_HOST));
}

TEST(RawEvent, BytesThatAreNoEventAreRefused) {
    TestEvent event(WIRE_CALL);
    event.arguments({1}).text(WIRE_NAME, "passwd");
    RawEvent out;
    const auto whole = copy(event);
    ASSERT_TRUE(parses(whole, out));
    for (std::size_t words = 0; words < whole.size(); ++words)  // cut off anywhere
        EXPECT_FALSE(parses({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(words)}, out)) << words;

    const auto spoiled = [&](auto spoil) {
        auto words = whole;
        spoil(*reinterpret_cast<WireEvent*>(words.data()), words);
        return parses(words, out);
    };
    EXPECT_TRUE(spoiled([](WireEvent&, auto&) {}));
    EXPECT_FALSE(spoiled([](WireEvent& head, auto&) { head.kind = 0; }));
    EXPECT_FALSE(spoiled([](WireEvent& head, auto&) { head.kind = 200; }));
    EXPECT_FALSE(spoiled([](WireEvent& head, auto&) { head.size += 8; }));
    EXPECT_FALSE(spoiled([](WireEvent& head, auto&) { head.size = 71; }));
    EXPECT_FALSE(spoiled([](WireEvent& head, auto&) { head.parts |= WIRE_HAS_CREDENTIALS; }));
    const auto string = [](auto& words) { return reinterpret_cast<WireString*>(words.data() + (72 + 48) / 8); };
    EXPECT_FALSE(spoiled([&](WireEvent&, auto& words) { string(words)->length = 9; }));
    EXPECT_FALSE(spoiled([&](WireEvent&, auto& words) { string(words)->length = UINT32_MAX; }));
    EXPECT_FALSE(spoiled([&](WireEvent&, auto& words) { string(words)->tag = 0; }));
    EXPECT_FALSE(spoiled([&](WireEvent&, auto& words) { string(words)->tag = 1000; }));
}

}  // namespace
}  // namespace plimsoll::sensor
