#include "rule/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule/rule_examples.h"

namespace plimsoll::rule {
namespace {

using testing::HasSubstr;

std::string told(const RuleSet& set) {
    std::string out;
    for (const auto& one : set.diagnostics) out += to_text(one, set) + "\n";
    return out;
}

constexpr const char* kSocketCheck = R"(
- macro: reaches_socket
  condition: mount.reaches intersects (docker-socket)
- check: docker-socket-mounted
  title: The engine's socket is mounted
  why: Whoever writes to the socket is root on the host.
  remedy: Remove the mount.
  severity: critical
  subject: mount
  references: {cis-1.8: "5.32", mitre: [T1610, T1611]}
  tags: [cis, level1]
  applies: container.running = true
  otherwise: the container does not run
  condition: reaches_socket and not mount.writable = false
  message: "%mount.source is mounted in %container.name"
  examples:
    pass: [{container.running: true, mount.reaches: [etc]}, {container.running: false}]
    fail: {container.running: true, mount.reaches: [docker-socket, run], mount.writable: ~}
)";

TEST(RuleSet, ACheckIsReadWhole) {
    const auto set = load_rules("own.yaml", kSocketCheck);
    ASSERT_TRUE(set.ok()) << told(set);
    ASSERT_EQ(set.checks.size(), 1U);
    const auto& check = set.checks[0];
    EXPECT_EQ(check.text.id, "docker-socket-mounted");
    EXPECT_EQ(check.text.severity, model::Severity::critical);
    EXPECT_EQ(check.text.subject, model::SubjectKind::mount);
    EXPECT_THAT(check.text.references, testing::ElementsAre("cis-1.8:5.32", "mitre:T1610", "mitre:T1611"));
    EXPECT_EQ(to_text(*check.condition), "(mount.reaches intersects (docker-socket) and not mount.writable = false)");
    EXPECT_EQ(check.otherwise, "the container does not run");
    const auto report = test_examples(set);
    EXPECT_EQ(report.checked, 3U);
    EXPECT_TRUE(report.failures.empty()) << report.failures[0].message;
}

TEST(RuleSet, AnExampleThatDisagreesIsToldWithItsPlace) {
    const auto set = load_rules("own.yaml", R"(
- check: privileged
  title: t
  why: w
  remedy: r
  severity: high
  subject: container
  condition: container.privileged = true
  message: "%container.name is privileged"
  examples:
    pass: {container.privileged: !unknown "inspect failed"}
    fail: {container.privileged: false}
)");
    ASSERT_TRUE(set.ok()) << told(set);
    const auto report = test_examples(set);
    ASSERT_EQ(report.failures.size(), 2U);
    EXPECT_EQ(report.failures[0].message,
              "expected pass, but the condition is unknown (container.privileged: inspect failed)");
    EXPECT_EQ(to_text(report.failures[0].at, set), "own.yaml:11:11");
    EXPECT_EQ(report.failures[1].message, "expected fail, but the condition is false");
}

TEST(RuleSet, ASlipInACheckIsAnErrorAtItsPlace) {
    const auto set = load_rules("own.yaml", R"(
- check: one
  title: t
  why: w
  remedy: r
  severty: high
  subject: container
- check: two
  title: t
  why: w
  remedy: r
  severity: high
  subject: container
  condition: mount.writable = true
  message: "%container.nme"
  examples: {pass: {mount.writable: false}, fail: {mount.writable: perhaps}}
)");
    const auto text = told(set);
    EXPECT_THAT(text, HasSubstr("own.yaml:6:3: error: unknown key 'severty'; the nearest is 'severity'"));
    EXPECT_THAT(text, HasSubstr("own.yaml:14:14: error: a condition about a container cannot read 'mount.writable'"));
    EXPECT_THAT(text,
                HasSubstr("own.yaml:15:14: error: there is no field 'container.nme'; the nearest is 'container.name'"));
    EXPECT_THAT(text, HasSubstr("'perhaps' is not a value of 'mount.writable'"));
    EXPECT_TRUE(set.checks.empty());
}

TEST(RuleSet, PositionsPointIntoEveryKindOfScalar) {
    const auto set = load_rules("r.yaml", R"(
- rule: plain
  desc: d
  output: o
  priority: INFO
  condition: evt.type = open and
     proc.nme = x
- rule: folded
  desc: d
  output: o
  priority: INFO
  condition: >
    evt.type = open and
      proc.nme = x
- rule: quoted
  desc: d
  output: "o %proc.nme"
  priority: INFO
  condition: "evt.type = open and fd.name = \"x\" and proc.nme = x"
- macro: in_macro
  condition: proc.nme = x
- list: shells
  items: [sh, bash, zsh]
- rule: after_list
  desc: d
  output: o
  priority: INFO
  condition: evt.type = open and proc.name in (shells) and proc.nme = x
- rule: through_macro
  desc: d
  output: o
  priority: INFO
  condition: evt.type = open and in_macro
)");
    const auto text = told(set);
    EXPECT_THAT(text, HasSubstr("r.yaml:7:6: error: there is no field 'proc.nme'; the nearest is 'proc.name' "
                                "[LOAD_ERR_COMPILE_CONDITION] (rule plain)"));
    EXPECT_THAT(text, HasSubstr("r.yaml:14:7: error: there is no field 'proc.nme'; the nearest is 'proc.name' "
                                "[LOAD_ERR_COMPILE_CONDITION] (rule folded)"));
    EXPECT_THAT(text, HasSubstr("r.yaml:19:55: error: there is no field 'proc.nme'; the nearest is 'proc.name' "
                                "[LOAD_ERR_COMPILE_CONDITION] (rule quoted)"));
    EXPECT_THAT(text, HasSubstr("r.yaml:28:60: error: there is no field 'proc.nme'; the nearest is 'proc.name' "
                                "[LOAD_ERR_COMPILE_CONDITION] (rule after_list)"));
    EXPECT_THAT(text, HasSubstr("r.yaml:21:14: error: there is no field 'proc.nme'; the nearest is 'proc.name' "
                                "[LOAD_ERR_COMPILE_CONDITION] (rule through_macro)"));
}

TEST(RuleSet, LaterFilesChangeChecks) {
    RuleLoader loader;
    loader.add("shipped.yaml", kSocketCheck);
    loader.add("user.yaml", R"(
- check: docker-socket-mounted
  severity: low
  condition: and mount.source = /x
  override: {severity: replace, condition: append}
- check: docker-socket-mounted
  enabled: false
)");
    const auto set = std::move(loader).finish();
    ASSERT_TRUE(set.ok()) << told(set);
    EXPECT_EQ(set.checks[0].text.severity, model::Severity::low);
    EXPECT_FALSE(set.checks[0].enabled);
    EXPECT_THAT(to_text(*set.checks[0].condition), HasSubstr("mount.source = /x"));

    RuleLoader twice;
    twice.add("a.yaml", kSocketCheck);
    twice.add("b.yaml", kSocketCheck);
    EXPECT_THAT(told(std::move(twice).finish()),
                HasSubstr("b.yaml:4:10: error: the check is defined already, at a.yaml:4:10"));
}

TEST(RuleSet, PathsAndWaivers) {
    const std::string text = std::string(kSocketCheck) + R"(
- path: socket-to-root
  title: t
  consequence: root on the host
  remedy: r
  severity: critical
  subject: container
  condition: check.outcome[docker-socket-mounted] = fail and container.user.root = true
  message: "%container.name"
  steps: [docker-socket-mounted]
  examples:
    fail: {"check.outcome[docker-socket-mounted]": fail, container.user.root: true}
    pass: {"check.outcome[docker-socket-mounted]": pass}
- waiver: legacy-web
  condition: finding.check = docker-socket-mounted and container.name = web
  reason: moves in spring
  owner: ops
  expires: 2027-03-31
)";
    const auto set = load_rules("own.yaml", text);
    ASSERT_TRUE(set.ok()) << told(set);
    ASSERT_EQ(set.paths.size(), 1U);
    EXPECT_EQ(set.paths[0].subject, model::SubjectKind::container);
    ASSERT_EQ(set.waivers.size(), 1U);
    EXPECT_EQ(set.waivers[0].expires, "2027-03-31");
    EXPECT_TRUE(test_examples(set).failures.empty());

    auto broken = text;
    broken.replace(broken.find("2027-03-31"), 10, "2027-02-30");
    broken.replace(broken.find("steps: [docker-socket-mounted]"), 30, "steps: [docker-socket-mouted]");
    const auto faults = told(load_rules("own.yaml", broken));
    EXPECT_THAT(faults, HasSubstr("'2027-02-30' is not a date"));
    EXPECT_THAT(faults, HasSubstr("there is no check 'docker-socket-mouted'"));
}

TEST(RuleSet, RulesCarryExamples) {
    const auto set = load_rules("r.yaml", R"(
- rule: shell
  desc: d
  output: "shell %proc.name %20proc.pname|%toupper(proc.name) 100%%"
  priority: notice
  condition: evt.type = execve and proc.name in (sh, bash)
  examples:
    match: {evt.type: execve, proc.name: sh}
    no_match: [{evt.type: open, proc.name: sh}, {evt.type: execve}]
)");
    ASSERT_TRUE(set.ok()) << told(set);
    const auto report = test_examples(set);
    EXPECT_EQ(report.checked, 3U);
    EXPECT_TRUE(report.failures.empty());
    EXPECT_EQ(set.rules[0].output.render(set.rules[0].examples[0].record), "shell sh <NA>                |SH 100%");
}

TEST(RuleSet, AnAppendedExceptionThatDoesNotFitIsLeftOut) {
    const auto set = load_rules("r.yaml", R"(
- rule: r
  desc: d
  output: o
  priority: INFO
  condition: evt.type = open
  exceptions: [{name: e, fields: [proc.name, fd.name], values: [[a, b]]}]
- rule: r
  exceptions: [{name: e, values: [[only-one]]}]
  override: {exceptions: append}
)");
    EXPECT_THAT(told(set), HasSubstr("r.yaml:9:35: error: expected 2 values, one for each field"));
    EXPECT_EQ(to_text(*set.rules.at(0).condition), "(evt.type = open and not (proc.name = a and fd.name = b))");
}

TEST(RuleSet, HostileYamlIsBounded) {
    EXPECT_THAT(told(load_rules("x", std::string(5 * 1024 * 1024, '#'))), HasSubstr("larger than"));
    EXPECT_THAT(told(load_rules("x", std::string(5000, '['))), HasSubstr("error"));
    EXPECT_THAT(told(load_rules("x",
                                "- a: &a [x,x,x,x,x,x,x,x,x,x]\n- b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n- c: &c "
                                "[*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                "- d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n- e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n- "
                                "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n")),
                HasSubstr("more than"));
    EXPECT_THAT(told(load_rules("x\x1b[2J", "- rule: \"\\e[31m\"\n")), testing::Not(HasSubstr("\x1b")));
}

TEST(Template, TakesTheLongestFieldThatExists) {
    FieldMap record;
    ASSERT_TRUE(record.set("proc.name", {"sh"}));
    ASSERT_TRUE(record.set("evt.arg.path", {"/etc"}));
    ASSERT_TRUE(record.set("proc.aname[2]", {"sshd"}));
    ASSERT_TRUE(record.set("container.caps", {"A", "B"}));
    ASSERT_TRUE(record.set_unknown("user.name", "no passwd"));
    const auto rendered = [&](std::string_view text) {
        const auto made = Template::parse(text);
        EXPECT_TRUE(made) << (made ? "" : made.error().message);
        return made ? made->render(record) : "";
    };
    EXPECT_EQ(rendered("%proc.name."), "sh.");
    EXPECT_EQ(rendered("%proc.names"), "shs");
    EXPECT_EQ(rendered("%evt.arg.path,%evt.arg[path]"), "/etc,/etc");
    EXPECT_EQ(rendered("%proc.aname[2]%proc.name[x]"), "sshdsh[x]");
    EXPECT_EQ(rendered("%container.caps %user.name %proc.pname"), "(A,B) <unknown> <NA>");
    EXPECT_EQ(Template::parse("a %foo.bar").error().message,
              "line 1, column 4: expected a field after '%', not 'foo.bar'");
}

TEST(RuleSet, MacrosAndListsThatAreDefinedAgainHoldWhereTheyWereUsedBefore) {
    RuleLoader loader;
    loader.add("first.yaml", R"y(
- {list: shells, items: [sh]}
- {list: programs, items: [shells, cat]}
- {macro: excepted, condition: proc.name = never}
- {macro: interesting, condition: proc.name in (programs) and not excepted}
- {rule: r, desc: d, condition: evt.type = execve and interesting, output: o, priority: INFO}
)y");
    loader.add("second.yaml", R"y(
- {list: shells, items: [bash]}
- {macro: excepted, condition: proc.pname = cron}
)y");
    const auto set = std::move(loader).finish();
    EXPECT_TRUE(set.ok()) << (set.ok() ? "" : to_text(set.diagnostics[0], set));
    ASSERT_EQ(set.rules.size(), 1U);
    EXPECT_EQ(to_text(*set.rules[0].condition),
              "(evt.type = execve and (proc.name in (bash, cat) and not proc.pname = cron))");
}

TEST(RuleSet, MacrosThatNameEachOtherAreAnError) {
    const auto set = load_rules("r.yaml", R"y(
- {macro: a, condition: proc.name = x}
- {macro: b, condition: a or proc.name = y}
- {macro: a, condition: b or proc.name = z}
- {rule: r, desc: d, condition: evt.type = execve and a, output: o, priority: INFO}
)y");
    EXPECT_FALSE(set.ok());
}

}  // namespace
}  // namespace plimsoll::rule
