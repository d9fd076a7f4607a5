#pragma once

// For tests of this room: alerts, a ledger in memory, a receiver that does what the test says.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/http_server.h"
#include "sink/delivery.h"

namespace plimsoll::sink::test {

inline model::Event alert(const std::string& rule = "Shell in a container", const std::string& priority = "Notice",
                          const std::string& container = "web") {
    model::Event event(1'795'000'000'123'456'789);
    event.set("record.kind", "alert");
    event.set("alert.rule", rule);
    event.set("alert.priority", priority);
    event.set("alert.output", rule + " in " + container);
    event.set("alert.key", rule + container);
    event.set("container.id", "0123456789ab");
    event.set("container.name", container);
    event.set_unsigned("alert.record", 41);
    event.set_list("alert.tags", std::vector<std::string>{"T1609", "exec"});
    return event;
}

/// Waits until it holds; false after ten seconds, which no test should need.
inline bool soon(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < until) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return holds();
}

/// A ledger in which every record is an alert.
class MemoryFeed final : public AlertFeed {
public:
    RecordNumber append(model::Event event) {
        const std::scoped_lock lock(mutex_);
        alerts_.push_back(std::move(event));
        return alerts_.size() - 1;
    }
    Result<AlertBatch> from(RecordNumber first, std::size_t most) override {
        const std::scoped_lock lock(mutex_);
        ++reads_;
        AlertBatch batch{.alerts = {}, .next = first};
        for (; batch.next < alerts_.size() && batch.alerts.size() < most; ++batch.next)
            batch.alerts.push_back({batch.next, alerts_[batch.next].clone()});
        return batch;
    }
    RecordNumber end() override {
        const std::scoped_lock lock(mutex_);
        return alerts_.size();
    }
    std::size_t reads() {
        const std::scoped_lock lock(mutex_);
        return reads_;
    }

private:
    std::mutex mutex_;
    std::vector<model::Event> alerts_;
    std::size_t reads_ = 0;
};

class MemoryCursors final : public CursorStore {
public:
    Result<std::optional<RecordNumber>> load(const std::string& sink) override {
        const std::scoped_lock lock(mutex_);
        const auto found = cursors_.find(sink);
        return found == cursors_.end() ? std::nullopt : std::optional(found->second);
    }
    Result<void> save(const std::string& sink, RecordNumber next) override {
        std::unique_lock lock(mutex_);
        freed_.wait_for(lock, std::chrono::seconds(20), [this] { return !stuck_; });
        cursors_[sink] = next;
        return {};
    }

    /// As a disk that takes nothing for a while.
    void stick(bool stuck) {
        const std::scoped_lock lock(mutex_);
        stuck_ = stuck;
        freed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable freed_;
    bool stuck_ = false;
    std::map<std::string, RecordNumber> cursors_;
};

/// An HTTP receiver in this process: keeps what it was sent, answers as told.
class Receiver {
public:
    using Answer = std::function<host::ServedAnswer(const host::ServedRequest&, std::size_t before)>;

    explicit Receiver(Answer answer = {}, const std::string& listen = "127.0.0.1:0") : answer_(std::move(answer)) {
        host::ServeLimits limits;
        limits.threads = 1;
        auto server = host::HttpServer::start(listen, limits, [this](const host::ServedRequest& request) {
            const std::scoped_lock lock(mutex_);
            const host::ServedAnswer given = answer_ ? answer_(request, requests_.size()) : host::ServedAnswer{};
            requests_.push_back(request);
            if (given.status == 200) taken_.push_back(std::stoull(std::string(request.header("x-plimsoll-alert"))));
            return given;
        });
        check(server.has_value());
        server_ = std::move(*server);
    }

    [[nodiscard]] std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    std::vector<host::ServedRequest> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }
    std::vector<RecordNumber> taken() {  ///< numbers of the alerts that were answered with 200
        const std::scoped_lock lock(mutex_);
        return taken_;
    }

private:
    std::mutex mutex_;
    Answer answer_;
    std::vector<host::ServedRequest> requests_;
    std::vector<RecordNumber> taken_;
    std::unique_ptr<host::HttpServer> server_;  // last: its handlers use the others
};

inline SinkConfig webhook(const std::string& url, const std::string& name = "hook") {
    SinkConfig config{.name = name, .kind = WebhookConfig{.url = url}};
    config.fold_for = std::chrono::seconds(0);
    config.rate = RateLimit{};
    return config;
}

/// Times under which nothing waits long.
inline DeliveryTimes quick() {
    DeliveryTimes times;
    times.first_retry = std::chrono::milliseconds(1);
    times.longest_retry = std::chrono::milliseconds(10);
    return times;
}

}  // namespace plimsoll::sink::test
