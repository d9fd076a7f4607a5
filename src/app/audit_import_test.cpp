#include "app/audit_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "host/temporary_tree.h"
#include "ledger/reader.h"
#include "rule/scope.h"

namespace plimsoll::app {
namespace {

using testing::HasSubstr;

model::Event imported(std::int64_t time, std::string_view kind = "event") {
    model::Event event(time);
    event.set("record.kind", kind);
    event.set("evt.source", "audit");
    event.set("audit.imported", "/var/log/audit/audit.log");
    event.set_unsigned("audit.serial", static_cast<std::uint64_t>(time));
    event.set_keyed("audit.field", "a0", "7f");
    return event;
}

/// What a queue was given, once the sender is done.
struct Recorded {
    EventQueue queue{1000, 1U << 20U};
    std::vector<model::Event> events;
    std::jthread recorder{[this] {
        while (!queue.stopped()) {
            for (Pending& pending : queue.take(std::chrono::milliseconds(20))) {
                if (pending.receipt) pending.receipt->set_value(1);
                if (!pending.marker) events.push_back(std::move(pending.event));
            }
        }
    }};
    void finish() {
        queue.stop();
        recorder.join();
    }
};

TEST(AuditImport, EventsReachTheAgentAsTheyWere) {
    ImportBody body;
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(*body.add(imported(i)));
    Recorded recorded;
    const auto count = record_import(body.take(), recorded.queue);
    ASSERT_TRUE(count) << count.error().message;
    recorded.finish();
    EXPECT_EQ(*count, 3U);
    ASSERT_EQ(recorded.events.size(), 3U);
    EXPECT_EQ(recorded.events[2].time(), 3);
    EXPECT_EQ(recorded.events[2].text("audit.field", "a0"), "7f");
    EXPECT_EQ(recorded.events[2].number("audit.serial"), 3U);
}

TEST(AuditImport, ABodyThatIsFullTakesTheEventInTheNextOne) {
    ImportBody body;
    model::Event large = imported(1);
    large.set("proc.args", std::string(400'000, 'x'));
    EXPECT_TRUE(*body.add(large));
    EXPECT_FALSE(*body.add(large));
    EXPECT_FALSE(body.take().empty());
    EXPECT_TRUE(*body.add(large));  // the fields' numbers are told again
    Recorded recorded;
    EXPECT_TRUE(record_import(body.take(), recorded.queue));
    recorded.finish();
    EXPECT_EQ(recorded.events.size(), 1U);
    large.set("audit.title", std::string(400'000, 'x'));
    EXPECT_FALSE(body.add(large));
}

TEST(AuditImport, NothingElseMayBeWrittenByThatRoad) {
    EventQueue queue(10, 1U << 20U);
    for (const auto& change : {+[](model::Event& event) { event.set("record.kind", "alert"); },
                               +[](model::Event& event) { event.set("evt.source", "docker"); },
                               +[](model::Event& event) { event.set("record.kind", "ack"); }}) {
        model::Event event = imported(1);
        change(event);
        ImportBody body;
        ASSERT_TRUE(*body.add(imported(1)));
        ASSERT_TRUE(*body.add(event));
        const auto recorded = record_import(body.take(), queue);
        ASSERT_FALSE(recorded);
        EXPECT_THAT(recorded.error().message, HasSubstr("only events of imported audit logs"));
    }
}

TEST(AuditImport, NoBytesHarmTheAgent) {
    ImportBody body;
    ASSERT_TRUE(*body.add(imported(1)));
    const std::string whole = body.take();
    Recorded recorded;
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const auto cut = record_import(std::string_view(whole).substr(0, size), recorded.queue);
        EXPECT_EQ(cut ? *cut : 0U, 0U);  // it ended between two rows, or was refused
        std::string altered = whole;
        altered[size] = static_cast<char>(altered[size] ^ 0x41);
        static_cast<void>(record_import(altered, recorded.queue));
    }
    recorded.finish();
    for (const model::Event& event : recorded.events) EXPECT_TRUE(event.has("audit.imported"));
}

TEST(AuditImport, ALogIsAddedOnceAndItsRestWhenItGrew) {
    const host::TemporaryTree tree;
    const auto line = [](int serial) {
        return "type=USER_CMD msg=audit(1795221471.177:" + std::to_string(serial) +
               "): pid=30746 uid=0 auid=4242 ses=80 msg='cwd=\"/\" cmd=\"mysql -phunter2\" exe=\"/usr/bin/sudo\" "
               "res=success'\n";
    };
    const std::string log = tree.at("/audit.log");
    tree.write("/audit.log", line(1) + line(2));
    const ImportRequest request{.files = {log}, .ledger = tree.at("/ledger"), .socket = ""};
    const auto dry = import_audit_logs({.files = {log}, .ledger = request.ledger, .dry_run = true});
    ASSERT_TRUE(dry) << dry.error().message;
    EXPECT_EQ(dry->added, 2U);
    EXPECT_FALSE(std::filesystem::exists(request.ledger));
    const auto first = import_audit_logs(request);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->added, 2U);
    EXPECT_FALSE(first->by_agent);
    auto reader = ledger::Reader::open(request.ledger);
    ASSERT_TRUE(reader);
    const auto size = (*reader)->size();
    const auto again = import_audit_logs(request);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->added, 0U);
    EXPECT_EQ(again->known, 2U);
    EXPECT_EQ((*reader)->size(), size);  // not even that the ledger was opened
    tree.write("/audit.log", line(1) + line(2) + line(3));
    const auto grown = import_audit_logs(request);
    ASSERT_TRUE(grown);
    EXPECT_EQ(grown->added, 1U);

    auto condition = rule::resolve("evt.source = audit", {});
    ASSERT_TRUE(condition);
    std::vector<std::string> told;
    const auto scanned = (*reader)->scan({.condition = std::move(*condition)}, [&](const ledger::StoredRecord& record) {
        told.emplace_back(record.event.text("audit.claim", "cmd"));
        EXPECT_EQ(record.event.time(), 1795221471177000000);
        EXPECT_EQ(record.event.text("audit.imported"), log);
        EXPECT_FALSE(record.event.has("container.id"));
        return true;
    });
    ASSERT_TRUE(scanned);
    EXPECT_EQ(told, std::vector<std::string>(3, "mysql -p***"));
}

}  // namespace
}  // namespace plimsoll::app
