#include "sink/cursor_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/temporary_tree.h"

namespace plimsoll::sink {
namespace {

TEST(FileCursorStore, KeepsOneNumberForEachSink) {
    const host::TemporaryTree tree;
    FileCursorStore store(tree.at("/cursors"));
    EXPECT_FALSE(store.load("hook")->has_value());
    ASSERT_TRUE(store.save("hook", 17));
    ASSERT_TRUE(store.save("hook", 18));
    ASSERT_TRUE(store.save("file", 3));
    FileCursorStore again(tree.at("/cursors"));
    EXPECT_EQ(again.load("hook")->value(), 18U);
    EXPECT_EQ(again.load("file")->value(), 3U);
    struct stat facts {};
    ASSERT_EQ(::stat(tree.at("/cursors").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777U, 0700U);
}

TEST(FileCursorStore, AFileThatHoldsNoNumberIsAnErrorAndNotANewSink) {
    const host::TemporaryTree tree;
    tree.write("/hook.cursor", "12x\n");
    EXPECT_FALSE(FileCursorStore(tree.at("")).load("hook"));
    tree.write("/hook.cursor", "");
    EXPECT_FALSE(FileCursorStore(tree.at("")).load("hook"));
}

}  // namespace
}  // namespace plimsoll::sink
