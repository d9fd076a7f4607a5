#include "sink/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <numeric>

#include "host/temporary_tree.h"
#include "sink/alert_event.h"
#include "sink/recent_alerts.h"
#include "sink/test_alerts.h"

namespace plimsoll::sink {
namespace {

using namespace test;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

/// A dispatcher over a ledger in memory; alerts are appended, then told to it, as the recorder does.
class Delivery_ : public testing::Test {
protected:
    void start(std::vector<SinkConfig> configs, DeliveryTimes times = quick()) {
        auto made = Dispatcher::start(std::move(configs),
                                      {.feed = feed_,
                                       .cursors = cursors_,
                                       .host = "host1",
                                       .begin = begin_,
                                       .synced = synced_,
                                       .undelivered =
                                           [this](model::Event loss) {
                                               const std::scoped_lock lock(mutex_);
                                               losses_.push_back(std::move(loss));
                                           }},
                                      times);
        ASSERT_TRUE(made) << made.error().message;
        dispatcher_ = std::move(*made);
    }
    RecordNumber happen(const model::Event& event) {
        const RecordNumber number = feed_.append(event.clone());
        const auto shared = std::make_shared<const NumberedAlert>(NumberedAlert{number, event.clone()});
        dispatcher_->notify({&shared, 1});
        if (syncs_) dispatcher_->synced(number + 1);
        return number;
    }
    SinkStatus status(std::size_t index = 0) { return dispatcher_->status().at(index); }
    std::size_t losses() {
        const std::scoped_lock lock(mutex_);
        return losses_.size();
    }

    MemoryFeed feed_;
    MemoryCursors cursors_;
    bool syncs_ = true;  ///< the disk has each alert as soon as it happened
    RecordNumber begin_ = 0;
    std::optional<RecordNumber> synced_;
    std::mutex mutex_;
    std::vector<model::Event> losses_;
    std::unique_ptr<Dispatcher> dispatcher_;
};

std::vector<RecordNumber> upto(std::size_t count) {
    std::vector<RecordNumber> numbers(count);
    std::iota(numbers.begin(), numbers.end(), RecordNumber{0});
    return numbers;
}

TEST_F(Delivery_, HandsOverInOrderWithoutReadingTheLedger) {
    Receiver receiver;
    start({webhook(receiver.url())});
    for (int i = 0; i < 200; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 200; }));
    EXPECT_EQ(receiver.taken(), upto(200));
    EXPECT_EQ(feed_.reads(), 0U);
    ASSERT_TRUE(soon([&] { return status().delivered == 200; }));
    EXPECT_EQ(status().pending, 0U);
    EXPECT_EQ(status().retries, 0U);
    EXPECT_FALSE(status().behind);
}

TEST_F(Delivery_, AReceiverThatFailsAndThenWorksGetsEverythingOnceAndInOrder) {
    Receiver receiver([](const auto&, std::size_t before) {
        return host::ServedAnswer{.status = before % 3 == 2 ? 200U : 500U, .body = "out of order"};
    });
    start({webhook(receiver.url())});
    for (int i = 0; i < 50; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 50; }));
    EXPECT_EQ(receiver.taken(), upto(50));
    EXPECT_EQ(receiver.requests().size(), 150U);
    EXPECT_EQ(status().retries, 100U);
    EXPECT_EQ(status().last_error, "HTTP 500: out of order");
    EXPECT_EQ(losses(), 0U);
}

TEST_F(Delivery_, AReceiverThatIsDownBlocksNobodyAndGetsAllWhenItComesBack) {
    std::uint16_t port = 0;
    { port = Receiver().port(); }
    Receiver other;
    DeliveryTimes times = quick();
    times.ring = 64;  // far less than what happens meanwhile
    start({webhook("http://127.0.0.1:" + std::to_string(port) + "/"), webhook(other.url(), "other")}, times);
    for (int i = 0; i < 3000; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return status().retries > 2; }));
    EXPECT_THAT(status().last_error, HasSubstr("Connection refused"));
    EXPECT_GT(status().lag, 0);
    EXPECT_TRUE(status().behind);
    EXPECT_EQ(status().cursor, 0U);
    ASSERT_TRUE(soon([&] { return other.taken().size() == 3000; }));  // one sink does not wait for another

    Receiver back({}, "127.0.0.1:" + std::to_string(port));
    ASSERT_TRUE(soon([&] { return back.taken().size() == 3000; }));
    EXPECT_EQ(back.taken(), upto(3000));
    EXPECT_GT(feed_.reads(), 0U);
}

TEST_F(Delivery_, WhileAReceiverStandsStillMemoryIsBoundedInBytesAndNothingIsLost) {
    std::atomic<bool> stands = true;
    Receiver receiver([&](const auto&, std::size_t) {
        while (stands) std::this_thread::sleep_for(milliseconds(1));
        return host::ServedAnswer{};
    });
    DeliveryTimes times = quick();
    times.ring_bytes = 64 * 1024;
    start({webhook(receiver.url())}, times);
    for (int i = 0; i < 500; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return status().attempts == 1; }));
    EXPECT_TRUE(status().behind);
    EXPECT_LT(status().pending * alert().memory(), 2 * times.ring_bytes);
    stands = false;
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 500; }));
    EXPECT_EQ(receiver.taken(), upto(500));
}

TEST_F(Delivery_, AFileGetsABurstInOrder) {
    const host::TemporaryTree tree;
    SinkConfig config{.name = "file", .kind = FileConfig{.path = tree.at("/alerts")}};
    start({config});
    std::vector<SharedAlert> burst;
    for (int i = 0; i < 3000; ++i) {
        const RecordNumber number = feed_.append(alert());
        burst.push_back(std::make_shared<const NumberedAlert>(NumberedAlert{number, alert()}));
    }
    dispatcher_->notify(burst);
    ASSERT_TRUE(soon([&] { return status().delivered == 3000; }));
    std::ifstream file(tree.at("/alerts"));
    std::uint64_t expected = 0;
    for (std::string line; std::getline(file, line); ++expected)
        ASSERT_THAT(line, HasSubstr("\"number\":" + std::to_string(expected) + ","));
    EXPECT_EQ(expected, 3000U);
}

TEST_F(Delivery_, RedirectsAreNotFollowedAndTriedAgain) {
    Receiver elsewhere;
    std::atomic<bool> repaired = false;
    Receiver receiver([&](const auto&, std::size_t) {
        if (repaired) return host::ServedAnswer{};
        return host::ServedAnswer{.status = 302, .headers = {{"Location", elsewhere.url()}}};
    });
    start({webhook(receiver.url())});
    happen(alert());
    ASSERT_TRUE(soon([&] { return status().retries > 8; }));
    EXPECT_EQ(status().last_error, "HTTP 302: redirects are not followed; give the URL that it leads to");
    EXPECT_TRUE(elsewhere.requests().empty());
    EXPECT_EQ(losses(), 0U);
    repaired = true;
    ASSERT_TRUE(soon([&] { return status().delivered == 1; }));
}

TEST_F(Delivery_, ARefusedAlertIsPutAsideAndRecordedAndTheNextOneGoesOn) {
    Receiver receiver([](const host::ServedRequest& request, std::size_t) {
        const bool bad = request.header("x-plimsoll-alert").starts_with("1-");
        return host::ServedAnswer{.status = bad ? 400U : 200U, .body = bad ? "no such\x1b[31m channel" : ""};
    });
    start({webhook(receiver.url())});
    for (int i = 0; i < 3; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 2; }));
    EXPECT_THAT(receiver.taken(), ElementsAre(0, 2));
    ASSERT_EQ(losses(), 1U);
    const model::Event& loss = losses_[0];
    EXPECT_EQ(loss.text("record.kind"), "loss");
    EXPECT_EQ(loss.text("loss.what"), "alert.undelivered");
    EXPECT_EQ(loss.text("alert.sink"), "hook");
    EXPECT_EQ(loss.text("alert.rule"), "Shell in a container");
    EXPECT_EQ(loss.number("alert.record"), 1U);
    EXPECT_EQ(loss.text("loss.reason"), "HTTP 400: no such\\x1b[31m channel");
    EXPECT_EQ(status().undelivered, 1U);
}

TEST_F(Delivery_, AlertsAboutUndeliveredAlertsMakeNoMoreOfThem) {
    Receiver receiver([](const auto&, std::size_t) { return host::ServedAnswer{.status = 410}; });
    start({webhook(receiver.url(), "a"), webhook(receiver.url(), "b")});
    model::Event about = alert("Alert not delivered");
    about.set("loss.what", "alert.undelivered");
    about.set("alert.sink", "a");
    happen(about);
    ASSERT_TRUE(soon([&] { return status(0).not_wanted == 1 && status(1).undelivered == 1; }));
    EXPECT_EQ(losses(), 0U);
}

TEST_F(Delivery_, RoutesByConditionAndPriority) {
    Receiver receiver;
    SinkConfig by_condition = webhook(receiver.url(), "shells");
    by_condition.condition = "container.name startswith pay and alert.tags intersects (exec)";
    SinkConfig by_priority = webhook(receiver.url(), "pager");
    by_priority.least = rule::Priority::error;
    start({by_condition, by_priority});
    happen(alert("a", "Notice", "payments"));
    happen(alert("b", "Notice", "web"));
    happen(alert("c", "Critical", "web"));
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 2; }));
    ASSERT_TRUE(soon([&] { return status(0).not_wanted == 2 && status(1).not_wanted == 2; }));
    EXPECT_THAT(receiver.taken(), testing::UnorderedElementsAre(0, 2));
}

TEST_F(Delivery_, AfterARestartItGoesOnWhereItWas) {
    Receiver receiver;
    start({webhook(receiver.url())});
    for (int i = 0; i < 3; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 3; }));
    dispatcher_.reset();
    for (int i = 0; i < 4; ++i) feed_.append(alert());  // recorded while nobody delivered
    start({webhook(receiver.url())});
    happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 8; }));
    EXPECT_EQ(receiver.taken(), upto(8));
}

TEST_F(Delivery_, ANewSinkGetsNoHistory) {
    Receiver receiver;
    for (int i = 0; i < 4; ++i) feed_.append(alert());
    start({webhook(receiver.url())});
    happen(alert());
    ASSERT_TRUE(soon([&] { return !receiver.taken().empty(); }));
    EXPECT_THAT(receiver.taken(), ElementsAre(4));
}

TEST_F(Delivery_, ACursorBeyondTheLedgerIsToldAndSetBack) {
    Receiver receiver;
    ASSERT_TRUE(cursors_.save("hook", 1000));
    feed_.append(alert());  // a ledger without any record could not be read
    begin_ = 1;
    start({webhook(receiver.url())});
    happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 1; }));
    EXPECT_THAT(receiver.taken(), ElementsAre(1));
}

TEST_F(Delivery_, AStopTellsWhatIsHeldAndAnotherStartRepeatsNothing) {
    Receiver receiver;
    SinkConfig config = webhook(receiver.url());
    config.fold_for = std::chrono::seconds(3600);
    start({config});
    for (int i = 0; i < 10; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return status().held == 9; }));
    EXPECT_THAT(receiver.taken(), ElementsAre(0));
    dispatcher_.reset();
    EXPECT_THAT(receiver.taken(), ElementsAre(0, 9));
    EXPECT_THAT(receiver.requests().back().body, HasSubstr("\"folded\":9"));
    EXPECT_EQ(cursors_.load("hook")->value(), 10U);
}

TEST_F(Delivery_, WhatIsHeldAndCannotBeToldStaysBehindTheCursor) {
    auto receiver = std::make_unique<Receiver>();
    SinkConfig config = webhook(receiver->url());
    config.fold_for = std::chrono::seconds(3600);
    start({config});
    for (int i = 0; i < 10; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return status().held == 9; }));
    receiver.reset();
    dispatcher_.reset();
    EXPECT_EQ(cursors_.load("hook")->value(), 1U);  // the nine are delivered after the next start
}

TEST_F(Delivery_, AStopDoesNotWaitForAReceiverThatHangs) {
    std::atomic<bool> release = false;
    Receiver receiver([&](const auto&, std::size_t) {
        while (!release) std::this_thread::sleep_for(milliseconds(5));
        return host::ServedAnswer{};
    });
    DeliveryTimes times = quick();
    times.flush = milliseconds(100);
    start({webhook(receiver.url())}, times);
    happen(alert());
    ASSERT_TRUE(soon([&] { return status().attempts == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    dispatcher_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));  // its own time limit is ten
    EXPECT_EQ(cursors_.load("hook")->value(), 0U);
    release = true;
}

TEST_F(Delivery_, AlertsDoNotWaitForACursorToBeKept) {
    Receiver receiver;
    start({webhook(receiver.url())});
    happen(alert());
    ASSERT_TRUE(soon([&] { return status().cursor == 1; }));
    cursors_.stick(true);
    for (int i = 0; i < 5; ++i) {
        happen(alert());
        ASSERT_TRUE(soon([&] { return receiver.taken().size() == static_cast<std::size_t>(i + 2); }));
        std::this_thread::sleep_for(2 * quick().save_cursor);
    }
    EXPECT_EQ(status().cursor, 1U);
    cursors_.stick(false);
    ASSERT_TRUE(soon([&] { return status().cursor == 6; }));
}

TEST_F(Delivery_, ACursorIsNotKeptBeyondWhatTheDiskHas) {
    Receiver receiver;
    start({webhook(receiver.url())});
    for (int i = 0; i < 3; ++i) happen(alert());
    syncs_ = false;
    for (int i = 0; i < 4; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return status().delivered == 7; }));
    ASSERT_TRUE(soon([&] { return status().cursor == 3; }));
    dispatcher_.reset();
    EXPECT_EQ(cursors_.load("hook")->value(), 3U);
    synced_ = 3;
    start({webhook(receiver.url()), webhook(receiver.url("/new"), "new")});  // the ledger shows them: they come again
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 11; }));
    ASSERT_TRUE(soon([&] { return status(1).cursor == 3; })) << "a new sink begins behind what the disk has";
    EXPECT_EQ(status().cursor, 3U);
    dispatcher_->synced(7);
    ASSERT_TRUE(soon([&] { return status().cursor == 7; })) << "without another alert";
}

TEST_F(Delivery_, WhatWasToldToOthersComesFromTheLedgerOnceItShowsThat) {
    Receiver receiver;
    ASSERT_TRUE(cursors_.save("hook", 0));
    begin_ = 2;
    start({webhook(receiver.url())});
    for (int i = 0; i < 3; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 3; }));
    EXPECT_THAT(receiver.taken(), ElementsAre(0, 1, 2));
}

TEST_F(Delivery_, WhatAllSinksHaveLookedAtIsForgotten) {
    RecentAlerts recent(0, {.alerts = 100, .bytes = 1U << 20U});
    std::vector<SharedAlert> alerts;
    for (RecordNumber i = 0; i < 10; ++i)
        alerts.push_back(std::make_shared<const NumberedAlert>(NumberedAlert{i, alert()}));
    recent.put(alerts);
    recent.forget(7);
    EXPECT_EQ(recent.count_from(0), 3U);
    EXPECT_FALSE(recent.from(6, {.alerts = 10, .bytes = 1U << 20U}).covered);
    const auto left = recent.from(7, {.alerts = 10, .bytes = 1U << 20U});
    EXPECT_TRUE(left.covered);
    EXPECT_THAT(left.alerts, testing::SizeIs(3));
    EXPECT_EQ(alerts.front().use_count(), 1);

    Receiver one;
    Receiver other([](const auto&, std::size_t) { return host::ServedAnswer{.status = 503, .body = "later"}; });
    start({webhook(one.url(), "one"), webhook(other.url(), "other")});
    for (int i = 0; i < 20; ++i) happen(alert());
    ASSERT_TRUE(soon([&] { return one.taken().size() == 20; }));
    EXPECT_EQ(status(1).pending, 20U) << "one of two sinks has not looked at them";
    EXPECT_EQ(feed_.reads(), 0U);
}

TEST_F(Delivery_, TheDispatcherLetsGoOfAlertsThatAllSinksHaveLookedAt) {
    Receiver receiver;
    start({webhook(receiver.url())});
    auto shared = std::make_shared<const NumberedAlert>(NumberedAlert{feed_.append(alert()), alert()});
    const std::weak_ptr<const NumberedAlert> first = shared;
    dispatcher_->notify({&shared, 1});
    shared.reset();
    ASSERT_TRUE(soon([&] { return status().delivered == 1 && status().pending == 0; }));
    ASSERT_TRUE(soon([&] {
        happen(alert());
        return first.expired();
    }));
}

TEST_F(Delivery_, AlertsThatTheLedgerCouldNotTakeAreDeliveredAndMoveNoCursor) {
    Receiver receiver;
    start({webhook(receiver.url())});
    happen(alert());
    ASSERT_TRUE(soon([&] { return status().delivered == 1; }));
    std::vector<SharedAlert> unrecorded;
    for (int i = 0; i < 3; ++i) {
        model::Event made = alert();
        made.set("alert.key", "key" + std::to_string(i));
        unrecorded.push_back(std::make_shared<const NumberedAlert>(NumberedAlert{kNotRecorded, std::move(made)}));
    }
    dispatcher_->notify_unrecorded(unrecorded);
    ASSERT_TRUE(soon([&] { return status().delivered == 4; }));
    EXPECT_THAT(std::string(receiver.requests().back().header("x-plimsoll-alert")), testing::EndsWith("-key2"));
    happen(alert());
    ASSERT_TRUE(soon([&] { return status().delivered == 5; }));
    dispatcher_.reset();
    EXPECT_EQ(cursors_.load("hook")->value(), 2U);
}

TEST_F(Delivery_, OfUnrecordedAlertsTheNewestWaitAndTheOthersAreCounted) {
    std::atomic<bool> works = false;
    Receiver receiver([&](const auto&, std::size_t) {
        return works ? host::ServedAnswer{} : host::ServedAnswer{.status = 503, .body = "later"};
    });
    start({webhook(receiver.url())});
    const auto one = std::make_shared<const NumberedAlert>(NumberedAlert{kNotRecorded, alert()});
    dispatcher_->notify_unrecorded({&one, 1});
    ASSERT_TRUE(soon([&] { return status().attempts > 0; }));
    for (int i = 0; i < 1500; ++i) dispatcher_->notify_unrecorded({&one, 1});
    works = true;
    ASSERT_TRUE(soon([&] { return status().delivered + status().undelivered == 1501; }));
    EXPECT_EQ(status().undelivered, 1500U - 1024U);
}

TEST_F(Delivery_, AnAlertIsNamedByNumberAndTime) {
    Receiver receiver;
    start({webhook(receiver.url())});
    happen(alert());
    model::Event second = alert();
    second.set_time(1'700'000'000'000'000'001);
    happen(second);
    ASSERT_TRUE(soon([&] { return receiver.requests().size() == 2; }));
    EXPECT_THAT(receiver.requests().back().body, HasSubstr(R"("id":"1-1700000000000000001")"));
    EXPECT_EQ(receiver.requests().back().header("X-Plimsoll-Alert"), "1-1700000000000000001");
}

TEST_F(Delivery_, WhatIsStartedAnewAtOnceGoesOnWhereTheFirstWouldHaveBegun) {
    Receiver receiver;
    start({webhook(receiver.url())});
    dispatcher_.reset();  // as a rule before its thread has run
    for (int i = 0; i < 3; ++i) feed_.append(alert());
    begin_ = 3;
    start({webhook(receiver.url())});
    ASSERT_TRUE(soon([&] { return receiver.taken().size() == 3; }));
    EXPECT_EQ(receiver.taken(), upto(3));
}

TEST_F(Delivery_, RefusesConfigurationsThatCannotWork) {
    const auto fault = [&](SinkConfig config) {
        const auto made = Dispatcher::start({std::move(config)}, {.feed = feed_, .cursors = cursors_, .host = "h"});
        return made ? std::string() : made.error().message;
    };
    EXPECT_THAT(fault(webhook("ftp://x/")), HasSubstr("begins with https://"));
    EXPECT_THAT(fault(webhook("http://user:secret@x/")),
                testing::AllOf(HasSubstr("no user name"), testing::Not(HasSubstr("secret"))));
    EXPECT_THAT(fault(webhook("http://x/", "no name")), HasSubstr("name of a sink"));
    SinkConfig config = webhook("http://x/");
    config.condition = "container.nme = a";
    EXPECT_THAT(fault(config), HasSubstr("container.name"));
    std::get<WebhookConfig>(config.kind).headers = {{"X-A", "b\r\nX-C: d"}};
    EXPECT_THAT(fault(config), HasSubstr("X-A"));
    EXPECT_THAT(fault({.name = "c", .kind = CommandConfig{.arguments = {"logger"}}}), HasSubstr("absolute path"));
    EXPECT_THAT(fault({.name = "s", .kind = SyslogConfig{.address = "udp://x"}}), HasSubstr("no syslog address"));
}

}  // namespace
}  // namespace plimsoll::sink
