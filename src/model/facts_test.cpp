#include "model/facts.h"

#include <gtest/gtest.h>

namespace plimsoll::model {
namespace {

using State = Reading::State;

struct FactsTest : testing::Test {
    FactStore store;
    Facts& host = store.add(SubjectKind::host, "h", "h", nullptr);
    Facts& container = store.add(SubjectKind::container, "c", "web", &host);
    Facts& mount = store.add(SubjectKind::mount, "m", "m", &container);
};

TEST_F(FactsTest, WhatNobodySetIsUnknown) {
    EXPECT_EQ(container.read(FieldKey("container.user").id(), {}).state, State::unknown);
}

TEST_F(FactsTest, WhatCouldNotBeReadSaysWhyForEveryField) {
    container.unreadable("the engine answered with status 500");
    EXPECT_EQ(mount.read(FieldKey("mount.source").id(), {}).reason, "the engine answered with status 500");
}

TEST_F(FactsTest, AbsenceIsKnowledge) {
    container.absent("container.exit_code", "it runs");
    EXPECT_EQ(container.read(FieldKey("container.exit_code").id(), {}).state, State::absent);
}

TEST_F(FactsTest, AnItemReadsItsOwners) {
    container.set("container.name", "web", "inspect");
    host.set("host.name", "h1", "uname");
    EXPECT_EQ(mount.text("container.name"), "web");
    EXPECT_EQ(mount.text("host.name"), "h1");
    EXPECT_EQ(mount.origin(FieldKey("host.name").id(), {}), "uname");
    EXPECT_EQ(host.text("container.name"), "");
}

TEST_F(FactsTest, KeysThatWereNotListedAreAbsentOnceTheListIsKnown) {
    EXPECT_EQ(container.read(FieldKey("container.label").id(), "a").state, State::unknown);
    container.absent("container.label", "inspect");
    container.set_keyed("container.label", "a", "1", "inspect");
    EXPECT_EQ(container.read(FieldKey("container.label").id(), "a").state, State::present);
    EXPECT_EQ(container.read(FieldKey("container.label").id(), "b").state, State::absent);
}

TEST_F(FactsTest, TheLastWordCounts) {
    container.set("container.no_new_privileges", true, "inspect");
    container.set("container.no_new_privileges", false, "/proc");
    EXPECT_FALSE(container.is_true("container.no_new_privileges"));
    container.set_list("container.caps", {"CAP_KILL", "CAP_CHOWN"}, "inspect");
    EXPECT_EQ(container.read(FieldKey("container.caps").id(), {}).values.size(), 2U);
}

TEST(Subject, WhoCanReadWhat) {
    EXPECT_TRUE(can_read(SubjectKind::mount, "container.name"));
    EXPECT_TRUE(can_read(SubjectKind::mount, "host.name"));
    EXPECT_FALSE(can_read(SubjectKind::container, "mount.source"));
    EXPECT_FALSE(can_read(SubjectKind::image, "container.name"));
    EXPECT_TRUE(can_read(SubjectKind::env, "image.name"));
}

TEST(Fields, NamesAreUniqueAndTheNearestIsOffered) {
    for (std::size_t i = 0; i < kFields.size(); ++i)
        EXPECT_EQ(find_field(kFields[i].name), static_cast<FieldId>(i)) << kFields[i].name;
    EXPECT_EQ(nearest_field("proc.nmae"), "proc.name");
    EXPECT_EQ(nearest_field("zzzzzzzzzzzzzzzzzzzz"), "");
}

TEST(Value, AddressesAndBlocks) {
    Net net;
    Ip ip;
    ASSERT_TRUE(parse_net("10.1.0.0/16", net));
    ASSERT_TRUE(parse_ip("10.1.255.1", ip));
    EXPECT_TRUE(contains(net, ip));
    ASSERT_TRUE(parse_ip("10.2.0.1", ip));
    EXPECT_FALSE(contains(net, ip));
    EXPECT_FALSE(parse_net("10.1.0.0/33", net));
    EXPECT_FALSE(parse_ip("10.1.0", ip));
    ASSERT_TRUE(parse_ip("::1", ip));
    EXPECT_EQ(to_text(ip), "::1");
}

}  // namespace
}  // namespace plimsoll::model
