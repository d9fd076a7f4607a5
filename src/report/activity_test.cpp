#include "report/activity.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"
#include "report/activity_table.h"
#include "report/golden.h"
#include "report/markup_check.h"
#include "report/schema_check.h"
#include "report/timeline_fixture.h"

namespace plimsoll::report {
namespace {

using fixture::kThree;
using model::Event;
using testing::HasSubstr;
using testing::Not;

constexpr Nanoseconds kHour = 3600 * kSecond;
constexpr const char* kSchema = PLIMSOLL_SOURCE_DIR "/docs/reference/activity-report.schema.json";

/// Tuesday, midnight to midnight in central Europe, compared with Monday.
Activity tuesday(const std::vector<Event>& events) {
    fixture::use_central_europe();
    ActivityBuilder builder(kThree - 3 * kHour, kThree + 21 * kHour);
    for (const Event& event : events) builder.add(event);
    Activity activity = builder.finish();
    activity.version = "0.0.0";
    write_headlines(activity);
    return activity;
}

Activity of(std::initializer_list<const Event*> events) {
    std::vector<Event> copies;
    for (const Event* event : events) copies.push_back(event->clone());
    return tuesday(copies);
}

Event container_event(Nanoseconds time, const char* action, const char* name = "web") {
    Event event(time);
    event.set("record.kind", "event");
    event.set("docker.type", "container");
    event.set("docker.action", action);
    event.set("container.id", "4f1c0a7be812");
    event.set("container.name", name);
    return event;
}

TEST(Activity, the_day_in_every_format_is_as_the_golden_file_has_it) {
    Activity activity = tuesday(fixture::night());
    activity.ledger.range = "The ledger holds records 100 to 291, from Mon 16 Nov 08:00.";
    activity.ledger.verification = "ok, 192 records against 3 checkpoints";
    activity.ledger.verified = true;
    fixture::expect_golden("activity/tuesday.txt", activity_text(activity, {.width = 120}));
    fixture::expect_golden("activity/tuesday.md", activity_markdown(activity, {}));
    fixture::expect_golden("activity/tuesday.html", activity_html(activity, {}));
    fixture::expect_golden("activity/tuesday.json", activity_json(activity, {}));
}

TEST(Activity, hostile_names_stay_inside_their_cells) {
    const Activity activity = tuesday(fixture::hostile_records());
    fixture::expect_golden("activity/hostile.txt", activity_text(activity, {}));
    fixture::expect_golden("activity/hostile.md", activity_markdown(activity, {}));
    const std::string page = activity_html(activity, {});
    EXPECT_EQ(markup_fault(page, true), "");
    for (const std::string& text :
         {activity_text(activity, {}), activity_markdown(activity, {}), page, activity_json(activity, {})}) {
        EXPECT_EQ(valid_utf8(text), text);
        EXPECT_THAT(text, Not(HasSubstr("\x1b")));
        EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    }
    for (const std::string& text : {activity_markdown(activity, {}), page, activity_json(activity, {})})
        EXPECT_THAT(text, Not(HasSubstr("<img")));
}

TEST(Activity, the_schema_describes_every_report) {
    Schema schema(kSchema);
    for (const auto& events : {fixture::night(), fixture::hostile_records(), std::vector<Event>()}) {
        for (const auto& fault : schema.faults(nlohmann::json::parse(activity_json(tuesday(events), {}))))
            ADD_FAILURE() << fault;
    }
}

TEST(Activity, a_page_loads_nothing_and_is_well_formed) {
    const std::string page = activity_html(tuesday(fixture::night()), {});
    EXPECT_EQ(markup_fault(page, true), "");
    for (const auto* part : {"<script", "<link", "<img", "url("}) EXPECT_THAT(page, Not(HasSubstr(part)));
}

TEST(Activity, the_gravest_things_are_told_first_and_never_more_than_three) {
    const Activity activity = tuesday(fixture::night());
    ASSERT_EQ(activity.unusual.size(), 3U);
    EXPECT_EQ(activity.unusual[0], "mailer is in a restart loop: it died 5 times, most with exit code 1.");
    EXPECT_EQ(activity.unusual[1], "shop ran out of memory once.");
    EXPECT_GT(activity.unusual_left, 0U);
}

TEST(Activity, a_quiet_day_is_said_to_be_quiet_and_an_empty_one_is_not) {
    const Event start = container_event(kThree, "start");
    EXPECT_THAT(of({&start}).unusual[0], HasSubstr("Nothing unusual"));
    EXPECT_THAT(tuesday({}).unusual[0], HasSubstr("Nothing was recorded"));
}

TEST(Activity, a_broken_verification_comes_before_all_else) {
    Activity activity = tuesday(fixture::night());
    activity.ledger.verified = false;
    activity.ledger.verification = "record 17 was edited";
    write_headlines(activity);
    EXPECT_EQ(activity.unusual[0], "The ledger could not be verified: record 17 was edited.");
}

TEST(Activity, counters_that_begin_anew_are_added_up) {
    std::vector<Event> events;
    for (const std::uint64_t cpu : {10U, 40U, 5U, 25U}) {  // restarted between 40 and 5
        Event& sample = events.emplace_back(kThree);
        sample.set("record.kind", "sample");
        sample.set("container.id", "4f1c0a7be812");
        sample.set("container.name", "web");
        sample.set_unsigned("usage.cpu.ns", cpu);
    }
    EXPECT_EQ(tuesday(events).containers[0].use.cpu_ns, 30U + 5U + 20U);
}

TEST(Activity, deaths_by_request_are_no_failures_and_a_loop_needs_three_in_ten_minutes) {
    const Event kill = container_event(kThree, "kill");
    Event died = container_event(kThree + kSecond, "die");
    died.set_number("container.exit_code", 143);
    const Activity stopped = of({&kill, &died});
    EXPECT_EQ(stopped.containers[0].failed, 0U);
    EXPECT_EQ(stopped.containers[0].died, 1U);

    std::vector<Event> slow;
    for (int i = 0; i < 6; ++i) {
        slow.push_back(container_event(kThree + i * 301 * kSecond, "die"));
        slow.back().set_number("container.exit_code", 1);
    }
    EXPECT_FALSE(tuesday(slow).containers[0].restart_loop);
    EXPECT_EQ(tuesday(slow).containers[0].failed, 6U);
}

TEST(Activity, an_alert_is_open_until_somebody_acknowledges_it_also_later) {
    Event alert(kThree);
    alert.set("record.kind", "alert");
    alert.set_unsigned("record.number", 7);
    alert.set("alert.rule", "Shell");
    alert.set("alert.priority", "Warning");
    alert.set_unsigned("alert.folded", 4);
    EXPECT_EQ(of({&alert}).alerts_open, 5U);
    Event ack(kThree + 900 * kHour);
    ack.set("record.kind", "ack");
    ack.set_unsigned("ack.alert", 7);
    const Activity done = of({&alert, &ack});
    EXPECT_EQ(done.alerts_open, 0U);
    EXPECT_EQ(done.alerts_total.now, 5U);
}

TEST(Activity, an_act_that_is_an_alert_itself_counts_as_both) {
    Event act(kThree);
    act.set("record.kind", "alert");
    act.set("evt.source", "syscall");
    act.set("evt.type", "openat");
    act.set("alert.rule", "Shell");
    act.set("alert.priority", "Warning");
    const Activity activity = of({&act});
    EXPECT_EQ(activity.alerts_total.now, 1U);
    EXPECT_EQ(activity.records.now, 1U);
    std::vector<std::string> kinds;
    for (const auto& row : activity.kinds) kinds.push_back(row.kind);
    EXPECT_THAT(kinds, testing::UnorderedElementsAre("alert", "kernel openat"));
}

TEST(Activity, the_period_before_is_what_counts_are_compared_with) {
    const Event before = container_event(kThree - 20 * kHour, "start");
    const Event now = container_event(kThree, "start");
    const Event long_ago = container_event(kThree - 200 * kHour, "start");
    const Activity activity = of({&long_ago, &before, &now});
    EXPECT_EQ(activity.records.now, 1U);
    EXPECT_EQ(activity.records.before, 1U);
    EXPECT_EQ(activity.kinds[0].kind, "container start");
    EXPECT_EQ(activity.kinds[0].count.before, 1U);
}

TEST(Activity, acts_are_counted_for_the_person_that_audit_records_lead_to) {
    Event session(kThree + kSecond);
    session.set("record.kind", "session");
    session.set("container.name", "shop");
    session.set("exec.command", "sh");
    session.set("exec.id", "e1");
    Event start = container_event(kThree, "start");
    Event stop = container_event(kThree + 2 * kSecond, "stop");
    for (Event* event : {&session, &start, &stop}) {
        event->set("who.name", "alice");
        event->set("who.address", "192.0.2.7");
        event->set("who.strength", "inferred");
    }
    const Activity activity = of({&start, &session, &stop});
    ASSERT_EQ(activity.people.size(), 1U);
    EXPECT_EQ(activity.people[0].who, "alice from 192.0.2.7");
    EXPECT_EQ(activity.people[0].sessions, 1U);
    EXPECT_EQ(activity.people[0].starts, 1U);
    EXPECT_EQ(activity.people[0].others, 1U);
    EXPECT_EQ(activity.people[0].inferred, 3U);
    EXPECT_EQ(activity.unknown_people, 0U);
}

TEST(Activity, health_checks_are_counted_apart_from_what_people_did) {
    Event check(kThree);
    check.set("record.kind", "session");
    check.set("exec.command", "/bin/sh -c curl -f localhost");
    check.set("container.healthcheck", "curl -f localhost");
    const Activity activity = of({&check});
    EXPECT_EQ(activity.health_checks, 1U);
    EXPECT_EQ(activity.sessions_total.now, 0U);
}

/// A step or the record of an exec session in web.
Event exec_event(Nanoseconds time, const char* kind, const char* action, const char* id = "e1") {
    Event event = container_event(time, action);
    event.set("record.kind", kind);
    event.set("evt.type", kind == std::string_view("session") ? "exec_session" : action);
    event.set("exec.id", id);
    event.set("exec.command", "sleep 500");
    event.set("exec.user", "");
    event.set("exec.privileged", false);
    event.set_number("exec.start_ts", kThree);
    return event;
}

TEST(Activity, a_session_counts_once_whether_its_end_is_recorded_or_not) {
    const Event start = exec_event(kThree, "event", "exec_start");
    const Activity open = of({&start});
    ASSERT_EQ(open.sessions.size(), 1U);
    EXPECT_EQ(open.sessions_total.now, 1U);
    EXPECT_EQ(open.sessions_open, 1U);
    EXPECT_EQ(open.sessions[0].open, 1U);
    EXPECT_EQ(open.containers[0].sessions, 1U);
    const std::string text = activity_text(open, {.width = 140});
    EXPECT_THAT(text, HasSubstr("1 still open or with an end that was not seen"));
    EXPECT_THAT(text, HasSubstr("sleep 500  still open, or end not seen"));

    // The agent stopped while it ran, and saw its end after its own start.
    const Event paused = exec_event(kThree + kSecond, "session", "");
    Event end = exec_event(kThree + 2 * kSecond, "session", "");
    end.set_number("exec.exit_code", 3);
    const Activity ended = of({&start, &paused, &end});
    EXPECT_EQ(ended.sessions_total.now, 1U);
    EXPECT_EQ(ended.sessions_open, 0U);
    EXPECT_EQ(ended.sessions[0].failed, 1U);
    EXPECT_EQ(of({&start, &paused}).sessions_open, 1U);
}

TEST(Activity, a_session_that_never_started_is_neither_open_nor_failed) {
    const Event start = exec_event(kThree, "event", "exec_start");
    Event end = exec_event(kThree, "session", "");
    end.set("evt.type", "exec_failed");
    end.set_number("exec.exit_code", 127);
    const Activity activity = of({&start, &end});
    ASSERT_EQ(activity.sessions.size(), 1U);
    EXPECT_EQ(activity.sessions[0].not_started, 1U);
    EXPECT_EQ(activity.sessions[0].failed + activity.sessions[0].open, 0U);
    EXPECT_THAT(activity_text(activity, {.width = 140}), HasSubstr("did not start"));
}

TEST(Activity, what_is_not_known_of_a_session_is_not_told_as_the_containers_own) {
    Event end = exec_event(kThree, "session", "");
    end.unknown("exec.user", "not asked");
    end.unknown("exec.privileged", "not asked");
    const std::string text = activity_text(of({&end}), {.width = 140});
    EXPECT_THAT(text, HasSubstr("(not known)"));
    EXPECT_THAT(text, HasSubstr("privileges not known"));
    EXPECT_THAT(text, Not(HasSubstr("(its own)")));
    EXPECT_THAT(activity_json(of({&end}), {}), HasSubstr("\"privileged_unknown\": true"));
}

TEST(Activity, the_ledgers_dictionary_is_no_activity) {
    Event field(kThree);
    field.set("record.kind", "field");
    const Event start = container_event(kThree, "start");
    const Activity activity = of({&field, &field, &start});
    EXPECT_EQ(activity.records.now, 1U);
    EXPECT_EQ(activity.kinds.size(), 1U);
    EXPECT_EQ(activity.ledger.records, 3U);
}

TEST(Activity, what_was_there_before_is_known_by_name) {
    Event found = container_event(kThree, "found");
    found.set("container.image", "shop:1");
    const Activity activity = of({&found});
    ASSERT_EQ(activity.containers.size(), 1U);
    EXPECT_EQ(activity.containers[0].found, 1U);
    EXPECT_EQ(activity.images_total, 1U);
    EXPECT_THAT(activity_text(activity, {.width = 140}), HasSubstr("web          found"));
}

TEST(Activity, an_engine_out_of_reach_belongs_to_the_ledgers_health) {
    const auto reach = [](Nanoseconds time, const char* type) {
        Event event(time);
        event.set("record.kind", "event");
        event.set("evt.type", type);
        event.set("docker.endpoint", "unix:///engine.sock");
        event.set("loss.reason", "connection refused");
        event.set_number("loss.from", kThree);
        return event;
    };
    const Event down = reach(kThree, "engine_down");
    const Event up = reach(kThree + 60 * kSecond, "engine_up");
    const Activity back = of({&down, &up});
    EXPECT_EQ(back.ledger.outages, 1U);
    EXPECT_EQ(back.ledger.outage, 60 * kSecond);
    EXPECT_EQ(back.ledger.blind, 0) << "what was missed has a loss of its own";
    EXPECT_EQ(back.unusual[0], "An engine was out of reach once, for 1 min in all.");
    const std::string text = activity_text(back, {.width = 140});
    EXPECT_THAT(text, HasSubstr("engine out of reach"));
    EXPECT_THAT(text, HasSubstr("unix:///engine.sock: connection refused"));

    const Activity away = of({&down});
    ASSERT_EQ(away.ledger.gaps.size(), 1U);
    EXPECT_EQ(away.ledger.gaps[0].until, away.until);
    EXPECT_THAT(away.ledger.gaps[0].reason, HasSubstr("not back by the end"));
}

TEST(Activity, many_names_are_counted_exactly_and_held_boundedly) {
    std::vector<Event> events;
    for (int i = 0; i < 20'000; ++i) {
        events.push_back(container_event(kThree, "start"));
        events.back().set("container.name", fmt::format("job-{}", i));
        events.back().set("container.id", fmt::format("{:012}", i));
    }
    const Activity activity = tuesday(events);
    EXPECT_EQ(activity.kinds[0].count.now, 20'000U);
    EXPECT_LE(activity.containers_total, 4001U);
    EXPECT_EQ(activity.containers.size(), kActivityRows);
    EXPECT_EQ(activity.unknown_people, 20'000U);
}

TEST(Activity, a_million_records_are_summed_up_in_time) {
    constexpr int kRecords = 200'000;  // a guard against quadratic work; the figure is for the record
    std::vector<Event> events;
    for (int i = 0; i < 1000; ++i) {
        Event& event = events.emplace_back(kThree);
        event.set("record.kind", i % 4 == 0 ? "event" : "sample");
        event.set_unsigned("record.number", static_cast<std::uint64_t>(i));
        event.set("docker.type", "container");
        event.set("docker.action", i % 8 == 0 ? "start" : "die");
        event.set("container.id", fmt::format("{:012}", i % 100));
        event.set("container.name", fmt::format("service-{}", i % 100));
        event.set("container.image", fmt::format("shop:{}", i % 30));
        event.set("container.compose.project", "store");
        event.set_number("container.exit_code", i % 3);
        event.set_unsigned("usage.cpu.ns", static_cast<std::uint64_t>(i));
        event.set_unsigned("usage.memory", 40'000'000);
        for (const char* key : {"a", "b", "c", "d"}) event.set_keyed("docker.attributes", key, "value");
    }
    ActivityBuilder builder(kThree - kHour, kThree + kHour);
    const std::clock_t begin = std::clock();
    for (int i = 0; i < kRecords; ++i) builder.add(events[static_cast<std::size_t>(i) % events.size()]);
    const double each = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / kRecords * 1e6;
    RecordProperty("microseconds_each", fmt::format("{:.3f}", each));
    EXPECT_EQ(builder.finish().records.now, std::uint64_t{kRecords});
    EXPECT_LT(each, 20) << "microseconds of processor time for a record";
}

}  // namespace
}  // namespace plimsoll::report
