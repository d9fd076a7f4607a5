#include "host/accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Accounts, NamesAndMembersPrimaryAndSupplementary) {
    const TemporaryTree tree;
    tree.write("/etc/passwd",
               "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nbob:x:1000:999:Bob,,:/home/bob:/bin/sh\n"
               "bad:x:minus:1::/:\nshort:x:5\n");
    tree.write("/etc/group", "root:x:0:\ndocker:x:999:alice, bob\nbo:x:1001:\nempty\n");
    tree.write("/etc/nsswitch.conf",
               "passwd: files [NOTFOUND=return] sss # ldap\ngroup:\tfiles systemd winbind\nhosts: dns\n");
    const auto accounts = read_accounts(tree.root()).value();
    EXPECT_EQ(accounts.user(0)->name, "root");
    EXPECT_EQ(accounts.user("bob")->gid, 999U);
    EXPECT_EQ(accounts.user("bo"), nullptr);
    EXPECT_EQ(accounts.group("docker")->gid, 999U);
    EXPECT_EQ(accounts.group(5), nullptr);
    EXPECT_THAT(accounts.members_of(999), ElementsAre("alice", "bob"));
    EXPECT_THAT(accounts.other_sources, ElementsAre("sss", "winbind"));
    EXPECT_EQ(accounts.malformed_lines, 3U);
}

TEST(Accounts, WithoutPasswdTheReasonIsGiven) {
    const TemporaryTree tree;
    EXPECT_THAT(read_accounts(tree.root()).error().message, testing::HasSubstr("/etc/passwd: No such file"));
}

TEST(Accounts, ThisMachineHasRoot) {
    const auto accounts = read_accounts(Root{}).value();
    ASSERT_NE(accounts.user(0), nullptr);
    EXPECT_EQ(accounts.user("root")->uid, 0U);
    EXPECT_THAT(accounts.members_of(0), testing::Contains("root"));
}

}  // namespace
}  // namespace plimsoll::host
