#include "source/engine/engine_source.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "host/http_server.h"
#include "host/temporary_tree.h"

namespace plimsoll::source {
namespace {

struct Kept final : Outlet {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<model::Event> events;

    bool put(model::Event event) override {
        const std::lock_guard lock(mutex);
        events.push_back(std::move(event));
        changed.notify_all();
        return true;
    }
    bool offer(model::Event event) override { return put(std::move(event)); }
    void wait_for(std::size_t count) {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return events.size() >= count; }));
    }
};

TEST(EngineSource, AnEngineOutOfReachIsTwoRecordsHoweverOftenItIsTried) {
    const host::TemporaryTree tree;
    const std::string address = "unix://" + tree.at("/s");
    EngineSource source({.endpoint = *host::parse_endpoint(address)});
    EXPECT_FALSE(source.inventory()->doubt().empty());
    Kept kept;
    std::jthread thread([&](const std::stop_token& stop) { source.run(kept, stop); });
    kept.wait_for(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // some tries more
    EXPECT_EQ(kept.events.size(), 1U);
    EXPECT_EQ(kept.events[0].text("evt.type"), "engine_down");
    EXPECT_EQ(kept.events[0].text("docker.endpoint"), address);
    EXPECT_FALSE(kept.events[0].text("loss.reason").empty());
    EXPECT_NE(source.inventory()->doubt(), "");

    const auto server = host::HttpServer::start(address, {}, [](const host::ServedRequest& request) {
        if (request.path() == "/version") return host::ServedAnswer{.body = R"({"Version":"27"})"};
        return host::ServedAnswer{.body = request.path() == "/events" ? "" : "[]"};  // its stream ends at once
    });
    ASSERT_TRUE(server) << server.error().message;
    kept.wait_for(2);
    EXPECT_EQ(kept.events[1].text("evt.type"), "engine_up");
    EXPECT_EQ(kept.events[1].text("loss.reason"), kept.events[0].text("loss.reason"));
    EXPECT_EQ(kept.events[1].number("loss.from"), kept.events[0].number("loss.from"));
    EXPECT_GT(kept.events[1].number("loss.until"), kept.events[1].number("loss.from") + 500'000'000);
}

}  // namespace
}  // namespace plimsoll::source
