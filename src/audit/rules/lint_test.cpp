#include "audit/rules/lint.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>

#include "audit/rules/check_report.h"
#include "host/fd.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Lint : public testing::Test {
protected:
    Lint() {
        tree.write("/etc/docker/daemon.json", "{}");
        tree.write("/var/lib/docker/x", "");
        tree.write("/run/x", "");
        in.root = tree.root();
        in.loaded.emplace();
        in.files.emplace();
        in.parameters = {"quiet", "audit=1"};
        in.status = host::AuditStatus{
            .enabled = 1, .failure = 1, .daemon_pid = 7, .backlog_limit = 8192, .backlog_wait_time = 15000};
        in.log.problem = "there is no log";
    }
    void load(const char* line) {
        const RuleLine read = parse_rule_line(line, nullptr);
        EXPECT_EQ(read.problem, "") << line;
        in.loaded->push_back(read.rule);
    }
    void file(const char* text) {
        in.files->push_back({"/etc/audit/rules.d/x.rules", parse_rule_lines(text, nullptr)});
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> out;
        for (const RuleFinding& finding : lint(in).findings) out.push_back(finding.id);
        return out;
    }
    /// A socket file that nobody listens on.
    void make_socket(const std::string& path) const {
        const host::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string real = tree.at(path);
        real.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    host::TemporaryTree tree;
    LintInput in;
};

TEST_F(Lint, AWellKeptHostHasNoFindings) {
    load("-a always,exit -F dir=/etc/docker -F perm=wa -k docker");
    file("-D\n-b 8192\n-a always,exit -F dir=/etc/docker -F perm=wa -k docker\n");
    EXPECT_THAT(ids(), IsEmpty());
    EXPECT_EQ(lint(in).cost, "low");
}

TEST_F(Lint, AWatchOnASocketNeverRecordsConnects) {
    make_socket("/run/docker.sock");
    in.engines = {"docker"};
    load("-w /run/docker.sock -p rwxa -k docker");
    EXPECT_THAT(ids(), Contains("socket-watch"));
    EXPECT_THAT(ids(), Contains("socket-unrecorded"));
    load("-a always,exit -F path=/run/docker.sock -k sock");
    EXPECT_THAT(ids(), Not(Contains("socket-unrecorded")));
}

TEST_F(Lint, AFolderThatCameAfterItsWatch) {
    load("-w /etc/docker -p wa -k docker");  // decoded as one path: the folder was not there
    file("-w /etc/docker -p wa -k docker\n");
    EXPECT_THAT(ids(), Contains("directory-as-path"));
    EXPECT_THAT(ids(), Not(Contains("not-loaded")));
}

TEST_F(Lint, AFolderThatIsMeantAsOnePathIsNotAFinding) {
    load("-w /etc/docker -p wa -k docker");
    file("-a always,exit -F path=/etc/docker -F perm=wa -k docker\n");
    EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(Lint, MissingPathsAndParents) {
    load("-w /etc/missing -p wa -k a");
    load("-w /etc/sysconfig/docker -p wa -k b");
    file("-w /etc/missing -p wa -k a\n-w /etc/sysconfig/docker -p wa -k b\n");
    EXPECT_THAT(ids(), testing::UnorderedElementsAre("path-missing", "parent-missing"));
}

TEST_F(Lint, LinesThatTheKernelRefusesStopTheRest) {
    file("-w /etc/sysconfig/docker -p wa -k b\n-w /etc/docker -p wa -k c\n");
    const auto findings = lint(in).findings;
    ASSERT_THAT(ids(), Contains("line-refused"));
    ASSERT_THAT(ids(), Contains("not-loaded"));
    for (const RuleFinding& finding : findings) {
        if (finding.id == "line-refused") {
            EXPECT_THAT(finding.subject, HasSubstr("x.rules:1:"));
            EXPECT_THAT(finding.why, HasSubstr("Loading stops here"));
        }
    }
}

TEST_F(Lint, BrokenAndMisreadLines) {
    file("-w nonsense\n-a always,exit -F arch=b64 -S connect -F saddr_fam=local -k s\n");
    load("-a always,exit -F arch=b64 -S connect -F saddr_fam=local -k s");
    EXPECT_THAT(ids(), Contains("line-broken"));
    EXPECT_THAT(ids(), Contains("line-misread"));
    EXPECT_THAT(ids(), Contains("saddr-family-zero"));
    EXPECT_THAT(ids(), Contains("b32-missing"));
}

TEST_F(Lint, ShadowsAndNever) {
    load("-a never,exit -F arch=b64 -S mount");
    load("-a always,exit -F arch=b64 -S mount -k m");
    load("-a always,exit -F dir=/etc -F perm=wa -k etc");
    load("-w /etc/docker/daemon.json -p wa -k json");
    load("-a never,task");
    EXPECT_THAT(ids(), Contains("suppressed"));
    EXPECT_THAT(ids(), Contains("shadowed"));
    EXPECT_THAT(ids(), Contains("never-task"));
    EXPECT_THAT(ids(), Contains("not-persistent"));
}

TEST_F(Lint, TheDataRootAsATree) {
    load("-a always,exit -F dir=/var/lib/docker -F perm=wa -k d");
    EXPECT_THAT(ids(), Contains("data-root-tree"));
    in.loaded->clear();
    load("-a always,exit -F dir=/var -F perm=wa -k d");
    EXPECT_THAT(ids(), Contains("data-root-tree"));
    in.loaded->clear();
    load("-a always,exit -F path=/var/lib/docker -F perm=wa -k d");
    EXPECT_THAT(ids(), Not(Contains("data-root-tree")));
}

TEST_F(Lint, LinksInodesAndExcludedRecords) {
    tree.write("/usr/sbin/runc", "");
    tree.link("/usr/bin/runc", "../sbin/runc");
    load("-w /usr/bin/runc -p x -k r");
    load("-a always,exit -F inode=77 -F devmajor=8 -k i");
    load("-a always,exclude -F msgtype=PATH");
    EXPECT_THAT(ids(), Contains("symbolic-link"));
    EXPECT_THAT(ids(), Contains("inode-rule"));
    EXPECT_THAT(ids(), Contains("records-excluded"));
}

TEST_F(Lint, SettingsThatLoseRecords) {
    load("-w /etc/docker/daemon.json -p wa -k d");
    in.status = host::AuditStatus{
        .enabled = 1, .failure = 0, .rate_limit = 100, .backlog_limit = 64, .lost = 5, .backlog_wait_time = 0};
    in.parameters = {"quiet"};
    EXPECT_THAT(ids(), testing::IsSupersetOf({"failure-silent", "rate-limit", "backlog-small", "backlog-no-wait",
                                              "records-lost", "boot-parameter"}));
    in.status->enabled = 0;
    EXPECT_THAT(ids(), Contains("auditing-off"));
}

TEST_F(Lint, CostIsTheNumberOfRulesThatAreWalked) {
    for (int i = 0; i < 60; ++i)
        load(("-a always,exit -F arch=b64 -S mount -F auid=" + std::to_string(i) + " -k k").c_str());
    EXPECT_THAT(ids(), Contains("cost"));
    EXPECT_EQ(lint(in).walked, 60U);
    EXPECT_EQ(lint(in).cost, "high");
}

TEST_F(Lint, WhoStartedBeforeAuditingIsBlind) {
    load("-w /etc/docker/daemon.json -p wa -k d");
    in.parameters = {"quiet"};
    in.processes = {{.pid = 10, .name = "dockerd", .started = 1000}, {.pid = 11, .name = "sshd", .started = 3000}};
    EXPECT_EQ(is_audited(in.processes[0], in).audited, Audited::unknown);
    in.log.first_record = 2'000'000;
    EXPECT_EQ(is_audited(in.processes[0], in).audited, Audited::unknown) << "the log may begin late";
    in.log.from_first = true;
    EXPECT_EQ(is_audited(in.processes[0], in).audited, Audited::no);
    EXPECT_EQ(is_audited(in.processes[1], in).audited, Audited::yes);
    EXPECT_THAT(ids(), Contains("process-blind"));
    in.parameters = {"audit=1"};
    EXPECT_EQ(is_audited(in.processes[0], in).audited, Audited::yes);
}

TEST_F(Lint, WhatCannotBeKnownIsToldSo) {
    in.parameters = {"quiet"};
    in.processes = {{.pid = 10, .name = "dockerd", .started = 1000}};
    EXPECT_THAT(lint(in).unknown, Contains(HasSubstr("1 process of dockerd")));
    in.loaded.reset();
    in.status.reset();
    in.unknown = {"no audit"};
    EXPECT_THAT(lint(in).unknown, Contains("no audit"));
}

/// The kernel's own text, with the blank that it forgets.
TEST_F(Lint, RulesThatTheKernelRemoved) {
    add_evidence(
        "type=CONFIG_CHANGE msg=audit(1795252090.713:9): auid=4294967295 ses=4294967295op=remove_rule "
        "path=\"/run/x/containerd.sock\" "
        "key=\"sock\" list=4 res=1\n"
        "type=CONFIG_CHANGE msg=audit(1795252091.713:10): auid=0 ses=4294967295 op=remove_rule key=\"gone\" list=4 "
        "res=1\n"
        "garbage\n",
        1795252000, in.log);
    ASSERT_EQ(in.log.removed.size(), 2U);
    EXPECT_EQ(in.log.removed[0].path, "/run/x/containerd.sock");
    EXPECT_EQ(in.log.removed[0].key, "sock");
    EXPECT_EQ(in.log.removed[1].loginuid, 0U);
    in.log.removed.pop_back();
    EXPECT_TRUE(in.log.from_first);
    load("-w /etc/docker/daemon.json -p wa -k d");
    EXPECT_THAT(ids(), Contains("rule-removed"));
    load("-a always,exit -F path=/run/x/containerd.sock -k sock");
    EXPECT_THAT(ids(), Not(Contains("rule-removed")));
}

TEST_F(Lint, RulesThatSomebodyDeletedAndDidNotLoadAgain) {
    const auto record = [&](int serial, const char* op, const char* key) {
        add_evidence(fmt::format("type=CONFIG_CHANGE msg=audit(1795252090.{}:{}): auid=4242 ses=7 op={} key={} list=4 "
                                 "res=1\n",
                                 100 + serial, serial, op, key),
                     1795252000, in.log);
    };
    record(10, "remove_rule", "\"reloaded\"");
    record(11, "add_rule", "\"reloaded\"");
    record(12, "add_rule", "\"gone\"");
    record(13, "remove_rule", "\"gone\"");
    record(14, "remove_rule", "\"plimsoll-socket\"");  // by --undo, as far as anybody knows
    load("-w /etc/docker/daemon.json -p wa -k d");
    const auto told = lint(in).findings;
    const auto found = std::ranges::find(told, "rule-removed", &RuleFinding::id);
    ASSERT_NE(found, told.end());
    EXPECT_EQ(std::ranges::count(told, "rule-removed", &RuleFinding::id), 1);
    EXPECT_EQ(found->subject, "key gone");
    EXPECT_THAT(found->why, HasSubstr("login uid 4242"));
    EXPECT_EQ(found->severity, model::Severity::low);
}

TEST_F(Lint, ARuleThatApplyLoadedAndThatIsGone) {
    in.applied = {parse_rule_line("-a always,exit -F path=/run/docker.sock -k plimsoll-docker-sock", nullptr),
                  parse_rule_line("-w /etc/docker/daemon.json -p wa -k plimsoll-config", nullptr)};
    load("-w /etc/docker/daemon.json -p wa -k plimsoll-config");
    auto told = lint(in).findings;
    auto found = std::ranges::find(told, "rule-removed", &RuleFinding::id);
    ASSERT_NE(found, told.end());
    EXPECT_THAT(found->subject, HasSubstr("/run/docker.sock"));
    EXPECT_THAT(found->why, HasSubstr("No record"));
    add_evidence(
        "type=CONFIG_CHANGE msg=audit(1795252090.713:9): auid=4242 ses=7 op=remove_rule key=\"plimsoll-docker-sock\" "
        "list=4 res=1\n",
        1795252000, in.log);
    told = lint(in).findings;
    found = std::ranges::find(told, "rule-removed", &RuleFinding::id);
    EXPECT_THAT(found->why, HasSubstr("login uid 4242"));
}

TEST_F(Lint, LogsFromBeforeTheBootDoNotCount) {
    tree.write("/var/log/audit/audit.log",
               "type=SYSCALL msg=audit(500.000:7): arch=c000003e syscall=59 pid=1\n"
               "type=SYSCALL msg=audit(1700.000:900): arch=c000003e syscall=59 pid=1\n");
    const LogEvidence evidence = read_log_evidence(tree.root(), 1000);
    EXPECT_EQ(evidence.first_record, 1'700'000);
    EXPECT_FALSE(evidence.from_first);
    EXPECT_EQ(evidence.problem, "");
}

TEST_F(Lint, TextAndJson) {
    load("-w /etc/docker -p wa -k \x1b[31m");
    EXPECT_THAT(lint_text(lint(in)), HasSubstr("directory-as-path"));
    EXPECT_THAT(lint_text(lint(in)), Not(HasSubstr("\x1b")));
    EXPECT_THAT(check_json(lint(in), nullptr), HasSubstr("\"id\": \"directory-as-path\""));
}

}  // namespace
}  // namespace plimsoll::audit
