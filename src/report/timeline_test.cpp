#include "report/timeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"
#include "report/golden.h"
#include "report/markup_check.h"
#include "report/timeline_fixture.h"
#include "report/timeline_words.h"

namespace plimsoll::report {
namespace {

using fixture::kThree;
using model::Event;
using testing::HasSubstr;
using testing::Not;

constexpr Nanoseconds kMinute = 60 * kSecond;

/// The records of containers of that name in the half hours around three, as the command asks for them.
Timeline around_three(const std::vector<Event>& events, std::string_view name, Nanoseconds half = 30 * kMinute) {
    fixture::use_central_europe();
    TimelineBuilder builder(
        {.asked = std::string(name), .since = kThree - half, .until = kThree + half, .around = kThree});
    for (const Event& event : events) {
        if (event.text("container.name") == name || event.text("container.id").empty()) builder.add(event);
    }
    Timeline told = builder.finish();
    told.version = "0.0.0";
    return told;
}

std::string text_of(const Timeline& timeline) { return timeline_text(timeline, {.width = 160}); }

class Scene {
public:
    Scene() { fixture::use_central_europe(); }
    Event& add(Nanoseconds after, const char* action) {
        Event& event = events_.emplace_back(kThree + after);
        event.set("record.kind", "event");
        event.set_unsigned("record.number", events_.size());
        event.set("docker.type", "container");
        event.set("docker.action", action);
        event.set("container.id", "4f1c0a7be812");
        event.set("container.name", "web");
        return event;
    }
    Timeline tell() { return around_three(events_, "web"); }

private:
    std::vector<Event> events_;
};

TEST(Timeline, the_night_in_every_format_is_as_the_golden_file_has_it) {
    const Timeline timeline = around_three(fixture::night(), "shop");
    fixture::expect_golden("timeline/night.txt", timeline_text(timeline, {.width = 110}));
    fixture::expect_golden("timeline/night-colour-60.txt", timeline_text(timeline, {.colour = true, .width = 60}));
    fixture::expect_golden("timeline/night.html", timeline_html(timeline));
    fixture::expect_golden("timeline/night.json", timeline_json(timeline));
    fixture::expect_golden("timeline/night.jsonl", timeline_timesketch(timeline));
}

TEST(Timeline, hostile_names_stay_inside_their_entries) {
    const auto events = fixture::hostile_records();
    const Timeline timeline = around_three(events, events[0].text("container.name"));
    fixture::expect_golden("timeline/hostile.txt", timeline_text(timeline, {}));
    const std::string page = timeline_html(timeline);
    EXPECT_EQ(markup_fault(page, true), "");
    for (const std::string& text : {text_of(timeline), page, timeline_json(timeline), timeline_timesketch(timeline)}) {
        EXPECT_EQ(valid_utf8(text), text);
        EXPECT_THAT(text, Not(HasSubstr("\x1b")));
        EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    }
    for (const std::string& text : {page, timeline_json(timeline), timeline_timesketch(timeline)})
        EXPECT_THAT(text, Not(HasSubstr("<img")));
    const std::string lines = timeline_timesketch(timeline);
    for (const auto line : split(trim(lines), '\n'))
        EXPECT_TRUE(nlohmann::json::parse(line).contains("timestamp")) << line;
}

TEST(Timeline, a_page_loads_nothing_and_is_well_formed) {
    const std::string page = timeline_html(around_three(fixture::night(), "shop"));
    EXPECT_EQ(markup_fault(page, true), "");
    EXPECT_THAT(page, HasSubstr("default-src 'none'; style-src 'unsafe-inline'"));
    for (const auto* part : {"<script", "<link", "<img", "url("}) EXPECT_THAT(page, Not(HasSubstr(part)));
}

TEST(Timeline, three_raw_events_and_a_session_record_are_one_entry) {
    const std::string text = text_of(around_three(fixture::night(), "shop"));
    EXPECT_THAT(text, HasSubstr("as root, with a terminal, for 2 min 14 s, exit code 0"));
    std::size_t entries = 0;
    for (auto at = text.find("  exec  "); at != std::string::npos; at = text.find("  exec  ", at + 1)) ++entries;
    EXPECT_EQ(entries, 1U);
    EXPECT_THAT(text, HasSubstr("4 health checks, all passed"));
}

TEST(Timeline, a_session_whose_end_was_not_seen_says_so) {
    Scene scene;
    scene.add(0, "start");
    Event& create = scene.add(kMinute, "exec_create");
    create.set("exec.id", "x");
    create.set("exec.command", "bash");
    scene.add(kMinute, "exec_start").set("exec.id", "x");
    EXPECT_THAT(text_of(scene.tell()), HasSubstr("“bash” as the container's own user; its end was not seen"));
}

TEST(Timeline, names_who_asked_the_engine_and_how_sure_that_is) {
    Scene scene;
    Event& start = scene.add(0, "start");
    start.set("who.name", "alice");
    start.set("who.address", "192.0.2.7");
    start.set("who.command", "docker start shop");
    start.set("who.strength", "inferred");
    EXPECT_THAT(text_of(scene.tell()), HasSubstr("asked for by alice from 192.0.2.7: docker start shop (inferred)"));
}

TEST(Timeline, tells_what_audit_records_saw_inside) {
    Scene scene;
    scene.add(0, "start");
    Event& ran = scene.add(kMinute, "execve");
    ran.set("evt.source", "audit");
    ran.set("syscall.type", "execve");
    ran.set("proc.exe", "cat");
    ran.set("proc.args", "/etc/shadow");
    ran.set("user.name", "root");
    Event& forged = scene.add(2 * kMinute, "user_login");
    forged.set("evt.source", "audit");
    forged.set("audit.type", "USER_LOGIN");
    forged.set("audit.forged", "written by a process of a container");
    const std::string text = text_of(scene.tell());
    EXPECT_THAT(text, HasSubstr("“cat /etc/shadow” as root"));
    EXPECT_THAT(text, HasSubstr("forged: written by a process of a container"));
}

TEST(Timeline, tells_what_the_sensor_saw_inside) {
    Scene scene;
    scene.add(0, "start");
    Event& ran = scene.add(kMinute, "execve");
    ran.set("evt.source", "syscall");
    ran.set("evt.type", "execve");
    ran.set("proc.exe", "sh");
    ran.set("proc.args", "-c id");
    ran.set("user.name", "root");
    ran.set("who.name", "alice");
    ran.set("who.strength", "proved");
    Event& wrote = scene.add(2 * kMinute, "openat");
    wrote.set("evt.source", "syscall");
    wrote.set("evt.type", "openat");
    wrote.set("proc.exepath", "/bin/sh");
    wrote.set("fd.name", "/etc/passwd");
    wrote.set("evt.is_open_write", true);
    wrote.set_unsigned("evt.count", 5);
    Event& moved = scene.add(3 * kMinute, "rename");
    moved.set("evt.source", "syscall");
    moved.set("evt.type", "rename");
    moved.set("proc.exepath", "/bin/mv");
    moved.set("fs.path.source", "/a");
    moved.set("fs.path.target", "/b");
    const std::string text = text_of(scene.tell());
    EXPECT_THAT(text, HasSubstr("“sh -c id” as root"));
    EXPECT_THAT(text, HasSubstr("asked for by alice (proved)"));
    EXPECT_THAT(text, HasSubstr("/bin/sh opened /etc/passwd to write, as a user that is not known, 5 times more"));
    EXPECT_THAT(text, HasSubstr("/bin/mv renamed /a to /b"));
}

TEST(Timeline, a_session_that_never_started_has_no_length) {
    Scene scene;
    scene.add(0, "start");
    Event& start = scene.add(kMinute, "exec_start");
    start.set("exec.id", "x");
    start.set("exec.command", "nosuch");
    start.set("exec.user", "7");
    start.set_number("exec.start_ts", kThree + kMinute);
    Event& end = scene.add(2 * kMinute, "");
    end.set("record.kind", "session");
    end.set("evt.type", "exec_failed");
    end.set("exec.id", "x");
    end.set_number("exec.exit_code", 127);
    const std::string text = text_of(scene.tell());
    EXPECT_THAT(text, HasSubstr("“nosuch” as 7; did not start, exit code 127 (its command was not found)"));
    EXPECT_THAT(text, Not(HasSubstr("until")));
}

TEST(Timeline, who_is_not_known_is_not_the_containers_own_user) {
    Scene scene;
    for (const char* step : {"exec_create", "exec_start"}) {
        Event& event = scene.add(kMinute, step);
        event.set("exec.id", "x");
        event.set("exec.command", "bash");
        event.unknown("exec.user", "not asked");
        event.unknown("exec.privileged", "not asked");
    }
    EXPECT_THAT(text_of(scene.tell()),
                HasSubstr("“bash” as a user that is not known, with privileges that are not known; its end"));
}

TEST(Timeline, a_network_that_a_running_container_joins_or_leaves_is_told_by_itself) {
    Scene scene;
    const auto network = [&scene](Nanoseconds after, const char* action, const char* address, bool running) {
        Event& event = scene.add(after, action);
        event.set("docker.type", "network");
        event.set("docker.name", "back");
        if (running) event.set("container.state", "running");
        if (*address != '\0') event.set_keyed("docker.attributes", "address", address);
    };
    network(0, "connect", "172.18.0.2", false);
    scene.add(kSecond / 10, "start");
    network(kSecond, "connect", "172.19.0.2", true);
    network(kMinute, "disconnect", "172.19.0.2", true);
    network(kMinute + kSecond / 100, "disconnect", "", true);  // engines tell it twice
    network(2 * kMinute, "disconnect", "172.18.0.2", false);
    const std::string text = text_of(scene.tell());
    EXPECT_THAT(text, HasSubstr("network    joined network back as 172.19.0.2"));
    EXPECT_THAT(text, HasSubstr("network    left network back, where it was 172.19.0.2"));
    const auto left = text.find("where it was 172.19");
    EXPECT_EQ(text.substr(left + 1).find("left network back\n"), std::string::npos) << text;
    EXPECT_THAT(text, Not(HasSubstr("network    joined network back as 172.18.0.2"))) << "part of the start";
}

TEST(Timeline, what_was_there_when_recording_began_is_told_with_its_start) {
    Scene scene;
    Event& found = scene.add(0, "found");
    found.set("container.state", "running");
    found.set("container.image", "shop:1");
    found.set_number("container.start_ts", kThree - 3600 * kSecond);
    const Timeline timeline = scene.tell();
    EXPECT_THAT(timeline.lives.at(0).before, HasSubstr("running since Tue 17 Nov 02:00"));
    EXPECT_THAT(text_of(timeline),
                HasSubstr("was there when recording began, running since Tue 17 Nov 02:00 (1 h); image shop:1"));
}

TEST(Timeline, an_engine_out_of_reach_is_a_gap) {
    std::vector<Event> events;
    const auto reach = [&events](Nanoseconds after, const char* type) {
        Event& event = events.emplace_back(kThree + after);
        event.set("record.kind", "event");
        event.set("evt.type", type);
        event.set("docker.endpoint", "unix:///engine.sock");
        event.set("loss.reason", "connection refused");
        event.set_number("loss.from", kThree + kMinute);
    };
    reach(kMinute, "engine_down");
    reach(6 * kMinute, "engine_up");
    reach(9 * kMinute, "engine_down");
    Event& pause = events.emplace_back(kThree + 20 * kMinute);
    pause.set("record.kind", "event");
    pause.set("docker.type", "container");
    pause.set("docker.action", "pause");
    pause.set("container.id", "4f1c0a7be812");
    pause.set("container.name", "web");
    const std::string text = text_of(around_three(events, "web"));
    EXPECT_THAT(text, HasSubstr("engine unix:///engine.sock could not be reached for 5 min (connection refused)"));
    EXPECT_THAT(text, HasSubstr("could not be reached (connection refused) (until 03:30:00)")) << "to the end";
}

TEST(Timeline, an_event_with_an_impossible_time_is_told_with_its_mark) {
    Scene scene;
    scene.add(0, "pause").set("record.malformed", "the engine dates it 2099-01-01T00:00:00Z");
    const std::string text = text_of(scene.tell());
    EXPECT_THAT(text, HasSubstr("paused"));
    EXPECT_THAT(text, HasSubstr("not as it should be: the engine dates it 2099"));
}

TEST(Timeline, tells_the_state_before_the_time_asked_for) {
    const Timeline timeline = around_three(fixture::night(), "shop");
    ASSERT_EQ(timeline.lives.size(), 2U);
    EXPECT_EQ(timeline.lives[0].before,
              "running since Mon 16 Nov 09:00 (17 h 29 min), healthy; image shop:1.27 (sha256:aa17c0ffee00)");
    EXPECT_EQ(timeline.lives[1].before, "");
}

TEST(Timeline, a_container_that_was_there_before_the_ledger_is_not_told_as_new) {
    Scene scene;
    scene.add(0, "pause");
    EXPECT_THAT(scene.tell().lives.at(0).before, HasSubstr("it existed already"));
}

TEST(Timeline, exit_137_is_explained_by_what_went_before) {
    Scene by_kernel;
    by_kernel.add(0, "oom");
    by_kernel.add(kSecond, "die").set_number("container.exit_code", 137);
    EXPECT_THAT(text_of(by_kernel.tell()), HasSubstr("ended by SIGKILL; the kernel had killed it for want of memory"));

    Scene by_request;
    by_request.add(0, "kill").set_keyed("docker.attributes", "signal", "9");
    by_request.add(kSecond, "die").set_number("container.exit_code", 137);
    by_request.add(2 * kSecond, "stop");
    const auto text = text_of(by_request.tell());
    EXPECT_THAT(text, HasSubstr("was sent signal 9 (SIGKILL)"));
    EXPECT_THAT(text, HasSubstr("somebody had asked the engine to stop it"));
    EXPECT_THAT(text, Not(HasSubstr("nobody asked")));

    Scene by_nobody;
    by_nobody.add(0, "die").set_number("container.exit_code", 137);
    EXPECT_THAT(text_of(by_nobody.tell()), HasSubstr("nobody asked the engine for it"));
}

TEST(Timeline, gaps_stand_where_they_were_and_what_was_found_later_is_marked) {
    const std::string text = text_of(around_three(fixture::night(), "shop"));
    EXPECT_THAT(text, HasSubstr("03:12:10   +12m10s  gap        not recorded: engine-events, for 1 min 50 s (the "
                                "engine was restarted) (until 03:14:00)"));
    EXPECT_THAT(text, HasSubstr("settings changed (found afterwards)"));
    EXPECT_THAT(text, HasSubstr("HostConfig.Memory: 536870912 -> 1073741824"));
}

TEST(Timeline, a_recorder_that_stopped_is_a_gap) {
    std::vector<Event> events;
    events.emplace_back(kThree).set("record.kind", "stop");
    events.emplace_back(kThree + 5 * kMinute).set("record.kind", "start");
    Event& start = events.emplace_back(kThree + 6 * kMinute);
    start.set("record.kind", "event");
    start.set("docker.type", "container");
    start.set("docker.action", "pause");
    start.set("container.id", "4f1c0a7be812");
    start.set("container.name", "web");
    EXPECT_THAT(text_of(around_three(events, "web")), HasSubstr("the recorder was not running for 5 min"));
}

TEST(Timeline, samples_are_told_in_stretches) {
    const std::string text = text_of(around_three(fixture::night(), "shop"));
    EXPECT_THAT(text, HasSubstr("memory about 41 MiB of 512 MiB"));
    EXPECT_THAT(text, HasSubstr("to 495 MiB of 512 MiB"));
}

TEST(Timeline, an_acknowledged_alert_says_by_whom) {
    EXPECT_THAT(text_of(around_three(fixture::night(), "shop")),
                HasSubstr("acknowledged Tue 17 Nov 08:00 by anna: red team exercise"));
}

TEST(Timeline, an_act_that_is_an_alert_itself_is_told_as_both) {
    TimelineBuilder builder({.asked = "web", .since = 0, .until = kThree});
    Event act(kThree - kSecond);
    act.set("record.kind", "alert");
    act.set("record.summary", "Warning: shell in web");
    act.set_unsigned("record.number", 7);
    act.set("evt.source", "syscall");
    act.set("evt.type", "execve");
    act.set("proc.exe", "sh");
    act.set("user.name", "root");
    act.set("container.id", "4f1c0a7be812");
    act.set("alert.rule", "Shell");
    act.set("alert.priority", "Warning");
    act.set("alert.output", "shell in web");
    builder.add(act);
    const Timeline timeline = builder.finish();
    ASSERT_EQ(timeline.lives.at(0).moments.size(), 2U);
    EXPECT_EQ(timeline.lives[0].moments[0].telling.kind, "ran");
    EXPECT_EQ(timeline.lives[0].moments[0].telling.text, "“sh” as root");
    EXPECT_EQ(timeline.lives[0].moments[1].telling.kind, "alert");
    EXPECT_EQ(timeline.lives[0].moments[1].telling.text, "Warning: Shell");
    EXPECT_EQ(timeline.lives[0].moments[1].records, std::vector<std::uint64_t>{7});
}

TEST(Timeline, long_output_of_a_container_is_counted_not_repeated) {
    const std::string text = text_of(around_three(fixture::night(), "shop"));
    EXPECT_THAT(text, HasSubstr("migration 12 of 20 done"));
    EXPECT_THAT(text, Not(HasSubstr("migration 13 of 20 done")));
    EXPECT_THAT(text, HasSubstr("8 more lines"));
}

TEST(Timeline, no_more_entries_are_held_than_asked_for) {
    TimelineBuilder builder({.asked = "web", .since = 0, .until = kThree, .most = 10});
    for (int i = 0; i < 1000; ++i) {
        Event event(i * kSecond);
        event.set("record.kind", "event");
        event.set("docker.type", "container");
        event.set("docker.action", i % 2 == 0 ? "pause" : "unpause");
        event.set("container.id", "4f1c0a7be812");
        builder.add(event);
    }
    const Timeline timeline = builder.finish();
    EXPECT_EQ(timeline.lives[0].moments.size(), 10U);
    EXPECT_EQ(timeline.lives[0].left_out, 990U);
}

TEST(TimelineWords, spans_offsets_sizes_and_ranges_read_naturally) {
    fixture::use_central_europe();
    EXPECT_EQ(words::span(340'000'000), "340 ms");
    EXPECT_EQ(words::span(2 * kSecond), "2 s");
    EXPECT_EQ(words::span(17 * 3600 * kSecond + 33 * kMinute), "17 h 33 min");
    EXPECT_EQ(words::span(-5), "0 ms");
    EXPECT_EQ(words::offset(-8 * kMinute - 53 * kSecond), "-8m53s");
    EXPECT_EQ(words::bytes(std::uint64_t{512} << 20U), "512 MiB");
    EXPECT_EQ(words::bytes(1'610'612'736), "1.5 GiB");
    EXPECT_EQ(words::range(kThree, kThree + kMinute), "Tuesday, 17 November 2026, 03:00 to 03:01 CET, UTC+01:00");
    EXPECT_EQ(words::iso(kThree + 123'456'789), "2026-11-17T02:00:00.123456+00:00");
    EXPECT_EQ(words::host_of("plimsoll/web-01/2c85beaac837c322"), "web-01");
    EXPECT_EQ(words::host_of("elsewhere"), "elsewhere");
    EXPECT_EQ(words::exit_meaning(139), "ended by SIGSEGV");
    EXPECT_EQ(words::signal_text("TERM"), "15 (SIGTERM)");
}

}  // namespace
}  // namespace plimsoll::report
