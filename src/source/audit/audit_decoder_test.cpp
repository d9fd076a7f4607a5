#include "source/audit/audit_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "host/file.h"
#include "host/temporary_tree.h"
#include "source/audit/message_queue.h"

namespace plimsoll::source {
namespace {

/// A decoder of a machine that has nothing but accounts.
struct Decoder {
    host::TemporaryTree tree;
    std::vector<model::Event> events;
    AuditDecoder decoder;

    explicit Decoder(DecoderOptions options = {})
        : decoder(
              (tree.write("/etc/passwd", "alice:x:1000:1000::/:/bin/sh\n"), tree.write("/etc/group", "staff:x:1000:\n"),
               options.attribution.root = tree.root(), std::move(options)),
              [this](model::Event event) { events.push_back(std::move(event)); }) {
        decoder.seed();
    }
};

const std::string kHead = "audit(1795221469.117:7): ";
const std::string kCall =
    kHead +
    "arch=c000003e syscall=42 success=yes exit=0 a0=3 items=0 ppid=1 pid=77 auid=1000 uid=1000 gid=1000 "
    "euid=1000 egid=1000 tty=(none) ses=3 comm=\"x\" exe=\"/bin/x\" key=\"k\"";

TEST(AuditDecoder, MessagesOfTheKernelBecomeOneEvent) {
    Decoder it({.attribution = {.live = false}});
    it.decoder.message(1300, kCall);
    it.decoder.message(1306, kHead + "saddr=01002F72756E2F782E736F636B00");
    it.decoder.message(1327, kHead + "proctitle=78");
    it.decoder.message(1320, kHead);
    ASSERT_EQ(it.events.size(), 1U);
    EXPECT_EQ(it.events[0].time(), 1795221469117000000);
    EXPECT_EQ(it.events[0].text("evt.type"), "connect");
    EXPECT_EQ(it.events[0].text("fd.name"), "/run/x.sock");
    EXPECT_EQ(it.events[0].text("user.name"), "alice");
    EXPECT_EQ(it.events[0].text("audit.incomplete"), "");
    EXPECT_EQ(it.decoder.newest(), 1795221469117);
}

TEST(AuditDecoder, AUserOfNobodyKnowsWhereHasNoNameOfTheHosts) {
    Decoder it({.attribution = {.live = true}});
    it.decoder.message(1300, kCall);
    it.decoder.message(1320, kHead);
    ASSERT_EQ(it.events.size(), 1U);
    EXPECT_EQ(it.events[0].read(model::FieldKey("container.id").id(), {}).state, model::Reading::State::unknown);
    EXPECT_EQ(it.events[0].number("user.uid"), 1000U);
    EXPECT_EQ(it.events[0].text("user.name"), "");
}

TEST(AuditDecoder, AClaimOfAProcessThatIsGoneIsNotCalledGenuine) {
    Decoder it({.attribution = {.live = true}});
    it.decoder.message(1112, kHead +
                                 "pid=4294 uid=0 auid=1000 ses=3 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" "
                                 "hostname=? addr=192.0.2.7 terminal=ssh res=success'");
    it.decoder.tick(1795221480000);
    ASSERT_EQ(it.events.size(), 1U);
    const model::Reading forged = it.events[0].read(model::FieldKey("audit.forged").id(), {});
    EXPECT_EQ(forged.state, model::Reading::State::unknown) << it.events[0].text("audit.forged");
    EXPECT_EQ(forged.reason, "the process that wrote it had ended before it could be looked at");
}

TEST(AuditDecoder, AnEventWithoutItsEndIsToldAndMarked) {
    Decoder it;
    it.decoder.message(1300, kCall);
    it.decoder.tick(1795221470000);
    EXPECT_TRUE(it.events.empty());
    it.decoder.tick(1795221480000);
    ASSERT_EQ(it.events.size(), 1U);
    EXPECT_EQ(it.events[0].text("audit.incomplete"), "no end");
    EXPECT_EQ(it.decoder.counts().incomplete, 1U);
}

TEST(AuditDecoder, TheRecordersOwnCallsAreLeftOutButNotItsChangesToAuditing) {
    Decoder it({.own_pid = 77});
    it.decoder.message(1300, kCall);
    it.decoder.message(1320, kHead);
    EXPECT_TRUE(it.events.empty());
    EXPECT_EQ(it.decoder.counts().own, 1U);
    it.decoder.message(1305, "audit(1795221469.200:8): op=set audit_enabled=0 old=1 auid=1 ses=1 res=1");
    it.decoder.message(1300,
                       "audit(1795221469.200:8): arch=c000003e syscall=44 success=yes exit=1 ppid=1 pid=77 comm=\"p\"");
    it.decoder.flush();
    ASSERT_EQ(it.events.size(), 1U);
    EXPECT_EQ(it.events[0].text("audit.field", "audit_enabled"), "0");
}

TEST(AuditDecoder, WhatIsNoRecordIsKeptRawWithoutItsSecrets) {
    Decoder it;
    it.decoder.message(1300, "nonsense PASSWORD=hunter2 end");
    ASSERT_EQ(it.events.size(), 1U);
    EXPECT_EQ(it.events[0].text("record.raw"), "nonsense PASSWORD=*** end");
    EXPECT_EQ(it.events[0].text("record.malformed"), "no header, type 1300");
    it.decoder.message(2, std::string(20, '\0'));  // the kernel's acknowledgements, and its answers
    it.decoder.message(1000, "x");
    it.decoder.message(1329, "x");
    EXPECT_EQ(it.events.size(), 1U);
}

TEST(AuditDecoder, GapsInTheSerialsAreSeen) {
    Decoder it;
    for (const int serial : {1, 2, 5})
        it.decoder.message(1112,
                           "audit(1795221469.117:" + std::to_string(serial) + "): pid=1 uid=0 msg='op=x res=success'");
    EXPECT_EQ(it.decoder.serials().overdue(1795221499117, 3000).count, 2U);
}

/// A recorded scenario: what ran in containers is found by the log alone.
TEST(AuditDecoder, ARecordedLogTellsItsContainers) {
    const auto text = host::read_file({}, PLIMSOLL_SHARED_DIR "/data/audit/sample-seq-raw.log", 64U << 20U);
    if (!text) GTEST_SKIP() << text.error().message;
    std::map<std::string, int> found;
    std::string socket_users;
    AuditDecoder decoder({.attribution = {.live = false}, .imported = "sample"}, [&](const model::Event& event) {
        EXPECT_EQ(event.text("audit.imported"), "sample");
        if (event.text("proc.exepath") == "/t/uds" && event.text("evt.type") == "connect")
            socket_users += event.text("audit.attributed");
        if (event.has("container.id"))
            ++found[std::string(event.text("container.id")) + " " + std::string(event.text("audit.attributed"))];
    });
    std::size_t at = 0;
    while (at < text->size()) {
        const std::size_t end = std::min(text->find('\n', at), text->size());
        audit::Record record;
        const auto line = std::string_view(*text).substr(at, end - at);
        if (audit::parse_line(line, record) == audit::Damage::none)
            decoder.message(record.type, line.substr(line.find("audit(")));
        at = end + 1;
    }
    decoder.flush();
    EXPECT_GT(found["676cfb60f32a runtime"], 2);
    EXPECT_EQ(socket_users, "shim");  // of two, one's ancestors are not in the log
}

TEST(MessageQueue, KeepsOrderAndIsBounded) {
    MessageQueue queue(10);
    MessageChunk chunk;
    chunk.add(1300, "abc");
    chunk.add(1320, "");
    ASSERT_TRUE(queue.push(chunk));
    EXPECT_TRUE(chunk.empty());
    auto taken = queue.take(std::chrono::milliseconds(0));
    ASSERT_TRUE(taken);
    std::string told;
    taken->each([&](std::uint32_t type, std::string_view payload) {
        told += std::to_string(type) + std::string(payload) + " ";
    });
    EXPECT_EQ(told, "1300abc 1320 ");
    EXPECT_FALSE(queue.take(std::chrono::milliseconds(0)));
    queue.give_back(std::move(*taken));
    MessageChunk next;
    next.add(1300, "d");
    ASSERT_TRUE(queue.push(next));
    EXPECT_TRUE(next.empty());  // though it has the memory of the one given back
    EXPECT_EQ(queue.take(std::chrono::milliseconds(0))->size(), 9U);
    queue.close();
    EXPECT_FALSE(queue.push(next));
    EXPECT_TRUE(queue.ended());
}

}  // namespace
}  // namespace plimsoll::source
