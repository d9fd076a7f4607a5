// Delivers alerts to one sink from a ledger in memory, for tests/e2e/sinks_test.py:
//   deliver KIND ADDRESS COUNT [OPTION=VALUE]…
// KIND: webhook, syslog, file, command. Options: ca, secret, timeout (ms), retry (ms), gap (µs between alerts), wait
// (s), cursors (folder), from (number of alerts that a former run made). Writes the sink's status as JSON when all is
// delivered, or when `wait` is over; exit 0 when all was.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "sink/delivery.h"

using namespace plimsoll;

namespace {

class Feed final : public sink::AlertFeed {
public:
    sink::RecordNumber append(const model::Event& event) {
        const std::scoped_lock lock(mutex_);
        alerts_.push_back(event.clone());
        return alerts_.size() - 1;
    }
    Result<sink::AlertBatch> from(sink::RecordNumber first, std::size_t most) override {
        const std::scoped_lock lock(mutex_);
        sink::AlertBatch batch{.alerts = {}, .next = first};
        for (; batch.next < alerts_.size() && batch.alerts.size() < most; ++batch.next)
            batch.alerts.push_back({batch.next, alerts_[batch.next].clone()});
        return batch;
    }
    sink::RecordNumber end() override {
        const std::scoped_lock lock(mutex_);
        return alerts_.size();
    }

private:
    std::mutex mutex_;
    std::vector<model::Event> alerts_;
};

model::Event alert(std::size_t number) {
    model::Event event(now());
    event.set("record.kind", "alert");
    event.set("alert.rule", "Shell in a container");
    event.set("alert.priority", "Notice");
    event.set("alert.output", "alert number " + std::to_string(number));
    event.set("alert.key", std::to_string(number));
    event.set("container.id", "0123456789ab");
    event.set("container.name", "web");
    return event;
}

}  // namespace

int main(int count, char** words) {
    if (count < 4) return 2;
    const std::vector<std::string> given(words + 1, words + count);
    std::map<std::string, std::string> options;
    for (std::size_t i = 3; i < given.size(); ++i) {
        const auto equals = given[i].find('=');
        options[given[i].substr(0, equals)] = given[i].substr(equals + 1);
    }
    const auto number = [&](const char* name, std::uint64_t otherwise) {
        return options.contains(name) ? std::stoull(options[name]) : otherwise;
    };
    const std::chrono::milliseconds timeout(number("timeout", 5000));
    sink::SinkConfig config{.name = "under_test", .kind = sink::FileConfig{.path = given[1]}};
    if (given[0] == "webhook")
        config.kind = sink::WebhookConfig{
            .url = given[1], .secret = options["secret"], .ca_file = options["ca"], .timeout = timeout};
    if (given[0] == "syslog")
        config.kind = sink::SyslogConfig{.address = given[1], .ca_file = options["ca"], .timeout = timeout};
    if (given[0] == "command") config.kind = sink::CommandConfig{.arguments = {given[1]}, .timeout = timeout};
    config.fold_for = std::chrono::seconds(0);
    config.rate = sink::RateLimit{};

    Feed feed;
    const std::uint64_t before = number("from", 0);
    const std::uint64_t all = std::stoull(given[2]);
    for (std::size_t i = 0; i < before; ++i) feed.append(alert(i));
    sink::FileCursorStore cursors(options.contains("cursors") ? options["cursors"] : "/nonexistent/cursors");
    sink::DeliveryTimes times;
    times.longest_retry = std::chrono::milliseconds(number("retry", 300));
    times.save_cursor = std::chrono::milliseconds(10);
    auto made = sink::Dispatcher::start({config}, {.feed = feed, .cursors = cursors, .host = "host1"}, times);
    if (!made) {
        std::fprintf(stderr, "%s\n", made.error().message.c_str());
        return 2;
    }
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = before; i < all; ++i) {
        model::Event event = alert(i);
        const sink::RecordNumber appended = feed.append(event);
        const auto shared =
            std::make_shared<const sink::NumberedAlert>(sink::NumberedAlert{appended, std::move(event)});
        (*made)->notify({&shared, 1});
        (*made)->synced(appended + 1);
        if (const auto gap = number("gap", 0); gap > 0) std::this_thread::sleep_for(std::chrono::microseconds(gap));
    }
    const double notified = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const std::uint64_t expected = number("expect", all);
    const auto until = begin + std::chrono::seconds(number("wait", 60));
    while ((*made)->status()[0].delivered < expected && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const sink::SinkStatus status = (*made)->status()[0];
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf(
        "{\"delivered\":%llu,\"retries\":%llu,\"undelivered\":%llu,\"pending\":%llu,\"notified_s\":%.6f,"
        "\"seconds\":%.3f,\"last_error\":\"%s\"}\n",
        static_cast<unsigned long long>(status.delivered), static_cast<unsigned long long>(status.retries),
        static_cast<unsigned long long>(status.undelivered), static_cast<unsigned long long>(status.pending), notified,
        taken, status.last_error.c_str());
    return status.delivered >= expected ? 0 : 1;
}
