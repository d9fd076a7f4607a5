#include "host/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <array>
#include <thread>

#include "host/mountinfo.h"
#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(File, ReadsWhatIsThereAndTellsAbsenceFromFailure) {
    const TemporaryTree tree;
    tree.write("/etc/a", "one\ntwo");
    EXPECT_EQ(read_if_exists(tree.root(), "/etc/a").value(), "one\ntwo");
    EXPECT_EQ(read_if_exists(tree.root(), "/etc/b").value(), std::nullopt);
    EXPECT_EQ(read_if_exists(tree.root(), "/etc/a/b").value(), std::nullopt);
    EXPECT_THAT(read_file(tree.root(), "/etc/b").error().message, HasSubstr("No such file"));
}

TEST(File, RefusesMoreThanTheLimit) {
    const TemporaryTree tree;
    tree.write("/big", std::string(100'000, 'x'));
    EXPECT_EQ(read_if_exists(tree.root(), "/big", 100'000).value()->size(), 100'000U);
    EXPECT_THAT(read_if_exists(tree.root(), "/big", 99'999).error().message, HasSubstr("larger than 99999 bytes"));
}

TEST(File, SaysPermissionDenied) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
    const TemporaryTree tree;
    tree.write("/secret", "x");
    ASSERT_EQ(::chmod(tree.at("/secret").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(tree.at("").c_str(), 0755), 0);
    std::string message;
    std::thread([&] {
        // File system rights are a thread's own; the C library's wrappers would change all threads.
        ASSERT_EQ(::syscall(SYS_setresuid, 65534, 65534, 65534), 0);
        const auto read = read_if_exists(Root{}, tree.at("/secret"));
        message = read ? "it could be read" : read.error().message;
    }).join();
    EXPECT_THAT(message, HasSubstr("Permission denied"));
}

TEST(File, DoesNotHangOnAPipeNorReadADevice) {
    const TemporaryTree tree;
    ASSERT_EQ(::mkfifo(tree.at("/pipe").c_str(), 0600), 0);
    EXPECT_THAT(read_if_exists(tree.root(), "/pipe").error().message, HasSubstr("it is a pipe"));
    EXPECT_THAT(read_if_exists(Root{}, "/dev/zero").error().message, HasSubstr("it is a character device"));
}

TEST(File, NoLinkLeadsOutOfARoot) {
    const TemporaryTree tree;
    tree.write("/etc/passwd", "inside");
    tree.link("/absolute", "/etc/passwd");
    tree.link("/climbing", "../../../../../../etc/passwd");
    tree.link("/loop", "/loop");
    EXPECT_EQ(read_file(tree.root(), "/absolute").value(), "inside");
    EXPECT_EQ(read_file(tree.root(), "/climbing").value(), "inside");
    EXPECT_EQ(read_file(tree.root(), "/../../etc/passwd").value(), "inside");
    EXPECT_EQ(resolve(tree.root(), "/climbing").value(), "/etc/passwd");
    EXPECT_THAT(read_if_exists(tree.root(), "/loop").error().message, HasSubstr("symbolic links"));
    EXPECT_EQ(read_link(tree.root(), "/absolute").value(), "/etc/passwd");
    EXPECT_FALSE(read_link(tree.root(), "/etc/passwd"));
}

TEST(File, FactsAreThoseOfTheFileOrOfTheLink) {
    const TemporaryTree tree;
    tree.write("/f", "12345");
    ASSERT_EQ(::chmod(tree.at("/f").c_str(), 04640), 0);
    tree.link("/l", "f");
    const auto facts = file_facts(tree.root(), "/l").value().value();
    EXPECT_EQ(facts.type, FileType::regular);
    EXPECT_EQ(facts.mode, 04640U);
    EXPECT_EQ(facts.size, 5U);
    EXPECT_EQ(facts.uid, ::geteuid());
    EXPECT_FALSE(facts.extended_acl);
    EXPECT_EQ(file_facts(tree.root(), "/l", Links::keep).value()->type, FileType::symlink);
    EXPECT_EQ(file_facts(tree.root(), "/none").value(), std::nullopt);
    EXPECT_EQ(file_facts(Root{}, "/dev/null").value()->type, FileType::character);
}

TEST(File, SeesThatAnAccessListGrantsMore) {
    const TemporaryTree tree;
    tree.write("/f", "");
    struct {
        posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
        std::array<posix_acl_xattr_entry, 5> entries{{{ACL_USER_OBJ, 6, ~0U},
                                                      {ACL_USER, 6, 1234},
                                                      {ACL_GROUP_OBJ, 4, ~0U},
                                                      {ACL_MASK, 6, ~0U},
                                                      {ACL_OTHER, 0, ~0U}}};
    } list;
    if (::setxattr(tree.at("/f").c_str(), "system.posix_acl_access", &list, sizeof list, 0) != 0) {
        GTEST_SKIP() << "the file system has no access lists";
    }
    EXPECT_TRUE(file_facts(tree.root(), "/f").value()->extended_acl);
}

TEST(File, ListsSortedAndBounded) {
    const TemporaryTree tree;
    tree.write("/d/b", "");
    tree.write("/d/a/x", "");
    const auto entries = list_directory(tree.root(), "/d").value().value();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_EQ(entries[0].type, FileType::directory);
    EXPECT_EQ(entries[1].name, "b");
    EXPECT_EQ(list_directory(tree.root(), "/none").value(), std::nullopt);
    EXPECT_THAT(list_directory(tree.root(), "/d", 1).error().message, HasSubstr("more than 1 entries"));
}

TEST(File, MountIdsAndMountPointsAgreeWithMountinfo) {
    const auto mounts = read_mounts(Root{}).value().value();
    const auto proc = file_facts(Root{}, "/proc").value().value();
    EXPECT_TRUE(proc.mount_point);
    EXPECT_FALSE(file_facts(Root{}, "/proc/sys/kernel").value()->mount_point);
    ASSERT_NE(proc.mount_id, 0U);
    ASSERT_NE(mounts.by_id(proc.mount_id), nullptr);
    EXPECT_EQ(mounts.by_id(proc.mount_id)->type, "proc");
}

TEST(File, FileSystemFactsArePlausible) {
    const auto facts = file_system_facts(Root{}, "/").value().value();
    EXPECT_GT(facts.total_bytes, 0U);
    EXPECT_LE(facts.available_bytes, facts.total_bytes);
    EXPECT_EQ(file_system_facts(Root{}, "/none/such").value().has_value(), false);
}

}  // namespace
}  // namespace plimsoll::host
