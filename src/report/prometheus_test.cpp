#include "report/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

using testing::HasSubstr;
using testing::Not;

model::Event sample(std::string_view id, std::string_view name, Nanoseconds time) {
    model::Event event(time);
    event.set("record.kind", "sample");
    event.set("container.id", id);
    event.set("container.name", name);
    event.set("container.image", "bb:1.0");
    event.set_unsigned("usage.cpu.ns", 1'500'000'000);
    event.set_unsigned("usage.memory", 4096);
    event.set_real("usage.pressure.io", 12.5);
    event.unknown("usage.net.sent", "no reason");
    return event;
}

TEST(Prometheus, TheFormatOfText) {
    const Metric metrics[] = {
        {"plimsoll_records_total", "Records\nkept \\ counted", MetricType::counter, {{{}, 3}}},
        {"plimsoll_lag_seconds", "Lag", MetricType::gauge, {{{{"sink", "a\"b\\c\nd"}, {"x", "y"}}, 0.25}}},
        {"plimsoll_nothing", "No samples", MetricType::gauge, {}},
    };
    EXPECT_EQ(prometheus_text(metrics),
              "# HELP plimsoll_records_total Records\\nkept \\\\ counted\n"
              "# TYPE plimsoll_records_total counter\n"
              "plimsoll_records_total 3\n"
              "# HELP plimsoll_lag_seconds Lag\n"
              "# TYPE plimsoll_lag_seconds gauge\n"
              "plimsoll_lag_seconds{sink=\"a\\\"b\\\\c\\nd\",x=\"y\"} 0.25\n");
}

TEST(LatestSamples, ContainersAndTheHost) {
    LatestSamples latest;
    latest.keep(sample("aa", "web", 100 * kSecond));
    latest.keep(sample("host", "host", 100 * kSecond));
    const std::string text = prometheus_text(latest.metrics());
    EXPECT_THAT(text,
                HasSubstr("\nplimsoll_container_cpu_seconds_total{id=\"aa\",name=\"web\",image=\"bb:1.0\"} 1.5\n"));
    EXPECT_THAT(text, HasSubstr("\nplimsoll_host_memory_bytes 4096\n"));
    EXPECT_THAT(text, HasSubstr("image=\"bb:1.0\",resource=\"io\"} 0.125\n"));
    EXPECT_THAT(text, Not(HasSubstr("network_sent"))) << "what is unknown is left out";
}

TEST(LatestSamples, AContainerThatEndedIsForgotten) {
    LatestSamples latest;
    latest.keep(sample("aa", "gone", 100 * kSecond));
    latest.keep(sample("bb", "here", 110 * kSecond));
    EXPECT_THAT(prometheus_text(latest.metrics()), HasSubstr("gone"));
    latest.keep(sample("bb", "here", 140 * kSecond));
    EXPECT_THAT(prometheus_text(latest.metrics()), Not(HasSubstr("gone")));
    EXPECT_EQ(latest.events().size(), 1U);
}

TEST(LatestSamples, OtherRecordsAreNotSamples) {
    LatestSamples latest;
    model::Event event(1);
    event.set("record.kind", "event");
    event.set("container.id", "aa");
    latest.keep(event);
    EXPECT_TRUE(latest.events().empty());
}

}  // namespace
}  // namespace plimsoll::report
