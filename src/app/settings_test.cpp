#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config.h"
#include "app/setting_values.h"
#include "app/sink_settings.h"
#include "ledger/keys.h"

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

TEST(Settings, WhatCannotBeReachedOrOpenedIsNamedWithItsPlace) {
    struct Case {
        const char* text;
        const char* place;
        const char* expected;
    };
    for (const Case& wrong : {
             Case{"metrics: {listen: localhost:9464}", "f:1:19", "127.0.0.1:9464"},
             Case{"metrics: {listen: 9464}", "f:1:19", "ADDRESS:PORT"},
             Case{"metrics: {listen: '127.0.0.1:99999'}", "f:1:19", "ADDRESS:PORT"},
             Case{"engines: [unix:///run/docker.sock, 'ssh://host']", "f:1:36", "tcp://HOST:PORT"},
             Case{"engines: ['tcp://10.0.0.1:none']", "f:1:11", "no port"},
             Case{"engines: ['tcp://two words:2376']", "f:1:11", "tcp://HOST:PORT"},
             Case{"engines: ['unix://run/docker.sock']", "f:1:11", "unix:///PATH"},
             Case{"engines: ['']", "f:1:11", "unix:///PATH"},
             Case{"engines: ''", "f:1:10", "unix:///PATH"},
             Case{"witness: {url: 'ftp://w', key: x}", "f:1:16", "https://"},
             Case{"witness: {url: 'http://', key: x}", "f:1:16", "no host"},
             Case{"witness: {url: 'http://w:9465', key: nonsense}", "f:1:38", "plimsoll witness"},
             Case{"witness: {url: 'http://w:9465'}", "f:1:", "needs 'key'"},
             Case{"ledger: {path: var/ledger}", "f:1:16", "begins with /"},
             Case{"ledger: {path: ''}", "f:1:16", "begins with /"},
             Case{"ledger: {keep_bytes: 12}", "f:1:22", "from 1MiB"},
             Case{"ledger: {reserve_bytes: 2000TiB}", "f:1:25", "to 1TiB"},
             Case{"ledger: {reserve_bytes: 64MiBs}", "f:1:25", "64MiB"},
             Case{"ledger: {keep_bytes: 1GiB, keep_bytes: 2GiB}", "f:1:28", "given twice"},
             Case{"rules: {files: [/etc/a.yaml, b.yaml]}", "f:1:30", "begins with /"},
             Case{"audit: {waivers: [waivers.yaml]}", "f:1:19", "begins with /"},
             Case{"agent: {control_socket: agent.sock}", "f:1:25", "begins with /"},
             Case{"agent: {state: state}", "f:1:16", "begins with /"},
             Case{"daemon_log: {file: log}", "f:1:20", "begins with /"},
             Case{"alerts: {sinks: [{name: a, type: syslog, address: 'udp://h:514'}]}", "f:1:51", "tcp://HOST:PORT"},
             Case{"alerts: {sinks: [{name: a, type: syslog, address: 'tcp://h:port'}]}", "f:1:51", "1 to 65535"},
             Case{"alerts: {sinks: [{name: a, type: syslog, address: 'tcp://h h:601'}]}", "f:1:51", "no host"},
             Case{"alerts: {sinks: [{name: a, type: syslog, address: 'unix://dev/log'}]}", "f:1:51", "unix:///"},
             Case{"alerts: {sinks: [{name: a, type: webhook, url: 'https://u@h/'}]}", "f:1:48", "user name"},
             Case{"alerts: {sinks: [{name: a, type: webhook, url: 'https://h:0/'}]}", "f:1:48", "1 to 65535"},
             Case{"alerts: {sinks: [{name: a, type: webhook, url: 'https://h/', ca_file: ca.pem}]}", "f:1:71",
                  "begins with /"},
             Case{"alerts: {sinks: [{name: a, type: webhook, url: 'https://h/', cert_file: /c}]}", "f:1:18",
                  "'key_file'"},
             Case{"alerts: {sinks: [{name: a, type: webhook, url: 'https://h/', headers: {Host: x}}]}", "f:1:18",
                  "Host"},
             Case{"alerts: {sinks: [{name: a, type: file, path: alerts.jsonl}]}", "f:1:46", "begins with /"},
         }) {
        const auto config = parse_config(wrong.text, "f");
        EXPECT_THAT(config ? std::string("no error") : config.error().message,
                    testing::AllOf(HasSubstr(wrong.place), HasSubstr(wrong.expected)))
            << wrong.text;
    }
}

TEST(Settings, WhatIsRightIsTaken) {
    const auto key = ledger::SigningKey::generate("witness.example/w1", ledger::SignatureType::cosignature);
    ASSERT_TRUE(key);
    const std::string right =
        "metrics: {listen: '[::1]:9464'}\nengines: ['tcp://engine.example:2376', /run/podman.sock]\n"
        "witness: {url: 'https://w.example:9465/p', key: '" +
        to_text(key->verifier()) +
        "'}\n"
        "ledger: {reserve_bytes: 0}\ndaemon_log: {file: ''}\n"
        "alerts: {sinks: [{name: a, type: syslog, address: 'tls://[2001:db8::1]:6514'}]}\n";
    const auto config = parse_config(right, "f");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->agent.engines.size(), 2U);
    EXPECT_EQ(config->agent.metrics_listen, "[::1]:9464");
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
