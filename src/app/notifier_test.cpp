#include "app/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "app/ledger_feed.h"
#include "host/temporary_tree.h"

namespace plimsoll::app {
namespace {

/// A real ledger, its alerts' sinks, and whoever raises alerts.
class NotifierTest : public testing::Test {
protected:
    NotifierTest() {
        auto opened = ledger::Writer::open({.path = tree_.at("/ledger"), .host = "test"});
        check(opened.has_value());
        writer_ = std::move(*opened);
        feed_ = std::make_unique<LedgerFeed>(tree_.at("/ledger"));
        notifier_ = std::make_unique<Notifier>(
            *feed_, cursors_, writer_->durable(), [](model::Event) {}, log_);
    }

    [[nodiscard]] sink::SinkConfig file() const {
        return {.name = "file", .kind = sink::FileConfig{.path = tree_.at("/alerts")}};
    }

    static model::Event alert(int number) {
        model::Event made(now());
        made.set("record.kind", "alert");
        made.set("alert.rule", "rule");
        made.set("alert.priority", "Warning");
        made.set("alert.output", "alert " + std::to_string(number) + ".");
        return made;
    }

    /// Raises one as the recorder does.
    void raise(int number) {
        const auto made = std::make_shared<sink::NumberedAlert>();
        made->alert = alert(number);
        made->number = writer_->append(made->alert).value();
        const sink::SharedAlert shared = made;
        notifier_->raised({&shared, 1});
    }

    /// Whether the alert of that number stands in the file of the sink.
    [[nodiscard]] std::set<int> delivered(int count) const {
        std::set<int> all;
        std::ifstream lines(tree_.at("/alerts"));
        for (std::string line; std::getline(lines, line);)
            for (int i = 0; i < count; ++i)
                if (line.find("alert " + std::to_string(i) + ".") != std::string::npos) all.insert(i);
        return all;
    }

    static bool soon(const std::function<bool()>& holds) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

    host::TemporaryTree tree_;
    Log log_{LogLevel::error, [](std::string_view) {}};
    sink::FileCursorStore cursors_{tree_.at("/sinks")};
    std::unique_ptr<ledger::Writer> writer_;
    std::unique_ptr<LedgerFeed> feed_;
    std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierTest, AReloadWhileAlertsComeLosesNone) {
    constexpr int kAlerts = 400;
    ASSERT_TRUE(notifier_->use({file()}, "host"));
    std::atomic<bool> reloads = true;
    std::jthread reloading([&] {
        while (reloads) EXPECT_TRUE(notifier_->use({file()}, "host"));
    });
    for (int i = 0; i < kAlerts; ++i) {
        raise(i);
        if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (i % 50 == 0) {
            ASSERT_TRUE(writer_->commit());
            notifier_->synced(writer_->durable());
        }
    }
    reloads = false;
    reloading.join();
    ASSERT_TRUE(writer_->commit());
    notifier_->synced(writer_->durable());
    EXPECT_TRUE(soon([&] { return delivered(kAlerts).size() == kAlerts; })) << delivered(kAlerts).size();
}

TEST_F(NotifierTest, UnrecordedAlertsOfAMomentWithoutSinksWait) {
    const auto made = std::make_shared<sink::NumberedAlert>();
    made->alert = alert(0);
    const sink::SharedAlert shared = made;
    notifier_->unrecorded({&shared, 1});
    ASSERT_TRUE(notifier_->use({file()}, "host"));
    EXPECT_TRUE(soon([&] { return delivered(1).size() == 1; }));
}

TEST_F(NotifierTest, SinksThatCannotStartLeaveNone) {
    sink::SinkConfig bad = file();
    bad.condition = "no.such.field = 1";
    EXPECT_FALSE(notifier_->use({bad}, "host"));
    EXPECT_TRUE(notifier_->status().empty());
    raise(0);
    ASSERT_TRUE(writer_->commit());
    ASSERT_TRUE(notifier_->use({file()}, "host"));
    raise(1);
    EXPECT_TRUE(soon([&] { return delivered(2).contains(1); }));
}

}  // namespace
}  // namespace plimsoll::app
