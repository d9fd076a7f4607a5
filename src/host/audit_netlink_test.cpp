#include "host/audit_netlink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>

#include "host/temporary_tree.h"

namespace plimsoll::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// struct audit_rule_data without its flexible end, which C++ allows in no class.
struct RuleHead {
    std::uint32_t flags, action, field_count;
    std::uint32_t mask[AUDIT_BITMASK_SIZE];
    std::uint32_t fields[AUDIT_MAX_FIELDS];
    std::uint32_t values[AUDIT_MAX_FIELDS];
    std::uint32_t fieldflags[AUDIT_MAX_FIELDS];
    std::uint32_t buflen;
};
static_assert(sizeof(RuleHead) == sizeof(audit_rule_data));

/// Builds the bytes of a struct audit_rule_data as the kernel sends and takes them.
class RuleBytes {
public:
    RuleBytes(std::uint32_t filter, std::uint32_t action) {
        raw_.flags = filter;
        raw_.action = action;
    }
    RuleBytes& all_syscalls() {
        std::ranges::fill(raw_.mask, ~0U);
        return *this;
    }
    /// As auditctl does: the last word's bits stand for classes of system calls.
    RuleBytes& all_but_classes() {
        all_syscalls();
        raw_.mask[AUDIT_BITMASK_SIZE - 1] = 0;
        return *this;
    }
    RuleBytes& syscall(unsigned number) {
        raw_.mask[number / 32] |= 1U << number % 32;
        return *this;
    }
    RuleBytes& number(std::uint32_t field, std::uint32_t value, std::uint32_t comparison = AUDIT_EQUAL) {
        raw_.fields[raw_.field_count] = field;
        raw_.values[raw_.field_count] = value;
        raw_.fieldflags[raw_.field_count++] = comparison;
        return *this;
    }
    RuleBytes& text(std::uint32_t field, std::string_view value) {
        text_ += value;
        return number(field, static_cast<std::uint32_t>(value.size()));
    }
    [[nodiscard]] std::vector<std::byte> bytes() {
        raw_.buflen = static_cast<std::uint32_t>(text_.size());
        std::vector<std::byte> out(sizeof raw_ + text_.size());
        std::memcpy(out.data(), &raw_, sizeof raw_);
        std::memcpy(out.data() + sizeof raw_, text_.data(), text_.size());
        return out;
    }

private:
    RuleHead raw_{};
    std::string text_;
};

TEST(AuditRule, WatchOfATree) {
    const auto rule = decode_audit_rule(RuleBytes(AUDIT_FILTER_EXIT, AUDIT_ALWAYS)
                                            .all_syscalls()
                                            .text(AUDIT_DIR, "/etc/docker")
                                            .number(AUDIT_PERM, AUDIT_PERM_WRITE | AUDIT_PERM_ATTR)
                                            .text(AUDIT_FILTERKEY, "docker\x01more")
                                            .bytes())
                          .value();
    EXPECT_EQ(rule.path, "/etc/docker");
    EXPECT_TRUE(rule.is_directory);
    EXPECT_EQ(rule.permissions, "wa");
    EXPECT_THAT(rule.keys, ElementsAre("docker", "more"));
    EXPECT_TRUE(rule.all_syscalls);
    EXPECT_EQ(rule.to_text(), "-a always,exit -F dir=/etc/docker -F perm=wa -F key=docker -F key=more");
}

TEST(AuditRule, SyscallRuleWithConditions) {
    const auto rule = decode_audit_rule(RuleBytes(AUDIT_FILTER_EXIT, AUDIT_NEVER)
                                            .syscall(42)
                                            .syscall(59)
                                            .number(AUDIT_ARCH, 0xc000003e)
                                            .text(AUDIT_WATCH, "/run/docker.sock")
                                            .number(AUDIT_LOGINUID, 1000, AUDIT_GREATER_THAN_OR_EQUAL)
                                            .number(AUDIT_EXIT, static_cast<std::uint32_t>(-13), AUDIT_NOT_EQUAL)
                                            .text(AUDIT_EXE, "/usr/bin/docker")
                                            .number(4711, 1)
                                            .bytes())
                          .value();
    EXPECT_THAT(rule.syscalls, ElementsAre(42, 59));
    EXPECT_EQ(rule.architecture, 0xc000003eU);
    EXPECT_EQ(rule.path, "/run/docker.sock");
    EXPECT_FALSE(rule.is_directory);
    EXPECT_EQ(rule.executable, "/usr/bin/docker");
    EXPECT_EQ(rule.permissions, "");
    EXPECT_EQ(rule.to_text(),
              "-a never,exit -F arch=0xc000003e -S 42,59 -F path=/run/docker.sock -F exe=/usr/bin/docker -F auid>=1000 "
              "-F exit!=-13 -F field#4711=1");
}

TEST(AuditRule, WhatDoesNotFitIsRefused) {
    auto bytes = RuleBytes(AUDIT_FILTER_EXIT, AUDIT_ALWAYS).text(AUDIT_WATCH, "/a").bytes();
    EXPECT_TRUE(decode_audit_rule(bytes));
    EXPECT_THAT(decode_audit_rule(Bytes(bytes).first(bytes.size() - 1)).error().message, HasSubstr("cut short"));
    EXPECT_THAT(decode_audit_rule(Bytes(bytes).first(100)).error().message, HasSubstr("too short"));
    bytes[8] = std::byte{65};  // field_count
    EXPECT_THAT(decode_audit_rule(bytes).error().message, HasSubstr("65 fields"));
    auto lying = RuleBytes(AUDIT_FILTER_EXIT, AUDIT_ALWAYS).text(AUDIT_WATCH, "/a").number(AUDIT_DIR, 9999).bytes();
    EXPECT_THAT(decode_audit_rule(lying).error().message, HasSubstr("the text of dir is cut short"));
}

/// Loads a rule and unloads it again.
class LoadedRule {
public:
    explicit LoadedRule(std::vector<std::byte> rule) : rule_(std::move(rule)), error_(change(AUDIT_ADD_RULE)) {}
    ~LoadedRule() {
        if (!error_.empty()) return;
        EXPECT_EQ(change(AUDIT_DEL_RULE), "");
    }
    LoadedRule(const LoadedRule&) = delete;
    LoadedRule& operator=(const LoadedRule&) = delete;
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    std::string change(unsigned type) {
        auto netlink = NetlinkSocket::open(NETLINK_AUDIT, "audit");
        if (!netlink) return netlink.error().message;
        const auto done =
            netlink->ask(type, NLM_F_ACK, rule_, NetlinkSocket::Until::ack, [](const NetlinkSocket::Message&) {});
        return done ? "" : done.error().message;
    }

    std::vector<std::byte> rule_;
    std::string error_;
};

TEST(AuditNetlink, ListsARuleOfTheRunningKernel) {
    const auto before = audit_rules();
    if (!before) GTEST_SKIP() << before.error().message;
    const TemporaryTree tree;
    tree.write("/watched", "");
    const std::string key = "plimsoll-test-" + std::to_string(::getpid());
    const auto ours = [&](const AuditRules& rules) {
        return std::ranges::find_if(rules.rules, [&](const AuditRule& rule) { return rule.keys == std::vector{key}; });
    };
    {
        const LoadedRule loaded(RuleBytes(AUDIT_FILTER_EXIT, AUDIT_ALWAYS)
                                    .all_syscalls()
                                    .text(AUDIT_WATCH, tree.at("/watched"))
                                    .number(AUDIT_PERM, AUDIT_PERM_READ | AUDIT_PERM_EXEC)
                                    .text(AUDIT_FILTERKEY, key)
                                    .bytes());
        if (!loaded.error().empty()) GTEST_SKIP() << "cannot load a rule: " << loaded.error();
        const auto rules = audit_rules().value();
        EXPECT_THAT(rules.undecoded, testing::IsEmpty());
        const auto found = ours(rules);
        ASSERT_NE(found, rules.rules.end());
        EXPECT_EQ(found->path, tree.at("/watched"));
        EXPECT_EQ(found->permissions, "rx");
        EXPECT_EQ(found->filter, "exit");
        EXPECT_EQ(found->action, "always");
        EXPECT_TRUE(found->all_syscalls);
    }
    const auto after = audit_rules().value();
    EXPECT_EQ(ours(after), after.rules.end());
}

/// What auditctl would send for the rule, in its order of conditions.
TEST(AuditRule, EncodesAsItWasDecoded) {
    const auto bytes = RuleBytes(AUDIT_FILTER_EXIT, AUDIT_ALWAYS)
                           .syscall(42)
                           .syscall(257)
                           .number(AUDIT_ARCH, 0xc000003e)
                           .text(AUDIT_WATCH, "/run/docker.sock")
                           .number(AUDIT_PERM, AUDIT_PERM_READ | AUDIT_PERM_WRITE)
                           .text(AUDIT_EXE, "/usr/bin/docker")
                           .number(AUDIT_EXIT, static_cast<std::uint32_t>(-13), AUDIT_NOT_EQUAL)
                           .number(AUDIT_LOGINUID, 0xffffffff, AUDIT_NOT_EQUAL)
                           .text(AUDIT_FILTERKEY, "one\x01two")
                           .bytes();
    EXPECT_EQ(encode_audit_rule(decode_audit_rule(bytes).value()).value(), bytes);
    const auto tree = RuleBytes(AUDIT_FILTER_EXIT, AUDIT_ALWAYS).all_but_classes().text(AUDIT_DIR, "/etc").bytes();
    EXPECT_EQ(encode_audit_rule(decode_audit_rule(tree).value()).value(), tree);
}

TEST(AuditRule, WhatHasNoEncodingIsNamed) {
    AuditRule rule{.filter = "exit", .action = "always"};
    EXPECT_TRUE(encode_audit_rule(rule));
    rule.path = "/a" + std::string("\0b", 2);
    EXPECT_THAT(encode_audit_rule(rule).error().message, HasSubstr("NUL"));
    rule.path = "/" + std::string(5000, 'a');
    EXPECT_THAT(encode_audit_rule(rule).error().message, HasSubstr("4096"));
    rule.path.reset();
    rule.filter = "filter#9";
    EXPECT_THAT(encode_audit_rule(rule).error().message, HasSubstr("filter#9"));
    rule.filter = "exit";
    rule.syscalls = {2048};
    EXPECT_THAT(encode_audit_rule(rule).error().message, HasSubstr("system call 2048"));
    rule.syscalls.clear();
    rule.others.assign(65, {AUDIT_UID, "uid", "=", "0"});
    EXPECT_THAT(encode_audit_rule(rule).error().message, HasSubstr("64 conditions"));
    rule.others.assign(1, {AUDIT_UID, "uid", "~", "0"});
    EXPECT_THAT(encode_audit_rule(rule).error().message, HasSubstr("comparison '~'"));
}

TEST(AuditNetlink, AddsAndDeletesARule) {
    if (const auto status = audit_status(); !status || status->enabled == 2)
        GTEST_SKIP() << "the rules cannot be changed";
    const TemporaryTree tree;
    tree.write("/watched", "");
    AuditRule rule{.filter = "exit",
                   .action = "always",
                   .path = tree.at("/watched"),
                   .permissions = "wa",
                   .all_syscalls = true,
                   .keys = {"plimsoll-test-add-" + std::to_string(::getpid())}};
    const auto added = add_audit_rule(rule);
    if (!added) GTEST_SKIP() << added.error().message;
    EXPECT_EQ(*added, AuditChange::done);
    EXPECT_EQ(add_audit_rule(rule).value(), AuditChange::already);
    const auto rules = audit_rules().value();
    const auto listed = std::ranges::find(rules.rules, rule.keys, &AuditRule::keys);
    ASSERT_NE(listed, rules.rules.end());
    EXPECT_EQ(encode_audit_rule(*listed).value(), encode_audit_rule(rule).value());
    EXPECT_EQ(delete_audit_rule(*listed).value(), AuditChange::done);
    EXPECT_EQ(delete_audit_rule(rule).value(), AuditChange::already);
    rule.prepend = true;
    EXPECT_EQ(add_audit_rule(rule).value(), AuditChange::done);
    EXPECT_EQ(delete_audit_rule(rule).value(), AuditChange::done);
    rule.path = tree.at("/missing/folder");
    EXPECT_THAT(add_audit_rule(rule).error().message, HasSubstr("does not exist"));
}

TEST(AuditNetlink, StatusOrTheReason) {
    const auto status = audit_status();
    if (!status) {
        EXPECT_THAT(status.error().message,
                    testing::AnyOf(HasSubstr("CAP_AUDIT_CONTROL"), HasSubstr("initial user"), HasSubstr("no audit")));
        GTEST_SKIP() << status.error().message;
    }
    EXPECT_LE(status->enabled, 2U);
    EXPECT_LE(status->failure, 2U);
    EXPECT_NE(status->feature_bitmap, 0U);
    EXPECT_TRUE(status->loginuid_immutable.has_value());
}

}  // namespace
}  // namespace plimsoll::host
