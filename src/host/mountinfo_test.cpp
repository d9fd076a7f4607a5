#include "host/mountinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::host {
namespace {

using testing::ElementsAre;

constexpr std::string_view kExample =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
    "30 22 0:26 / /run rw,nosuid master:3 propagate_from:2 - tmpfs tmpfs rw,size=10k\n"
    "31 30 254:0 /srv/a\\040b /run/x\\011y\\134z ro - ext4 /dev/vda rw\n"
    "32 22 0:50 / /var/lib/docker/overlay2/ab/merged rw unbindable - overlay overlay rw,lowerdir=/l/A:/l/B,userxattr\n"
    "33 22 0:51 / /run rw - tmpfs over rw\n";

TEST(Mountinfo, EveryPartOfALine) {
    const auto table = parse_mountinfo(kExample);
    ASSERT_EQ(table.mounts.size(), 5U);
    EXPECT_EQ(table.malformed_lines, 0U);
    EXPECT_EQ(table.mounts[0].shared, 1U);
    EXPECT_EQ(table.mounts[0].device_major, 254U);
    EXPECT_EQ(table.mounts[1].master, 3U);
    EXPECT_EQ(table.mounts[1].propagate_from, 2U);
    EXPECT_TRUE(table.mounts[1].has_option("nosuid"));
    EXPECT_FALSE(table.mounts[1].has_option("suid"));
    EXPECT_EQ(table.mounts[2].root, "/srv/a b");
    EXPECT_EQ(table.mounts[2].point, "/run/x\ty\\z");
    EXPECT_TRUE(table.mounts[3].unbindable);
    EXPECT_EQ(table.mounts[3].super_option("lowerdir"), "/l/A:/l/B");
    EXPECT_EQ(table.mounts[3].super_option("userxattr"), "");
    EXPECT_EQ(table.mounts[3].super_option("lower"), std::nullopt);
}

TEST(Mountinfo, TheMountThatHoldsAPath) {
    const auto table = parse_mountinfo(kExample);
    EXPECT_EQ(table.holding("/etc")->id, 22U);
    EXPECT_EQ(table.holding("/running")->id, 22U);
    EXPECT_EQ(table.holding("/run")->id, 33U);
    EXPECT_EQ(table.holding("/run/docker.sock")->id, 33U);
    EXPECT_EQ(table.holding("/run/x\ty\\z/f")->id, 31U);
    EXPECT_EQ(table.holding("relative"), nullptr);
    EXPECT_EQ(table.by_id(32)->type, "overlay");
    EXPECT_EQ(table.by_id(1), nullptr);
}

TEST(Mountinfo, MalformedLinesAreCounted) {
    const auto table = parse_mountinfo(
        "22 1 254:0 / / rw\nx\n1 2 3 / / rw - a b c\n1 2 3:4 / / rw shared:x - a b c\n1 2 3:4 / / rw - a b c\n");
    EXPECT_EQ(table.malformed_lines, 4U);
    EXPECT_EQ(table.mounts.size(), 1U);
}

TEST(Mountinfo, ThisMachine) {
    const auto table = read_mounts(Root{}).value().value();
    EXPECT_EQ(table.malformed_lines, 0U);
    ASSERT_NE(table.holding("/proc/self"), nullptr);
    EXPECT_EQ(table.holding("/proc/self")->type, "proc");
    EXPECT_FALSE(read_mounts(Root{}, 0x7ffffffe).value().has_value());
}

}  // namespace
}  // namespace plimsoll::host
