#include "audit/rules/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/rules/rule_text.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

using testing::HasSubstr;

RuleSet rules(const host::Root& root, std::initializer_list<const char*> lines) {
    std::vector<host::AuditRule> out;
    for (const char* line : lines) {
        const RuleLine read = parse_rule_line(line, nullptr);
        EXPECT_EQ(read.problem, "") << line;
        out.push_back(read.rule);
    }
    return {root, std::move(out)};
}

class Coverage : public testing::Test {
protected:
    Coverage() {
        tree.write("/etc/docker/daemon.json", "{}");
        tree.write("/run/docker.sock", "");
        tree.link("/var/run", "../run");
        tree.write("/usr/sbin/runc", "");
        tree.link("/usr/bin/runc", "../sbin/runc");
    }
    [[nodiscard]] RuleSet::Verdict verdict(std::initializer_list<const char*> lines, const char* path,
                                           Access access) const {
        return rules(tree.root(), lines).verdict(identify(tree.root(), path), access);
    }
    host::TemporaryTree tree;
};

TEST_F(Coverage, OnlyARuleWithoutPermAndCallsRecordsEveryConnect) {
    const char* sock = "/run/docker.sock";
    EXPECT_TRUE(verdict({"-a always,exit -F path=/run/docker.sock -k s"}, sock, Access::connect).recorded);
    EXPECT_TRUE(verdict({"-a always,exit -F path=/var/run/docker.sock -k s"}, sock, Access::connect).recorded);
    // What every guide tells: no kind of access holds connect(2).
    EXPECT_FALSE(verdict({"-w /run/docker.sock -p rwxa -k s"}, sock, Access::connect).recorded);
    const auto pair = verdict({"-a always,exit -F arch=b64 -S connect -F path=/run/docker.sock",
                               "-a always,exit -F arch=b32 -S connect,socketcall -F path=/run/docker.sock"},
                              sock, Access::connect);
    EXPECT_FALSE(pair.recorded);
    EXPECT_THAT(pair.why_not, HasSubstr("io_uring"));
    EXPECT_FALSE(
        verdict({"-a always,exit -F path=/run/docker.sock -F auid>=1000 -k s"}, sock, Access::connect).recorded);
}

TEST_F(Coverage, TreesCoverWhatLiesBelow) {
    const char* json = "/etc/docker/daemon.json";
    EXPECT_TRUE(verdict({"-a always,exit -F dir=/etc/docker -F perm=wa -k d"}, json, Access::write).recorded);
    EXPECT_FALSE(verdict({"-a always,exit -F dir=/etc/dock -F perm=wa -k d"}, json, Access::write).recorded);
    // auditctl -l prints a rule for the folder's name just as one for the tree.
    EXPECT_FALSE(verdict({"-a always,exit -F path=/etc/docker -F perm=wa -k d"}, json, Access::write).recorded);
    EXPECT_FALSE(verdict({"-a always,exit -F dir=/etc/docker -F perm=r -k d"}, json, Access::write).recorded);
}

TEST_F(Coverage, LinksAreNotFollowed) {
    EXPECT_FALSE(verdict({"-w /usr/bin/runc -p x -k r"}, "/usr/sbin/runc", Access::execute).recorded);
    EXPECT_TRUE(verdict({"-w /usr/sbin/runc -p x -k r"}, "/usr/sbin/runc", Access::execute).recorded);
}

TEST_F(Coverage, HardLinksAreTheSameFile) {
    std::filesystem::create_hard_link(tree.at("/usr/sbin/runc"), tree.at("/usr/sbin/other"));
    EXPECT_TRUE(verdict({"-w /usr/sbin/other -p x -k r"}, "/usr/sbin/runc", Access::execute).recorded);
}

TEST_F(Coverage, TheFirstRuleDecides) {
    const auto never = verdict({"-a never,exit -F dir=/etc", "-w /etc/docker/daemon.json -p wa -k j"},
                               "/etc/docker/daemon.json", Access::write);
    EXPECT_FALSE(never.recorded);
    EXPECT_EQ(never.by, 0U);
    EXPECT_THAT(never.why_not, HasSubstr("never"));
    EXPECT_TRUE(verdict({"-w /etc/docker/daemon.json -p wa -k j", "-a never,exit -F dir=/etc"},
                        "/etc/docker/daemon.json", Access::write)
                    .recorded);
}

TEST_F(Coverage, BothArchitecturesTogetherAreWhole) {
    const char* json = "/etc/docker/daemon.json";
    EXPECT_FALSE(verdict({"-a always,exit -F arch=b64 -F path=/etc/docker/daemon.json -F perm=wa"}, json, Access::write)
                     .recorded);
    EXPECT_TRUE(verdict({"-a always,exit -F arch=b64 -F path=/etc/docker/daemon.json -F perm=wa",
                         "-a always,exit -F arch=b32 -F path=/etc/docker/daemon.json -F perm=wa"},
                        json, Access::write)
                    .recorded);
}

TEST_F(Coverage, ShadowedKeysAreFound) {
    const auto shadow = [&](std::initializer_list<const char*> lines) {
        return rules(tree.root(), lines).shadowed_by(1);
    };
    EXPECT_EQ(
        shadow({"-a always,exit -F dir=/etc/docker -F perm=wa -k all", "-w /etc/docker/daemon.json -p wa -k json"}),
        0U);
    EXPECT_EQ(
        shadow({"-w /etc/docker/daemon.json -p wa -k json", "-a always,exit -F dir=/etc/docker -F perm=wa -k all"}),
        std::nullopt);
    EXPECT_EQ(shadow({"-w /run/docker.sock -p rwxa -k a", "-a always,exit -F path=/run/docker.sock -k b"}),
              std::nullopt);
    EXPECT_EQ(shadow({"-a always,exit -F arch=b64 -S open,openat -k a",
                      "-a always,exit -F arch=b64 -S open -F auid>=1000 -k b"}),
              0U);
    EXPECT_EQ(
        shadow({"-a always,exit -F arch=b64 -S open -F auid>=1000 -k a", "-a always,exit -F arch=b64 -S open -k b"}),
        std::nullopt);
    EXPECT_EQ(shadow({"-a always,exit -F arch=b64 -S open -k a", "-a always,exit -F arch=b32 -S open -k b"}),
              std::nullopt);
}

TEST_F(Coverage, OnlyRulesThatAreNotFoundByInodeAreWalked) {
    EXPECT_EQ(rules(tree.root(), {"-w /run/docker.sock -p wa", "-a always,exit -F dir=/etc -F perm=w",
                                  "-a always,exit -F arch=b64 -S open", "-a always,user -F uid=0"})
                  .walked(),
              2U);
}

}  // namespace
}  // namespace plimsoll::audit
