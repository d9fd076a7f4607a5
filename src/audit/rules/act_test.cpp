#include "audit/rules/act.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "audit/rules/rule_text.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

class Acts : public testing::Test {
protected:
    Acts() {
        tree.write("/settings", "x");
        tree.write("/program", "#!/bin/sh\nexit 1\n");
        std::filesystem::permissions(tree.at("/program"), std::filesystem::perms{0755});
        std::filesystem::create_directory(tree.at("/folder"));
        tree.link("/link", "settings");
    }
    /// The act for a rule on a path of the tree.
    [[nodiscard]] Act act(const std::string& line, const char* path) const {
        const FileIdentity file = identify({}, tree.at(path));
        return choose_act(parse_rule_line(line, nullptr).rule, &file);
    }
    [[nodiscard]] static Act act(const std::string& line) {
        return choose_act(parse_rule_line(line, nullptr).rule, nullptr);
    }
    host::TemporaryTree tree;
};

TEST_F(Acts, TheMostHarmlessThatTheRuleRecords) {
    EXPECT_EQ(act("-w /x -p wa", "/settings").kind, Act::Kind::open_to_write);
    EXPECT_EQ(act("-w /x -p a", "/settings").kind, Act::Kind::remove_no_attribute);
    EXPECT_EQ(act("-w /x -p r", "/settings").kind, Act::Kind::open_to_read);
    EXPECT_EQ(act("-w /x -p rwxa", "/program").kind, Act::Kind::execute);
    // A program that is open for writing cannot be started meanwhile.
    EXPECT_EQ(act("-w /x -p wa", "/program").kind, Act::Kind::remove_no_attribute);
    EXPECT_EQ(act("-w /x -p w", "/program").kind, Act::Kind::none);
    EXPECT_EQ(act("-w /x -p wa", "/folder").kind, Act::Kind::remove_nothing);
    EXPECT_EQ(act("-w /x -p wa", "/link").kind, Act::Kind::remove_no_attribute);
    EXPECT_EQ(act("-a always,exit -F path=/x", "/settings").kind, Act::Kind::stat);
}

TEST_F(Acts, WhatCannotBeTriedSaysWhy) {
    EXPECT_NE(act("-w /x -p wa", "/missing").text.find("does not exist"), std::string::npos);
    EXPECT_NE(act("-a never,exit -F path=/x", "/settings").text.find("keeps"), std::string::npos);
    EXPECT_NE(act("-a always,exclude -F msgtype=CWD").text.find("exclude"), std::string::npos);
    EXPECT_EQ(act("-a always,exit -F arch=b64 -S reboot").kind, Act::Kind::none);
    EXPECT_EQ(act("-a always,exit -F uid=0").kind, Act::Kind::none);
}

TEST_F(Acts, CallsAreMadeByTheEntryOfTheirArchitecture) {
    EXPECT_EQ(act("-a always,exit -F arch=b64 -S reboot,mount").kind, Act::Kind::system_call);
    EXPECT_FALSE(act("-a always,exit -F arch=b64 -S mount").compat);
#ifdef __x86_64__
    EXPECT_TRUE(act("-a always,exit -F arch=b32 -S mount").compat);
    EXPECT_TRUE(perform(act("-a always,exit -F arch=b32 -S mount")));
#endif
}

TEST_F(Acts, OperationsOfIoUringAreTriedByIoUring) {
    const Act connect = act("-a always,io_uring -S connect");
    EXPECT_EQ(connect.kind, Act::Kind::uring);
    EXPECT_EQ(connect.text, "connect that the kernel refuses, by io_uring");
    EXPECT_EQ(act("-a always,io_uring -S read,unlinkat").text, "unlinkat that the kernel refuses, by io_uring");
    EXPECT_EQ(act("-a always,io_uring -S read").kind, Act::Kind::none);
    EXPECT_EQ(act("-a never,io_uring -S connect").kind, Act::Kind::none);
    const auto done = perform(connect);
    if (!done) GTEST_SKIP() << done.error().message;
    EXPECT_GT(*done, 0);
}

TEST_F(Acts, NothingIsChanged) {
    tree.write("/ran", "");
    tree.write("/program", "#!/bin/sh\nrm " + tree.at("/ran") + "\n");
    for (const char* path : {"/settings", "/program", "/folder"}) {
        struct stat before {};
        struct stat after {};
        ASSERT_EQ(::stat(tree.at(path).c_str(), &before), 0);
        for (const char* permissions : {"r", "w", "x", "a", "wa", "rwxa"}) {
            const Act chosen = act(std::string("-w /x -p ") + permissions, path);
            if (chosen.kind == Act::Kind::none) continue;
            EXPECT_TRUE(perform(chosen)) << path << permissions;
        }
        ASSERT_EQ(::stat(tree.at(path).c_str(), &after), 0);
        EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
        EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
        EXPECT_EQ(before.st_size, after.st_size);
    }
    EXPECT_TRUE(std::filesystem::exists(tree.at("/ran"))) << "the program ran";
}

}  // namespace
}  // namespace plimsoll::audit
