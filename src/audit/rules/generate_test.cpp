#include "audit/rules/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/rules/coverage.h"
#include "audit/rules/rule_text.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// A Debian host with docker.io, whose runc is a link, and a client of its own in /usr/local.
class Generate : public testing::Test {
protected:
    Generate() {
        for (const char* program : {"/usr/sbin/dockerd", "/usr/bin/docker", "/usr/local/bin/docker",
                                    "/usr/bin/containerd", "/usr/bin/containerd-shim-runc-v2", "/usr/sbin/runc"})
            tree.write(program, "");
        tree.link("/usr/bin/runc", "../sbin/runc");
        tree.link("/lib", "usr/lib");
        tree.link("/var/run", "../run");
        tree.write("/usr/lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/sbin/dockerd -H fd://\n");
        tree.write("/usr/lib/systemd/system/docker.socket", "[Socket]\nListenStream=/var/run/docker.sock\n");
        tree.write("/etc/docker/daemon.json",
                   R"({"data-root": "/srv/docker", "hosts": ["unix:///srv/run/second.sock"]})");
        tree.write("/etc/default/docker", "");
        tree.write("/run/docker.sock", "");
        tree.write("/srv/run/x", "");
        tree.write("/srv/docker/x", "");
        tree.write("/var/lib/x", "");
        tree.write("/etc/containerd/config.toml", "");
    }
    [[nodiscard]] GeneratedRules made(Profile profile) const {
        const EngineTraces traces = find_engine_traces(tree.root());
        return generate_rules(find_targets(tree.root(), engines_here(tree.root(), traces), traces), profile);
    }
    [[nodiscard]] std::vector<std::string> lines(Profile profile) const {
        std::vector<std::string> out;
        for (const GeneratedRule& rule : made(profile).rules) out.push_back(file_text(rule.rule).value());
        return out;
    }
    host::TemporaryTree tree;
};

TEST_F(Generate, SocketsHaveNeitherPermNorCalls) {
    const auto all = lines(Profile::watch);
    EXPECT_THAT(all, Contains("-a always,exit -F path=/run/docker.sock -k plimsoll-docker-sock"));
    EXPECT_THAT(all, Contains("-a always,exit -F path=/srv/run/second.sock -k plimsoll-docker-sock"));
}

TEST_F(Generate, ProgramsAreWatchedWhereTheyReallyAre) {
    const auto all = lines(Profile::cis);
    EXPECT_THAT(all, Contains("-a always,exit -F path=/usr/sbin/dockerd -F perm=wxa -k plimsoll-docker-program"));
    EXPECT_THAT(all, Contains("-a always,exit -F path=/usr/local/bin/docker -F perm=wxa -k plimsoll-docker-client"));
    EXPECT_THAT(all, Contains("-a always,exit -F path=/usr/sbin/runc -F perm=wxa -k plimsoll-runtime"));
    // The link itself only, whose replacement is what can be seen of it.
    EXPECT_THAT(all, Contains("-a always,exit -F path=/usr/bin/runc -F perm=wa -k plimsoll-runtime"));
    // Begins to match when somebody puts it there.
    EXPECT_THAT(all, Contains("-a always,exit -F path=/usr/bin/dockerd -F perm=wxa -k plimsoll-docker-program"));
}

TEST_F(Generate, TheDataRootIsWatchedItselfAndNeverAsATree) {
    const auto all = lines(Profile::cis);
    EXPECT_THAT(all, Contains("-a always,exit -F path=/srv/docker -F perm=wa -k plimsoll-docker-data"));
    EXPECT_THAT(all, Not(Contains(HasSubstr("dir=/srv"))));
    EXPECT_THAT(made(Profile::cis).left_out, Contains(HasSubstr("1.1.5")));
}

TEST_F(Generate, WhatHasNoFolderIsLeftOutWithTheReason) {
    EXPECT_THAT(lines(Profile::cis), Not(Contains(HasSubstr("sysconfig"))));
    EXPECT_THAT(made(Profile::cis).left_out,
                Contains(HasSubstr("/etc/sysconfig/docker [CIS 1.1.13]: its folder does not exist")));
}

TEST_F(Generate, NoRuleTakesAnothersRecords) {
    for (const Profile profile : {Profile::watch, Profile::cis, Profile::full}) {
        std::vector<host::AuditRule> all;
        for (const GeneratedRule& rule : made(profile).rules) all.push_back(rule.rule);
        const RuleSet set(tree.root(), all);
        ASSERT_GT(all.size(), 5U);
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto by = set.shadowed_by(i);
            EXPECT_FALSE(by) << listed_text(all[i]) << " by " << listed_text(all[by.value_or(0)]);
            EXPECT_TRUE(is_ours(all[i]));
        }
    }
}

TEST_F(Generate, RulesOnCallsComeForBothArchitectures) {
    const auto all = lines(Profile::full);
    EXPECT_THAT(all,
                Contains("-a always,exit -F arch=b64 -S init_module,delete_module,finit_module -k plimsoll-module"));
    EXPECT_THAT(
        all, Contains(testing::StartsWith("-a always,exit -F arch=b32 -S execve,execveat -F auid>=1000 -F auid!=-1")));
    EXPECT_LT(lines(Profile::watch).size(), lines(Profile::cis).size());
}

TEST_F(Generate, EveryLineOfTheFileReadsAndEveryRuleSaysWhatItIsFor) {
    const std::string file = rules_file(made(Profile::full), false);
    for (const RuleLine& line : parse_rule_lines(file, nullptr)) EXPECT_EQ(line.problem, "") << line.text;
    EXPECT_THAT(file, HasSubstr("# how all containers are confined was changed [CIS 1.1.11]\n-a always,exit -F "
                                "path=/etc/docker/daemon.json"));
    EXPECT_THAT(rules_file(made(Profile::watch), true),
                HasSubstr("auditctl '-a' 'always,exit' '-F' 'path=/run/docker.sock'"));
}

/// At boot the file is read before an engine makes its folders in /run.
TEST_F(Generate, WhatIsMadeAfterBootStandsInTheFileAsAComment) {
    tree.write("/run/docker/containerd/containerd.sock", "");
    EXPECT_EQ(lines(Profile::full).back(),
              "-a always,exit -F path=/run/docker/containerd/containerd.sock -k plimsoll-containerd-sock");
    const std::string file = rules_file(made(Profile::watch), false);
    EXPECT_THAT(file, HasSubstr("\n# -a always,exit -F path=/run/docker/containerd/containerd.sock"));
    EXPECT_THAT(file, HasSubstr("\n-a always,exit -F path=/run/docker.sock"));
    EXPECT_THAT(rules_file(made(Profile::watch), true),
                HasSubstr("\nauditctl '-a' 'always,exit' '-F' 'path=/run/docker/containerd/containerd.sock'"));
}

TEST_F(Generate, IsTheSameEachTime) {
    EXPECT_EQ(rules_file(made(Profile::full), false), rules_file(made(Profile::full), false));
}

TEST_F(Generate, EveryItemOfTheBenchmarkIsAnsweredOrExplained) {
    const std::string file = rules_file(made(Profile::cis), false);
    for (int item = 3; item <= 18; ++item) EXPECT_THAT(file, HasSubstr("1.1." + std::to_string(item))) << item;
}

}  // namespace
}  // namespace plimsoll::audit
