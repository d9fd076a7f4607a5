#include "posture/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "posture/container_facts.h"
#include "posture/live_facts.h"

namespace plimsoll::posture {
namespace {

using model::Outcome;
using model::SubjectKind;

constexpr Nanoseconds kNow = 1'795'000'000 * kSecond;

/// A host with one container that has two mounts.
struct SmallHost {
    Inventory inventory;
    model::Facts* container = nullptr;

    SmallHost() {
        inventory.host = &inventory.store.add(SubjectKind::host, "h", "h", nullptr);
        container = &inventory.store.add(SubjectKind::container, "c1", "web", inventory.host);
        container->set("container.name", "web", "test");
        container->set("container.privileged", true, "GET /containers/c1/json");
        container->unknown("container.user.root", "no live process");
        for (const char* source : {"/etc", "/srv"}) {
            model::Facts& mount = inventory.store.add(SubjectKind::mount, source, source, container);
            mount.set("mount.source", source, "test");
        }
    }

    [[nodiscard]] model::AuditReport judged(std::string_view rules, JudgeOptions options = {.now = kNow}) const {
        const rule::RuleSet set = rule::load_rules("test.yaml", rules);
        for (const auto& diagnostic : set.diagnostics)
            EXPECT_EQ(diagnostic.level, rule::Diagnostic::Level::warning) << rule::to_text(diagnostic, set);
        auto report = judge(inventory, set, options);
        EXPECT_TRUE(report);
        return std::move(*report);
    }
};

std::string check(std::string_view id, std::string_view subject, std::string_view condition,
                  std::string_view more = "") {
    std::ostringstream text;
    text << "- check: " << id << "\n  title: t\n  why: w\n  remedy: r\n  severity: high\n  subject: " << subject
         << "\n  condition: " << condition << "\n  message: m\n  examples: {pass: {}, fail: {}}\n"
         << more;
    return text.str();
}

const model::Finding* find(const model::AuditReport& report, std::string_view id) {
    for (const model::Finding& finding : report.findings) {
        if (report.checks[finding.check].id == id) return &finding;
    }
    return nullptr;
}

TEST(Judge, AConditionThatHoldsIsADefectWithItsEvidence) {
    const auto report = SmallHost().judged(check("privileged", "container", "container.privileged = true"));
    const model::Finding* finding = find(report, "privileged");
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->outcome, Outcome::fail);
    ASSERT_EQ(finding->evidence.size(), 1U);
    EXPECT_EQ(finding->evidence[0].field, "container.privileged");
    EXPECT_EQ(finding->evidence[0].value, "true");
    EXPECT_EQ(finding->evidence[0].origin, "GET /containers/c1/json");
}

TEST(Judge, AFactThatCouldNotBeReadIsUnknownWithItsReasonNeverAPass) {
    const auto report = SmallHost().judged(check("root", "container", "container.user.root = true") +
                                           check("forgotten", "container", "container.tty = true"));
    EXPECT_EQ(find(report, "root")->outcome, Outcome::unknown);
    EXPECT_THAT(find(report, "root")->reason, testing::HasSubstr("no live process"));
    EXPECT_EQ(find(report, "forgotten")->outcome, Outcome::unknown);
}

TEST(Judge, WhatDoesNotApplySaysWhy) {
    const auto report = SmallHost().judged(check("a", "container", "container.privileged = true",
                                                 "  applies: container.name = other\n  otherwise: it is not other\n"));
    EXPECT_EQ(find(report, "a")->outcome, Outcome::not_applicable);
    EXPECT_EQ(find(report, "a")->reason, "it is not other");
}

TEST(Judge, ItemsAreJudgedOneByOneAndReportedWithTheirObject) {
    const auto report = SmallHost().judged(check("etc", "mount", "mount.source = /etc and container.name = web"));
    const model::Finding* finding = find(report, "etc");
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(report.objects[finding->object].name, "web");
    ASSERT_EQ(finding->items.size(), 1U);
    EXPECT_EQ(finding->items[0].name, "/etc");
}

TEST(Judge, AnAttackPathIsToldOnceWithItsSteps) {
    const auto report = SmallHost().judged(
        check("privileged", "container", "container.privileged = true") + check("etc", "mount", "mount.source = /etc") +
        "- path: both\n  title: t\n  consequence: c\n  remedy: r\n  severity: critical\n  subject: container\n"
        "  condition: check.outcome[privileged] = fail and check.outcome[etc] = fail\n  message: m\n  steps: "
        "[privileged, etc]\n"
        "  examples:\n    pass: {}\n    fail:\n      check.outcome[privileged]: fail\n      check.outcome[etc]: "
        "fail\n");
    ASSERT_EQ(report.paths.size(), 1U);
    ASSERT_EQ(report.paths[0].findings.size(), 2U);
    for (const auto finding : report.paths[0].findings) EXPECT_EQ(report.findings[finding].path, 0U);
}

constexpr const char* kTwo =
    "- waiver: w\n  condition: finding.check = privileged and container.name = web\n  reason: old\n  owner: ann\n";

TEST(Judge, AWaivedFindingStaysVisibleAndDoesNotCount) {
    const auto report = SmallHost().judged(check("privileged", "container", "container.privileged = true") + kTwo);
    const model::Finding* finding = find(report, "privileged");
    EXPECT_EQ(finding->outcome, Outcome::fail);
    EXPECT_TRUE(finding->waiver);
    EXPECT_FALSE(model::counts(*finding));
    EXPECT_EQ(report.waivers[0].used, 1U);
    EXPECT_EQ(report.objects[1].score, 100);
}

TEST(Judge, AnExpiredWaiverWaivesNothingAndIsReported) {
    const auto report = SmallHost().judged(check("privileged", "container", "container.privileged = true") + kTwo +
                                           "  expires: 2020-01-01\n");
    EXPECT_TRUE(report.waivers[0].expired);
    EXPECT_TRUE(model::counts(*find(report, "privileged")));
}

TEST(Judge, AWaiverForOneItemLeavesTheOthers) {
    const auto report = SmallHost().judged(
        check("any", "mount", "mount.source startswith /") +
        "- waiver: w\n  condition: finding.check = any and finding.item = /srv\n  reason: r\n  owner: o\n");
    const model::Finding* finding = find(report, "any");
    EXPECT_FALSE(finding->waiver);
    ASSERT_EQ(finding->items.size(), 1U);
    EXPECT_EQ(finding->items[0].name, "/etc");
}

TEST(Judge, ABaselineTellsWhatIsNewAndWhatIsGone) {
    JudgeOptions options{
        .now = kNow,
        .baseline = Baseline{{finding_key("privileged", "container", "web"), finding_key("gone", "container", "web")}}};
    const auto report = SmallHost().judged(
        check("privileged", "container", "container.privileged = true") + check("etc", "mount", "mount.source = /etc"),
        options);
    EXPECT_FALSE(find(report, "privileged")->is_new);
    EXPECT_TRUE(find(report, "etc")->is_new);
    EXPECT_EQ(report.resolved_since_baseline, 1U);
}

TEST(Judge, OnlyWhatWasAskedFor) {
    const auto report = SmallHost().judged(
        check("privileged", "container", "container.privileged = true") + check("etc", "mount", "mount.source = /etc"),
        {.now = kNow, .only = {"et*"}});
    EXPECT_EQ(find(report, "privileged"), nullptr);
    EXPECT_NE(find(report, "etc"), nullptr);
}

// The real containers of the single-defect matrix: each has one defect and is clean otherwise.

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

rule::RuleSet shipped_rules() {
    rule::RuleLoader loader;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(PLIMSOLL_SOURCE_DIR "/rules/posture"))
        files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) loader.add(file.filename().string(), read(file));
    return std::move(loader).finish();
}

class SingleDefects : public testing::Test {
protected:
    void SetUp() override {
        const std::string text = read(PLIMSOLL_SHARED_DIR "/data/posture/containers-inspect.json");
        if (text.empty()) GTEST_SKIP() << "the recorded containers are not here";
        auto document = JsonDocument::parse(text);
        ASSERT_TRUE(document);
        model::Facts& host = inventory_.store.add(SubjectKind::host, "h", "h", nullptr);
        inventory_.host = &host;
        host.set("host.apparmor.enabled", false, "recorded");
        host.set("host.selinux.enabled", false, "recorded");
        host.set_number("host.cgroup.version", 1, "recorded");
        host.set("host.data_root.separate", false, "recorded");
        model::Facts& daemon = inventory_.store.add(SubjectKind::daemon, "d", "d", &host);
        daemon.set("daemon.userns_remap", false, "recorded");
        daemon.set("daemon.rootless", false, "recorded");
        EngineView view{.daemon = &daemon,
                        .now = kNow,
                        .no_new_privileges = false,
                        .userns_remap = false,
                        .seccomp = "default",
                        .apparmor = false,
                        .selinux = false};
        view.places.sockets = {{"/run/docker.sock", "docker-socket", 0, 0},
                               {"/run/containerd/containerd.sock", "containerd-socket", 0, 0}};
        document->root().each([&](Json inspect) {
            const auto name = inspect["Name"].text_or("/").substr(1);
            model::Facts& container =
                inventory_.store.add(SubjectKind::container, inspect["Id"].text_or("").substr(0, 12), name, &daemon);
            gather_container(inspect, view, inventory_.store, container);
            add_no_live_facts(container);
        });
        const auto rules = shipped_rules();
        ASSERT_TRUE(rules.ok());
        auto report = judge(inventory_, rules, {.now = kNow, .only_objects = {"container"}});
        ASSERT_TRUE(report);
        report_ = std::move(*report);
    }

    [[nodiscard]] std::vector<const model::Finding*> failed(std::string_view container) const {
        std::vector<const model::Finding*> all;
        for (const model::Finding& finding : report_.findings) {
            if (finding.outcome == Outcome::fail && report_.objects[finding.object].name == container)
                all.push_back(&finding);
        }
        return all;
    }
    [[nodiscard]] model::Severity severity(const model::Finding& finding) const {
        return report_.checks[finding.check].severity;
    }

    Inventory inventory_;
    model::AuditReport report_;
};

TEST_F(SingleDefects, EachIsFoundWithItsSeverityAndTheCleanContainerHasNoneOfThem) {
    const std::string table = read(PLIMSOLL_SHARED_DIR "/data/posture/single-defects.tsv");
    std::set<std::string> baseline;
    for (const auto* finding : failed("posture-m-baseline")) baseline.insert(report_.checks[finding->check].id);
    std::istringstream lines(table);
    std::string line;
    std::getline(lines, line);
    std::size_t defects = 0;
    while (std::getline(lines, line)) {
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        const std::string container = line.substr(0, first);
        const std::string wanted = line.substr(second + 1, line.find('\t', second + 1) - second - 1);
        std::optional<model::Severity> worst;
        for (const auto* finding : failed(container)) {
            if (!baseline.contains(report_.checks[finding->check].id))
                worst = std::max(worst.value_or(model::Severity::info), severity(*finding));
        }
        const auto expected = model::parse_severity(wanted);
        if (expected) {
            EXPECT_EQ(worst, expected) << line;
            ++defects;
        } else {
            EXPECT_FALSE(worst) << line;
        }
    }
    EXPECT_EQ(defects, 35U);
}

TEST_F(SingleDefects, NothingOfTheBaselineIsWorseThanLow) {
    for (const auto* finding : failed("posture-m-baseline"))
        EXPECT_LE(severity(*finding), model::Severity::low) << report_.checks[finding->check].id;
}

}  // namespace
}  // namespace plimsoll::posture
