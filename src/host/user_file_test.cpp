#include "host/user_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

namespace fs = std::filesystem;

std::size_t files_in(const std::string& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(UserFile, ALinkStaysALinkAndItsTargetIsWritten) {
    TemporaryTree tree;
    tree.write("/out/real", "old");
    tree.link("/out/first", "second");
    tree.link("/out/second", "real");
    ASSERT_TRUE(write_user_file(tree.at("/out/first"), "new"));
    EXPECT_TRUE(fs::is_symlink(tree.at("/out/first")));
    EXPECT_EQ(*read_user_file(tree.at("/out/real"), 10), "new");
    tree.link("/out/ahead", "later");
    ASSERT_TRUE(write_user_file(tree.at("/out/ahead"), "made"));
    EXPECT_EQ(*read_user_file(tree.at("/out/later"), 10), "made");
    EXPECT_EQ(files_in(tree.at("/out")), 5U);  // nothing temporary is left
}

TEST(UserFile, LinksInACircleAreAnError) {
    TemporaryTree tree;
    tree.write("/out/x", "");
    tree.link("/out/a", "b");
    tree.link("/out/b", "a");
    EXPECT_FALSE(write_user_file(tree.at("/out/a"), "new"));
    EXPECT_EQ(files_in(tree.at("/out")), 3U);
}

TEST(UserFile, OnlyFilesAndPipesAreRead) {
    TemporaryTree tree;
    tree.write("/file", "12345");
    EXPECT_EQ(*read_user_file(tree.at("/file"), 5), "12345");
    EXPECT_FALSE(read_user_file(tree.at("/file"), 4));
    EXPECT_FALSE(read_user_file(tree.at("/"), 10));
    EXPECT_THAT(read_user_file("/dev/zero", 10).error().message, testing::HasSubstr("neither"));
}

TEST(UserFile, APipeIsReadWhenSomebodyWritesAndNotWaitedForOtherwise) {
    TemporaryTree tree;
    tree.write("/x", "");
    const std::string pipe = tree.at("/pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] {
        std::ofstream out(pipe);  // waits for the reader
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        out << "late";
    });
    EXPECT_EQ(*read_user_file(pipe, 10), "late");
    writer.join();
    EXPECT_THAT(read_user_file(pipe, 10).error().message, testing::HasSubstr("nobody writes"));
}

TEST(UserFile, SignalsComeThroughAgainAfterAWrite) {
    TemporaryTree tree;
    tree.write("/x", "");
    sigset_t before{};
    sigset_t after{};
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    ASSERT_TRUE(write_user_file(tree.at("/out"), "x"));
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_EQ(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

}  // namespace
}  // namespace plimsoll::host
