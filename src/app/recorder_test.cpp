#include "app/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "host/temporary_tree.h"
#include "ledger/reader.h"
#include "rule/rule_set.h"

namespace plimsoll::app {
namespace {

constexpr std::string_view kRules = R"(
- rule: Paused
  desc: a container was paused
  condition: docker.action = pause
  output: paused %container.name
  priority: WARNING
  source: docker
)";

class Recording : public testing::Test, public AlertListener {
protected:
    explicit Recording(std::uint64_t reserve_bytes = 0) {
        auto opened =
            ledger::Writer::open({.path = tree_.at("/ledger"), .host = "test", .reserve_bytes = reserve_bytes});
        check(opened.has_value());
        writer_ = std::move(*opened);
        recorder_ =
            std::make_unique<Recorder>(queue_, *writer_, std::vector<std::unique_ptr<enrich::Enricher>>(), *this, log_);
        recorder_->use_rules(std::make_shared<rule::AlertRules>(rule::load_rules("test.yaml", kRules)));
        thread_ = std::jthread([this] { recorder_->run(); });
    }

    void raised(std::span<const sink::SharedAlert> alerts) override {
        for (const sink::SharedAlert& alert : alerts) {
            told_.emplace_back(alert->alert.text("alert.output"));
            waited_for_disk_ = waited_for_disk_ || alert->number < writer_->durable();
            last_ = alert->number;
        }
    }
    void unrecorded(std::span<const sink::SharedAlert> alerts) override {
        for (const sink::SharedAlert& alert : alerts) {
            EXPECT_EQ(alert->number, sink::kNotRecorded);
            unrecorded_.emplace_back(alert->alert.text("alert.output"));
            reason_ = alert->alert.text("loss.reason");
        }
    }
    void synced(ledger::RecordNumber end) override {
        EXPECT_EQ(end, writer_->durable());
        synced_ = end;
    }

    void finish() {
        queue_.stop();
        thread_.join();
    }

    static model::Event event(const char* action, const char* name) {
        model::Event made(now());
        made.set("container.name", name);
        made.set("evt.source", "docker");
        made.set("evt.type", action);
        made.set("record.kind", "event");
        made.set("docker.action", action);
        return made;
    }

    /// Kinds of all records, as the ledger has them.
    std::vector<std::string> kinds() {
        auto reader = ledger::Reader::open(tree_.at("/ledger"));
        check(reader.has_value());
        std::vector<std::string> all;
        check((*reader)
                  ->scan({},
                         [&](const ledger::StoredRecord& record) {
                             const std::string kind(record.event.text("record.kind"));
                             if (kind != "field" && kind != "key") all.push_back(kind);
                             return true;
                         })
                  .has_value());
        return all;
    }

    host::TemporaryTree tree_;
    Log log_{LogLevel::error, [](std::string_view) {}};
    EventQueue queue_{1000, std::size_t{1} << 20U};
    std::unique_ptr<ledger::Writer> writer_;
    std::unique_ptr<Recorder> recorder_;
    std::vector<std::string> told_;
    std::vector<std::string> unrecorded_;
    std::string reason_;
    bool waited_for_disk_ = false;
    std::atomic<ledger::RecordNumber> last_ = 0;    ///< number of the alert told last
    std::atomic<ledger::RecordNumber> synced_ = 0;  ///< as told
    std::jthread thread_;
};

TEST_F(Recording, AnEventIsFollowedByTheAlertsItRaises) {
    EXPECT_TRUE(queue_.put(event("start", "web")));
    EXPECT_TRUE(queue_.put(event("pause", "web")));
    EXPECT_TRUE(queue_.put(event("die", "web")));
    finish();
    EXPECT_THAT(kinds(), testing::ElementsAre("start", "event", "event", "alert", "event"));
    EXPECT_THAT(told_, testing::ElementsAre("paused web"));
}

TEST_F(Recording, WhoeverWaitsForARecordLearnsItsNumberWhenItIsSynced) {
    const auto number = queue_.record(event("ack", "web"));
    ASSERT_TRUE(number) << number.error().message;
    EXPECT_TRUE(queue_.put(event("start", "web")));
    EXPECT_TRUE(queue_.settle());
    auto reader = ledger::Reader::open(tree_.at("/ledger"));
    ASSERT_TRUE(reader);
    EXPECT_EQ((*(*reader)->record(*number))->event.text("docker.action"), "ack");
    finish();
    EXPECT_LT(*number, recorder_->status().ledger.durable);
}

TEST_F(Recording, AnActThatIsAnAlertItselfIsOneRecordAndFurtherRulesHaveTheirs) {
    const auto judged = std::make_shared<rule::RuleSet>(rule::load_rules("test.yaml", kRules));
    model::Event act = event("openat", "web");
    act.set("record.kind", "alert");
    act.set("alert.rule", "First");
    act.set("alert.output", "first of web");
    Verdict verdict{.matches = {{.rule = &judged->rules.front(), .output = "second of web", .identity = "i"}},
                    .rules = judged,
                    .alert = true,
                    .complete = true};
    EXPECT_TRUE(queue_.put_judged(std::move(act), std::move(verdict)));
    finish();
    EXPECT_THAT(kinds(), testing::ElementsAre("start", "alert", "alert"));
    EXPECT_THAT(told_, testing::ElementsAre("first of web", "second of web"));
    auto reader = ledger::Reader::open(tree_.at("/ledger"));
    ASSERT_TRUE(reader);
    const auto second = *(*reader)->record(last_);
    const auto first = *(*reader)->record(second->event.number("alert.record"));
    EXPECT_EQ(second->event.text("alert.rule"), "Paused");
    EXPECT_EQ(first->event.text("alert.rule"), "First");
    EXPECT_EQ(first->event.text("evt.type"), "openat");
}

TEST_F(Recording, NewRulesHoldFromTheNextEventOn) {
    EXPECT_TRUE(queue_.put(event("unpause", "web")));
    EXPECT_TRUE(queue_.settle());
    std::string other(kRules);
    other.replace(other.find("= pause"), 7, "= unpause");
    recorder_->use_rules(std::make_shared<rule::AlertRules>(rule::load_rules("test.yaml", other)));
    EXPECT_TRUE(queue_.settle());
    EXPECT_TRUE(queue_.put(event("unpause", "web")));
    finish();
    EXPECT_EQ(told_.size(), 1U);
}

TEST_F(Recording, AnAlertIsToldBeforeTheDiskHasItWhichFollowsAtOnce) {
    EXPECT_TRUE(queue_.put(event("pause", "web")));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while ((last_ == 0 || synced_ <= last_) && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_GT(synced_, last_);
    finish();
    EXPECT_THAT(told_, testing::ElementsAre("paused web"));
    EXPECT_FALSE(waited_for_disk_);
}

class RecordingOnAFullDisk : public Recording {
protected:
    RecordingOnAFullDisk() : Recording(std::uint64_t{1} << 62U) {}
};

TEST_F(RecordingOnAFullDisk, AlertsAreToldThoughNothingIsRecorded) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue_.put(event("pause", "web")));
    finish();
    EXPECT_THAT(told_, testing::IsEmpty());
    EXPECT_THAT(unrecorded_, testing::ElementsAre("paused web", "paused web", "paused web"));
    EXPECT_THAT(reason_, testing::HasSubstr("the disk is full"));
    EXPECT_EQ(recorder_->status().alerts, 3U);
    EXPECT_THAT(kinds(), testing::Not(testing::Contains("event")));
}

TEST_F(Recording, ABurstIsToldWholeInOrder) {
    constexpr int kBurst = 3000;
    for (int i = 0; i < kBurst; ++i) EXPECT_TRUE(queue_.put(event("pause", std::to_string(i).c_str())));
    finish();
    ASSERT_EQ(told_.size(), static_cast<std::size_t>(kBurst));
    for (int i = 0; i < kBurst; ++i) EXPECT_EQ(told_[static_cast<std::size_t>(i)], "paused " + std::to_string(i));
    EXPECT_EQ(recorder_->status().alerts, static_cast<std::uint64_t>(kBurst));
    EXPECT_GT(synced_, last_);
}

}  // namespace
}  // namespace plimsoll::app
