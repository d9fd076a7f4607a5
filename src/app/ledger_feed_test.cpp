#include "app/ledger_feed.h"

#include <gtest/gtest.h>

#include <string>

#include "host/temporary_tree.h"
#include "ledger/writer.h"

namespace plimsoll::app {
namespace {

class Feed : public testing::Test {
protected:
    Feed() {
        auto opened = ledger::Writer::open({.path = tree_.at("/ledger"), .host = "test", .segment_rows = 300});
        check(opened.has_value());
        writer_ = std::move(*opened);
    }

    /// So many alerts, each behind an event that is none.
    void raise(int count) {
        for (int i = 0; i < count; ++i) {
            for (const char* const kind : {"event", "alert"}) {
                model::Event event(kSecond * ++raised_);
                event.set("record.kind", kind);
                event.set("alert.output", "number " + std::to_string(raised_ / 2));
                ASSERT_TRUE(writer_->append(event));
            }
        }
        ASSERT_TRUE(writer_->commit());
    }

    host::TemporaryTree tree_;
    std::unique_ptr<ledger::Writer> writer_;
    std::int64_t raised_ = 0;
};

TEST_F(Feed, GivesEachAlertOnceWhileMoreCome) {
    LedgerFeed feed(tree_.at("/ledger"));
    sink::RecordNumber next = 0;
    std::int64_t got = 0;
    for (int round = 0; round < 40; ++round) {
        raise(round < 30 ? 25 : 0);
        const auto batch = feed.from(next, 20);  // falls behind, then catches up
        ASSERT_TRUE(batch) << batch.error().message;
        for (const sink::NumberedAlert& alert : batch->alerts) {
            EXPECT_EQ(alert.alert.text("alert.output"), "number " + std::to_string(++got));
            EXPECT_GE(alert.number, next);
        }
        EXPECT_GE(batch->next, next);
        next = batch->next;
    }
    EXPECT_EQ(got, 30 * 25);
    const auto none = feed.from(next, 20);
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->alerts.empty());
    raise(1);
    const auto last = feed.from(next, 20);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->alerts.size(), 1U);
}

}  // namespace
}  // namespace plimsoll::app
