#include "sensor/users.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "host/temporary_tree.h"

namespace plimsoll::sensor {
namespace {

const std::string kContainer(64, 'c');

class UsersTest : public testing::Test {
protected:
    UsersTest() {
        tree.write("/host/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nhostuser:x:1000:1000::/home/h:/bin/zsh\n");
        tree.write("/host/etc/group", "root:x:0:\nhostgroup:x:1000:\n");
        process(42);
    }

    /// A process of the container, as /proc shows it.
    void process(unsigned pid) const {
        const std::string at = "/proc/" + std::to_string(pid);
        tree.write(at + "/cgroup", "0::/docker/" + kContainer + "\n");
        tree.write(at + "/root/etc/hostname", "web\n");
    }
    void account(std::string_view passwd, std::string_view group = "") const {
        tree.write("/proc/42/root/etc/passwd", passwd);
        tree.write("/proc/42/root/etc/group", group);
    }

    host::TemporaryTree tree;
    Users users{tree.at("/proc"), tree.at("/host")};
};

TEST_F(UsersTest, AContainersUsersAreItsOwn) {
    account("root:x:0:0::/root:/bin/sh\nwww-data:x:1000:33::/var/www:/usr/sbin/nologin\n", "www-data:x:33:\n");
    const Users::Names inside = users.names(kContainer, 42, 1000, 33);
    EXPECT_TRUE(inside.known);
    EXPECT_EQ(inside.user, "www-data");
    EXPECT_EQ(inside.group, "www-data");
    EXPECT_EQ(inside.home, "/var/www");
    EXPECT_EQ(inside.shell, "/usr/sbin/nologin");
    EXPECT_EQ(users.names({}, 1, 1000, 1000).user, "hostuser");
}

TEST_F(UsersTest, AContainerWithoutAccountsHasNoNamesAndNeverTheHosts) {
    const Users::Names names = users.names(kContainer, 42, 0, 0);
    EXPECT_TRUE(names.known);
    EXPECT_EQ(names.user, "");
    EXPECT_EQ(names.group, "");
}

TEST_F(UsersTest, AProcessThatIsNotOfTheContainerIsNotAsked) {
    tree.write("/proc/43/cgroup", "0::/system.slice/cron.service\n");  // the number was used again
    tree.write("/proc/43/root/etc/passwd", "wrong:x:0:0::/:/bin/sh\n");
    EXPECT_FALSE(users.names(kContainer, 43, 0, 0).known);
    ::usleep(1000);
    EXPECT_FALSE(users.names(kContainer, 4242, 0, 0).known);  // gone
    ::usleep(1000);
    account("right:x:0:0::/:/bin/sh\n");
    EXPECT_EQ(users.names(kContainer, 42, 0, 0).user, "right");    // another process of it lives
    EXPECT_EQ(users.names(kContainer, 4242, 0, 0).user, "right");  // and its answer is remembered
}

TEST_F(UsersTest, ARuntimeThatStillStandsInTheHostsRootIsNotAsked) {
    tree.write("/proc/44/cgroup", "0::/docker/" + kContainer + "\n");
    tree.link("/proc/44/root", tree.at("/host"));
    EXPECT_FALSE(users.names(kContainer, 44, 0, 0).known);
}

TEST_F(UsersTest, LinksDoNotLeadOutOfTheContainer) {
    tree.write("/secret", "leaked:x:0:0::/:/bin/sh\n");
    std::filesystem::create_directories(tree.at("/proc/42/root/etc"));
    tree.link("/proc/42/root/etc/passwd", tree.at("/secret"));
    tree.link("/proc/42/root/etc/group", "../../../../../secret");
    const Users::Names names = users.names(kContainer, 42, 0, 0);
    EXPECT_EQ(names.user, "");
    EXPECT_EQ(names.group, "");
}

TEST_F(UsersTest, AFifoInsteadOfAFileHoldsNobodyUp) {
    std::filesystem::create_directories(tree.at("/proc/42/root/etc"));
    ASSERT_EQ(::mkfifo(tree.at("/proc/42/root/etc/passwd").c_str(), 0600), 0);
    EXPECT_EQ(users.names(kContainer, 42, 0, 0).user, "");
}

TEST_F(UsersTest, AHostileFileIsBounded) {
    std::string passwd(std::size_t{3} << 20U, 'x');  // one line without end
    account(passwd);
    EXPECT_EQ(users.names(kContainer, 42, 7, 0).user, "");
    users.forget(kContainer);
    passwd = ":x:1:\n\n::::::::::\nshort:x:2\nbad:x:-3:0::/:/\nbad:x:99999999999:0::/:/\n" + std::string(300, 'n') +
             ":x:4:0::/:/\nfine:x:5:0::/:/bin/sh\nsecond:x:5:0::/:/bin/sh\n";
    account(passwd);
    EXPECT_EQ(users.names(kContainer, 42, 5, 0).user, "fine");
    for (const std::uint32_t uid : {1U, 2U, 3U, 4U}) EXPECT_EQ(users.names(kContainer, 42, uid, 0).user, "") << uid;
}

TEST_F(UsersTest, TheVersionIsAnotherOnceNamesMayBe) {
    account("one:x:7:0::/:/bin/sh\n");
    const std::uint64_t version = users.version(kContainer, 42);
    EXPECT_EQ(users.names(kContainer, 42, 7, 0).user, "one");
    EXPECT_EQ(users.version(kContainer, 42), version);
    users.forget(kContainer);
    account("other:x:7:0::/:/bin/sh\n");
    EXPECT_NE(users.version(kContainer, 42), version);
    EXPECT_EQ(users.names(kContainer, 42, 7, 0).user, "other");
}

}  // namespace
}  // namespace plimsoll::sensor
