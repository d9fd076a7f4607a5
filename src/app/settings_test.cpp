#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config.h"
#include "app/setting_values.h"
#include "app/sink_settings.h"

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Settings, TheAgentsPartIsRead) {
    const auto config = parse_config(
        "ledger:\n  path: /srv/ledger\n  keep_for: 30d\n  keep_bytes: 8GiB\n  when_full: drop_oldest\n"
        "engines: [unix:///run/podman/podman.sock]\nresources: {every: 5s}\n"
        "alerts:\n  sinks:\n"
        "  - {name: chat, type: webhook, url: 'https://hooks.example/x', body: slack, least: warning}\n"
        "  - {name: page, type: command, command: [/usr/local/bin/page, --loud], condition: alert.priority = "
        "Critical}\n",
        "plimsoll.yaml");
    ASSERT_TRUE(config) << config.error().message;
    const AgentConfig& agent = config->agent;
    EXPECT_EQ(agent.ledger.path, "/srv/ledger");
    EXPECT_EQ(agent.ledger.keep_for, std::chrono::hours(720));
    EXPECT_EQ(agent.ledger.keep_bytes, std::uint64_t{8} << 30U);
    EXPECT_EQ(agent.ledger.when_full, ledger::WhenFull::drop_oldest);
    EXPECT_EQ(agent.sample_every, 5s);
    ASSERT_EQ(agent.sinks.size(), 2U);
    EXPECT_EQ(std::get<sink::WebhookConfig>(agent.sinks[0].kind).body, sink::BodyForm::slack);
    EXPECT_EQ(agent.sinks[0].least, rule::Priority::warning);
    EXPECT_THAT(std::get<sink::CommandConfig>(agent.sinks[1].kind).arguments,
                testing::ElementsAre("/usr/local/bin/page", "--loud"));
}

TEST(Settings, WhatIsWrongIsNamedWithItsPlace) {
    const auto fault = [](const char* text) {
        const auto config = parse_config(text, "f");
        return config ? std::string("no error") : config.error().message;
    };
    EXPECT_THAT(fault("ledger: {keep_for: soon}"), testing::AllOf(HasSubstr("f:1:20"), HasSubstr("30d")));
    EXPECT_THAT(fault("ledger: {kep_for: 30d}"), HasSubstr("'keep_for'"));
    EXPECT_THAT(fault("ledgr: {}"), HasSubstr("'ledger'"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: a}]}"), HasSubstr("'type'"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: ../a, type: stdout}]}"), HasSubstr("a-z"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: a, type: webhook}]}"), HasSubstr("'url'"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: a, type: file, path: /x, url: 'http://y'}]}"), HasSubstr("webhook"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: a, type: stdout}, {name: a, type: stdout}]}"), HasSubstr("two sinks"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: a, type: stdout, condition: alert.rle = x}]}"), HasSubstr("alert.rule"));
    EXPECT_THAT(fault("alerts: {sinks: [{name: a, type: command, command: [sh, -c, x]}]}"), HasSubstr("absolute"));
}

TEST(Settings, AShortTimeNeverBecomesNoneAtAll) {
    const auto short_ones = parse_config("ledger: {keep_for: 90m, key_epoch: 90m}", "f");
    ASSERT_TRUE(short_ones);
    EXPECT_EQ(short_ones->agent.ledger.keep_for, std::chrono::minutes(90));
    EXPECT_EQ(short_ones->agent.ledger.key_epoch, std::chrono::minutes(90));
    for (const char* wrong : {"ledger: {keep_for: 30m}", "ledger: {key_epoch: 0s}", "ledger: {checkpoint_every: 0s}",
                              "witness: {every: 500ms}", "ledger: {keep_for: 99999999d}"})
        EXPECT_FALSE(parse_config(wrong, "f")) << wrong;
}

TEST(Settings, DurationsAndSizesAreBounded) {
    EXPECT_EQ(*parse_duration("100ms"), 100ms);
    EXPECT_EQ(*parse_size("64MiB"), 64U << 20U);
    for (const char* wrong : {"", "5", "d", "-1s", "1 year", "99999999999999999999d", "9223372036854775807d"})
        EXPECT_FALSE(parse_duration(wrong)) << wrong;
    for (const char* wrong : {"", "GiB", "-1", "1.5GiB", "99999999TiB"}) EXPECT_FALSE(parse_size(wrong)) << wrong;
}

TEST(Settings, EveryOneStandsInTheReference) {
    const std::string page = config_reference();
    for (const Setting& setting : settings()) {
        EXPECT_FALSE(setting.meaning.empty());
        EXPECT_THAT(page, HasSubstr("`" + std::string(setting.name) + "`"));
    }
    for (const SinkSetting& setting : sink_settings()) EXPECT_THAT(page, HasSubstr(std::string(setting.meaning)));
}

}  // namespace
}  // namespace plimsoll::app
