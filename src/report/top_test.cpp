#include "report/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace plimsoll::report {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

constexpr Nanoseconds kBegin = 1'795'000'000 * kSecond;

model::Event sample(std::string_view name, std::uint64_t seconds, std::uint64_t cpu_seconds, std::uint64_t memory) {
    model::Event event(kBegin + static_cast<Nanoseconds>(seconds) * kSecond);
    event.set("record.kind", "sample");
    event.set("container.id", name);
    event.set("container.name", name);
    event.set_unsigned("usage.cpu.ns", cpu_seconds * 1'000'000'000);
    event.set_unsigned("usage.memory", memory);
    return event;
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out;
    for (const std::string_view line : split(text, '\n')) out.emplace_back(line);
    return out;
}

TEST(TopTotals, MeansPeaksAndVolumesOverARange) {
    TopTotals totals;
    const std::uint64_t cpu[] = {100, 105, 125, 125};  // 50 %, 200 %, 0 %
    const std::uint64_t memory[] = {10, 40, 20, 30};
    const std::uint64_t sent[] = {1000, 1500, 1500, 4000};
    for (std::size_t i = 0; i < 4; ++i) {
        model::Event event = sample("web", i * 10, cpu[i], memory[i]);
        event.set_unsigned("usage.net.sent", sent[i]);
        event.set_unsigned("usage.oom_kills", i);
        event.set_unsigned("usage.throttled.ns", i * 1'000'000'000);
        event.set_unsigned("usage.pids", 5 - i);
        event.set_real("usage.pressure.io", 1.0 + static_cast<double>(i % 2));
        totals.add(event);
    }
    const TopTable table = totals.table(false);
    ASSERT_EQ(table.rows.size(), 1U);
    const TopRow& row = table.rows.front();
    EXPECT_NEAR(*row.cpu.value, 25.0 / 30 * 100, 1e-6);
    EXPECT_NEAR(*row.cpu_peak.value, 200, 1e-6);
    EXPECT_EQ(row.memory.value, 25);
    EXPECT_EQ(row.memory_peak.value, 40);
    EXPECT_EQ(row.net_sent.value, 3000);
    EXPECT_EQ(row.oom_kills.value, 3);
    EXPECT_NEAR(*row.throttled.value, 10, 1e-6);
    EXPECT_EQ(row.pids.value, 5);
    EXPECT_EQ(row.pressure_io.value, 2);
    EXPECT_EQ(row.io_read.value, std::nullopt);
    EXPECT_EQ(table.until - table.since, 30 * kSecond);
}

TEST(TopTotals, ACounterThatStartsAnewLosesNothing) {
    TopTotals totals;
    for (const std::uint64_t cpu : {100, 110, 2, 5}) totals.add(sample("web", cpu == 100 ? 0 : 10, cpu, 1));
    EXPECT_NEAR(*totals.table(false).rows.front().cpu.value, 150, 1e-6);  // 10 + 2 + 3 s of 10 s
}

TEST(TopTotals, OneSampleTellsNoRate) {
    TopTotals totals;
    totals.add(sample("web", 0, 100, 7));
    const TopRow row = totals.table(true).rows.front();
    EXPECT_EQ(row.cpu.value, std::nullopt);
    EXPECT_EQ(row.cpu.reason, "");
    EXPECT_EQ(row.memory.value, 7);
}

TEST(Top, ATableForPeople) {
    TopTotals totals;
    for (const std::uint64_t second : {0, 2}) {
        model::Event web = sample("web", second, second, 48ULL << 20U);
        web.set_unsigned("usage.memory.limit", 64ULL << 20U);
        web.set_unsigned("usage.io.read", second * 1024);
        web.set_unsigned("usage.io.written", 0);
        web.unknown("usage.net.sent", "it shares the host's network");
        web.unknown("usage.net.received", "it shares the host's network");
        totals.add(web);
        totals.add(sample("busy", second, second * 3, 1));
        totals.add(sample("host", second, second * 4, 1));
    }
    TopTable table = totals.table(true);
    sort(table, TopSort::cpu);
    const auto text = lines(top_text(table, {}));
    EXPECT_THAT(text[0], HasSubstr("CONTAINER"));
    EXPECT_THAT(text[1], testing::StartsWith("host "));
    EXPECT_THAT(text[2], testing::StartsWith("busy "));
    EXPECT_THAT(text[3], testing::StartsWith("web "));
    EXPECT_THAT(text[3], HasSubstr("100.0"));
    EXPECT_THAT(text[3], HasSubstr("48.0M / 64.0M"));
    EXPECT_THAT(text[3], HasSubstr("1.0K / 0"));
    EXPECT_THAT(text[3], HasSubstr(" ? "));
    EXPECT_THAT(text[4], HasSubstr("of 1: it shares the host's network"));
    sort(table, TopSort::memory);
    EXPECT_EQ(table.rows.front().name, "web");
}

TEST(Top, AHostileNameStaysInItsColumn) {
    TopTotals totals;
    const std::string hostile = "\x1b[2J\n" + std::string(100, 'x') + "\xff";
    const std::string wide = "\xe6\xbc\xa2\xe5\xad\x97";  // two characters of two columns
    totals.add(sample(hostile, 0, 1, 1));
    totals.add(sample(wide, 0, 1, 1));
    const auto text = lines(top_text(totals.table(true), {}));
    for (std::size_t i = 1; i < 3; ++i) {
        EXPECT_EQ(display_width(text[i]), display_width(text[0]));
        EXPECT_EQ(text[i].find('\x1b'), std::string::npos);
    }
    const Json table = Json::parse(top_json(totals.table(true)));
    EXPECT_EQ(table["containers"].size(), 2U);
}

TEST(Top, JsonTellsUnknownFromAbsent) {
    TopTotals totals;
    for (const std::uint64_t second : {0, 10}) {
        model::Event event = sample("web", second, second, 5);
        event.unknown("usage.io.read", "io.stat: Permission denied");
        totals.add(event);
    }
    const Json table = Json::parse(top_json(totals.table(false)));
    const Json& web = table["containers"][0];
    EXPECT_EQ(web["cpu_percent"], 100.0);
    EXPECT_EQ(web["memory_bytes"], 5);
    EXPECT_TRUE(web["memory_bytes"].is_number_integer());
    EXPECT_EQ(web["unknown"]["io_read_bytes"], "io.stat: Permission denied");
    EXPECT_FALSE(web.contains("io_read_bytes"));
    EXPECT_FALSE(web.contains("memory_limit_bytes"));
    EXPECT_FALSE(web["unknown"].contains("memory_limit_bytes"));
}

}  // namespace
}  // namespace plimsoll::report
