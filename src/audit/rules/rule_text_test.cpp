#include "audit/rules/rule_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>

#include "audit/tables.h"

namespace plimsoll::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RuleLine line(std::string_view text) { return parse_rule_line(text, nullptr); }

std::string problem(std::string_view text) { return line(text).problem; }

/// What a loaded rule looks like after the kernel had it.
host::AuditRule through_kernel(const host::AuditRule& rule) {
    return host::decode_audit_rule(host::encode_audit_rule(rule).value()).value();
}

/// The text that `auditctl -l` (3.0.9) printed after the line on the left was loaded.
struct Listed {
    const char* given;
    const char* listed;
};
constexpr Listed kListed[] = {
    {"-w /etc/docker -p wa -k docker", "-w /etc/docker -p wa -k docker"},
    {"-w /etc/docker/", "-w /etc/docker -p rwxa"},
    {"-a always,exit -F path=/run/docker.sock -k s", "-a always,exit -S all -F path=/run/docker.sock -F key=s"},
    {"-a exit,always -F path=/tmp/d -F perm=aw -F key=k", "-w /tmp/d -p wa -k k"},
    {"-a always,exit -F arch=b64 -S connect,openat -F path=/run/docker.sock -F auid>=1000 -F auid!=unset -k pair -k "
     "two",
     "-a always,exit -F arch=b64 -S connect,openat -F path=/run/docker.sock -F auid>=1000 -F auid!=-1 -F key=pair -F "
     "key=two"},
    {"-a always,exit -F arch=b32 -S connect,socketcall -F saddr_fam=1 -F key=k",
     "-a always,exit -F arch=b32 -S socketcall,connect -F saddr_fam=1 -F key=k"},
    {"-a always,exit -F arch=b64 -S all -F exe=/bin/t -F success=0 -F exit=-EACCES -k k",
     "-a always,exit -F arch=b64 -S all -F exe=/bin/t -F success=0 -F exit=-EACCES -F key=k"},
    {"-a never,exit -F arch=b64 -S mount -F uid=0 -F key=n", "-a never,exit -F arch=b64 -S mount -F uid=0 -F key=n"},
    {"-a always,exclude -F msgtype=CWD", "-a always,exclude -F msgtype=CWD"},
    {"-a always,exit -F arch=b64 -C auid!=obj_uid -S open -F filetype=socket -k c",
     "-a always,exit -F arch=b64 -S open -C auid!=obj_uid -F filetype=49152 -F key=c"},
    {"-a always,user -F uid=0 -F pid=77", "-a always,user -F uid=0 -F pid=77"},
    {"-a task,never", "-a never,task"},
};

TEST(RuleText, IsListedAsAuditctlListsIt) {
    for (const Listed& one : kListed) {
        const RuleLine read = line(one.given);
        ASSERT_EQ(read.problem, "") << one.given;
        ASSERT_EQ(read.kind, RuleLine::Kind::rule) << one.given;
        EXPECT_EQ(listed_text(through_kernel(read.rule)), one.listed);
        const RuleLine again = line(one.listed);
        EXPECT_EQ(again.problem, "") << one.listed;
        EXPECT_EQ(rule_identity(again.rule, false), rule_identity(read.rule, false)) << one.listed;
    }
}

TEST(RuleText, OurFilesReadAsTheRuleTheyWereMadeOf) {
    for (const Listed& one : kListed) {
        const host::AuditRule rule = line(one.given).rule;
        const auto text = file_text(rule);
        ASSERT_TRUE(text) << one.given;
        const RuleLine again = line(*text);
        EXPECT_EQ(again.problem, "") << *text;
        EXPECT_EQ(host::encode_audit_rule(again.rule).value(), host::encode_audit_rule(rule).value()) << *text;
    }
}

TEST(RuleText, BlanksInPathsAreEscaped) {
    const RuleLine read = line("-w /srv/my\\ docker -p wa");
    EXPECT_EQ(read.rule.path, "/srv/my docker");
    EXPECT_EQ(file_text(read.rule).value(), "-a always,exit -F path=/srv/my\\ docker -F perm=wa");
    host::AuditRule hostile = read.rule;
    hostile.path = "/a\n-e 2";
    EXPECT_THAT(file_text(hostile).error().message, HasSubstr("control characters"));
}

TEST(RuleText, OrderOfConditionsAndCallsDoesNotMatter) {
    const auto identity = [](std::string_view text, bool watch = false) {
        return rule_identity(line(text).rule, watch);
    };
    EXPECT_EQ(identity("-a always,exit -F arch=b64 -S open,openat -F uid=0 -F gid=1 -k a"),
              identity("-a exit,always -F arch=b64 -S openat -S open -F gid=1 -F uid=0 -k b"));
    EXPECT_NE(identity("-w /a -p r"), identity("-w /a -p w"));
    EXPECT_NE(identity("-w /a -p r"), identity("-a always,exit -F dir=/a -F perm=r"));
    EXPECT_EQ(identity("-w /a -p r", true), identity("-a always,exit -F dir=/a -F perm=r", true));
}

TEST(RuleText, ControlLines) {
    const RuleLine backlog = line("-b 8192");
    EXPECT_EQ(backlog.kind, RuleLine::Kind::control);
    EXPECT_EQ(backlog.option, "-b");
    EXPECT_EQ(backlog.value, "8192");
    EXPECT_EQ(line("-e2").value, "2");
    EXPECT_EQ(line("--backlog_wait_time 60000").value, "60000");
    EXPECT_EQ(line("-D").kind, RuleLine::Kind::control);
    EXPECT_EQ(line("-D -k docker").value, "docker");
    EXPECT_EQ(line("-W /etc/docker -p wa").kind, RuleLine::Kind::removal);
    EXPECT_EQ(line("# a comment").kind, RuleLine::Kind::blank);
    EXPECT_EQ(line("  ").kind, RuleLine::Kind::blank);
}

/// auditctl takes it and hands the kernel 0.
TEST(RuleText, NameOfAnAddressFamilyIsATrap) {
    const RuleLine read = line("-a always,exit -F arch=b64 -S connect -F saddr_fam=local -k s");
    EXPECT_EQ(read.kind, RuleLine::Kind::rule);
    EXPECT_THAT(read.surprise, HasSubstr("saddr_fam=0"));
    EXPECT_EQ(read.rule.others.at(0).value, "0");
    EXPECT_EQ(line("-a always,exit -F arch=b64 -S connect -F saddr_fam=1 -k s").surprise, "");
}

TEST(RuleText, WhatAuditctlRefusesIsBroken) {
    EXPECT_THAT(problem("-w relative -p wa"), HasSubstr("no absolute path"));
    EXPECT_THAT(problem("-w /a -p q"), HasSubstr("no permissions"));
    EXPECT_THAT(problem("-a always,exit -F arch=b64 -S nonsense"), HasSubstr("'nonsense' is unknown"));
    EXPECT_THAT(problem("-a always,nowhere"), HasSubstr("neither a list nor an action"));
    EXPECT_THAT(problem("-a always,exit -F colour=red"), HasSubstr("unknown condition"));
    EXPECT_THAT(problem("-a always,exit -F uid=nobody-here"), HasSubstr("no value"));
    EXPECT_THAT(problem("-a always,task -S open"), HasSubstr("takes no system calls"));
    EXPECT_THAT(problem("-a always,exit -F path=/a -F dir=/b"), HasSubstr("two paths"));
    EXPECT_THAT(problem("-w"), HasSubstr("needs a value"));
    EXPECT_THAT(problem("rm -rf /"), HasSubstr("no option"));
    EXPECT_THAT(problem("-x"), HasSubstr("unknown option"));
    EXPECT_THAT(problem("-F auid=0"), HasSubstr("before its rule"));
    EXPECT_THAT(problem(std::string("-w /a\0b", 7)), HasSubstr("NUL"));
    EXPECT_THAT(problem(std::string(kLongestRuleLine + 1, 'a')), HasSubstr("longer than"));
}

TEST(RuleText, NamesOfUsersNeedTheAccounts) {
    host::Accounts accounts;
    accounts.users.push_back({.name = "app", .uid = 1234});
    EXPECT_EQ(parse_rule_line("-a always,exit -F auid=app", &accounts).rule.others.at(0).value, "1234");
    EXPECT_NE(parse_rule_line("-a always,exit -F auid=app", nullptr).problem, "");
}

TEST(RuleText, FilesOfAnySizeAreBounded) {
    std::string many;
    for (std::size_t i = 0; i < kMostRuleLines + 10; ++i) many += "-w /a\n";
    const auto lines = parse_rule_lines(many, nullptr);
    EXPECT_EQ(lines.size(), kMostRuleLines + 1);
    EXPECT_THAT(lines.back().problem, HasSubstr("not read"));
    EXPECT_EQ(parse_rule_lines("-w /a\n\n# x\n-b 5", nullptr).back().number, 4U);
}

}  // namespace
}  // namespace plimsoll::audit
