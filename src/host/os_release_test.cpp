#include "host/os_release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;

TEST(OsRelease, QuotingIsTheShells) {
    const auto release = parse_os_release(
        "# comment\nPRETTY_NAME=\"A \\\"fine\\\" \\$system\"\nID=ubuntu\nID_LIKE='debian other'\nVERSION_ID=\"22.04\"\n"
        "NAME=Name\\ X # not part\nbroken line\n1X=no\nVERSION_CODENAME=jammy");
    EXPECT_EQ(release.pretty_name, "A \"fine\" $system");
    EXPECT_EQ(release.id, "ubuntu");
    EXPECT_THAT(release.id_like, ElementsAre("debian", "other"));
    EXPECT_EQ(release.version_id, "22.04");
    EXPECT_EQ(release.name, "Name X");
    EXPECT_EQ(release.version_codename, "jammy");
    EXPECT_EQ(release.all.size(), 6U);
}

TEST(OsRelease, EtcGoesBeforeUsrLib) {
    const TemporaryTree tree;
    EXPECT_FALSE(read_os_release(tree.root()).value().has_value());
    tree.write("/usr/lib/os-release", "ID=vendor\n");
    EXPECT_EQ(read_os_release(tree.root()).value()->id, "vendor");
    tree.write("/etc/os-release", "NAME=x\n");
    EXPECT_EQ(read_os_release(tree.root()).value()->id, "linux");
}

}  // namespace
}  // namespace plimsoll::host
