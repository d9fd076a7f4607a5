#include "audit/rules/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "audit/rules/apply_state.h"
#include "audit/rules/rule_text.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

host::AuditRule rule(const char* line) {
    const RuleLine read = parse_rule_line(line, nullptr);
    EXPECT_EQ(read.problem, "") << line;
    return read.rule;
}

/// A kernel with rules in its memory, that refuses what it is told to.
class FakeKernel final : public KernelAudit {
public:
    Result<host::AuditStatus> status() override {
        return host::AuditStatus{.enabled = enabled_flag, .daemon_pid = daemon};
    }
    Result<host::AuditRules> rules() override { return host::AuditRules{loaded, {}}; }
    Result<host::AuditChange> add(const host::AuditRule& one) override {
        if (listed_text(one).find(refuse) != std::string::npos && !refuse.empty()) return Error{"refused"};
        loaded.push_back(one);
        return host::AuditChange::done;
    }
    Result<host::AuditChange> remove(const host::AuditRule& one) override {
        const auto found = std::ranges::find(loaded, listed_text(one), listed_text);
        if (found == loaded.end()) return host::AuditChange::already;
        loaded.erase(found);
        return host::AuditChange::done;
    }
    Result<std::uint64_t> serial() override { return newest; }
    Result<void> enable(std::uint32_t on) override {
        enabled_flag = on;
        return {};
    }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> out;
        std::ranges::transform(loaded, std::back_inserter(out), listed_text);
        return out;
    }
    std::vector<host::AuditRule> loaded;
    std::uint32_t enabled_flag = 0;
    std::uint32_t daemon = 0;
    std::uint64_t newest = 3;
    std::string refuse;
};

constexpr const char* kTheirs = "-w /etc/passwd -p wa -k identity";
constexpr const char* kFirst = "-w /a -p wa -k plimsoll-a";
constexpr const char* kSecond = "-w /b -p wa -k plimsoll-b";

class Apply : public testing::Test {
protected:
    Apply() {
        tree.write("/etc/audit/rules.d/audit.rules", "-D\n");
        tree.write("/proc/sys/kernel/random/boot_id", "boot-1\n");
        options.root = tree.root();
        kernel.loaded = {rule(kTheirs)};
        wanted.rules = {{.rule = rule(kFirst), .what = "a"}, {.rule = rule(kSecond), .what = "b"}};
    }
    [[nodiscard]] bool file_there() const { return std::filesystem::exists(tree.at(kRulesFile)); }
    host::TemporaryTree tree;
    FakeKernel kernel;
    GeneratedRules wanted;
    ApplyOptions options;
};

TEST_F(Apply, LoadsPersistsAndSwitchesOn) {
    const auto report = apply_rules(wanted, options, kernel);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->changed);
    EXPECT_THAT(kernel.texts(), ElementsAre(kTheirs, kFirst, kSecond));
    EXPECT_EQ(kernel.enabled_flag, 1U);
    EXPECT_TRUE(file_there());
}

TEST_F(Apply, RemembersWhetherAnythingWasAuditedBefore) {
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    const auto first = read_apply_state(tree.root());
    ASSERT_TRUE(first && *first);
    EXPECT_TRUE((*first)->from_first);
    EXPECT_TRUE((*first)->enabled_at);
    ASSERT_TRUE(undo_rules(options, kernel));
    kernel.enabled_flag = 0;
    kernel.newest = 70000;
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    EXPECT_FALSE((*read_apply_state(tree.root()))->from_first);
}

TEST_F(Apply, IsIdempotent) {
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    const auto again = apply_rules(wanted, options, kernel);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->changed);
    EXPECT_THAT(kernel.texts(), ElementsAre(kTheirs, kFirst, kSecond));
}

TEST_F(Apply, DryRunChangesNothing) {
    options.dry_run = true;
    const auto report = apply_rules(wanted, options, kernel);
    ASSERT_TRUE(report);
    EXPECT_THAT(report->lines.front(), HasSubstr("would load"));
    EXPECT_THAT(kernel.texts(), ElementsAre(kTheirs));
    EXPECT_EQ(kernel.enabled_flag, 0U);
    EXPECT_FALSE(file_there());
}

TEST_F(Apply, OldRulesOfOursGoAndTheOrderIsKept) {
    kernel.loaded = {rule(kSecond), rule(kTheirs), rule("-w /old -p wa -k plimsoll-old")};
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    EXPECT_THAT(kernel.texts(), ElementsAre(kTheirs, kFirst, kSecond));
}

TEST_F(Apply, ARefusedRulePutsEverythingBack) {
    kernel.loaded = {rule(kTheirs), rule("-w /old -p wa -k plimsoll-old")};
    kernel.refuse = "/b";
    const auto report = apply_rules(wanted, options, kernel);
    ASSERT_FALSE(report);
    EXPECT_THAT(report.error().message, HasSubstr("loading '-w /b"));
    EXPECT_THAT(report.error().message, HasSubstr("as they were before"));
    EXPECT_THAT(kernel.texts(), ElementsAre(kTheirs, "-w /old -p wa -k plimsoll-old"));
    EXPECT_EQ(kernel.enabled_flag, 0U);
    EXPECT_FALSE(file_there());
}

TEST_F(Apply, LockedRulesAreRefusedClearly) {
    kernel.enabled_flag = 2;
    EXPECT_THAT(apply_rules(wanted, options, kernel).error().message, HasSubstr("locked until the next boot"));
    EXPECT_THAT(undo_rules(options, kernel).error().message, HasSubstr("locked until the next boot"));
}

TEST_F(Apply, UndoTakesExactlyOursAwayAndSwitchesOffWhatItSwitchedOn) {
    kernel.loaded.clear();
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    ASSERT_TRUE(undo_rules(options, kernel));
    EXPECT_THAT(kernel.texts(), testing::IsEmpty());
    EXPECT_EQ(kernel.enabled_flag, 0U);
    EXPECT_FALSE(file_there());
    EXPECT_FALSE(undo_rules(options, kernel)->changed);
}

TEST_F(Apply, UndoLeavesAuditingOnForOthers) {
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    ASSERT_TRUE(undo_rules(options, kernel));
    EXPECT_THAT(kernel.texts(), ElementsAre(kTheirs));
    EXPECT_EQ(kernel.enabled_flag, 1U);
}

TEST_F(Apply, UndoAfterARebootKnowsNothingOfBefore) {
    kernel.loaded.clear();
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    tree.write("/proc/sys/kernel/random/boot_id", "boot-2\n");
    ASSERT_TRUE(undo_rules(options, kernel));
    EXPECT_EQ(kernel.enabled_flag, 1U) << "who switched it on in this boot is not known";
}

TEST_F(Apply, WithoutAuditdTheFileIsWrittenOnDemandOnly) {
    std::filesystem::remove_all(tree.at("/etc/audit"));
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    EXPECT_FALSE(file_there());
    options.persist = Persist::yes;
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    EXPECT_TRUE(file_there());
    std::filesystem::remove(tree.at(kRulesFile));
    options.persist = Persist::no;
    ASSERT_TRUE(apply_rules(wanted, options, kernel));
    EXPECT_FALSE(file_there());
}

TEST_F(Apply, RulesWithOneForeignKeyAreNotOurs) {
    EXPECT_TRUE(is_ours(rule("-w /a -k plimsoll-x")));
    EXPECT_FALSE(is_ours(rule("-w /a -k plimsoll-x -k mine")));
    EXPECT_FALSE(is_ours(rule("-w /a -k plimsollx")));
    EXPECT_FALSE(is_ours(rule("-w /a")));
}

}  // namespace
}  // namespace plimsoll::audit
