#include "report/sarif.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/fixture.h"

namespace plimsoll::report {
namespace {

using nlohmann::json;

json run_of(const model::AuditReport& report) {
    const auto document = json::parse(render_sarif(report, {}));
    EXPECT_EQ(document["version"], "2.1.0");
    return document["runs"][0];
}

json result_about(const json& run, std::string_view rule, std::string_view place) {
    for (const auto& result : run["results"]) {
        if (result["ruleId"] == rule && result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == place)
            return result;
    }
    ADD_FAILURE() << "no result of " << rule << " about " << place;
    return {};
}

TEST(Sarif, rules_have_help_and_a_severity_by_which_services_sort) {
    const auto run = run_of(fixture::ordinary());
    for (const auto& rule : run["tool"]["driver"]["rules"]) {
        EXPECT_FALSE(rule["help"]["text"].get<std::string>().empty());
        EXPECT_FALSE(rule.contains("helpUri"));
        EXPECT_TRUE(rule["properties"].contains("security-severity"));
    }
    EXPECT_EQ(run["tool"]["driver"]["rules"][0]["properties"]["security-severity"], "9.5");
}

TEST(Sarif, every_result_points_at_its_rule_and_has_text) {
    for (const auto& report : {fixture::ordinary(), fixture::hostile()}) {
        const auto run = run_of(report);
        ASSERT_FALSE(run["results"].empty());
        for (const auto& result : run["results"]) {
            EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
            EXPECT_FALSE(result["message"]["text"].get<std::string>().empty());
            EXPECT_FALSE(result["partialFingerprints"].empty());
        }
    }
}

TEST(Sarif, only_what_failed_is_a_result) {
    const auto run = run_of(fixture::healthy());
    ASSERT_EQ(run["results"].size(), 1U);
    EXPECT_EQ(run["results"][0]["level"], "note");
    EXPECT_TRUE(run_of(fixture::empty())["results"].empty());
}

TEST(Sarif, a_waived_finding_is_suppressed_with_its_reason) {
    const auto waived = result_about(run_of(fixture::ordinary()), "container-runs-as-root", "container://mail");
    ASSERT_EQ(waived["suppressions"].size(), 1U);
    EXPECT_EQ(waived["suppressions"][0]["kind"], "external");
    EXPECT_EQ(waived["suppressions"][0]["justification"], "Postfix drops privileges itself");
    EXPECT_TRUE(
        result_about(run_of(fixture::ordinary()), "host-kernel-lockdown", "host://web-01")["suppressions"].empty());
}

TEST(Sarif, a_baseline_says_what_is_new) {
    const auto run = run_of(fixture::ordinary());
    EXPECT_EQ(result_about(run, "container-privileged", "container://backup")["baselineState"], "new");
    EXPECT_EQ(result_about(run, "container-engine-socket", "container://ci-runner")["baselineState"], "unchanged");
    EXPECT_FALSE(run_of(fixture::healthy())["results"][0].contains("baselineState"));
}

TEST(Sarif, a_path_is_a_result_with_its_steps) {
    const auto path = result_about(run_of(fixture::ordinary()), "engine-socket-to-root", "container://ci-runner");
    EXPECT_EQ(path["codeFlows"][0]["threadFlows"][0]["locations"].size(), 2U);
}

TEST(Sarif, fingerprints_survive_a_new_container_of_the_same_name) {
    auto report = fixture::ordinary();
    const auto before = run_of(report)["results"];
    report.objects[2].id = "another";
    report.findings[0].message = "other words";
    const auto after = run_of(report)["results"];
    for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_EQ(before[i]["partialFingerprints"], after[i]["partialFingerprints"]);
    EXPECT_NE(before[0]["partialFingerprints"], before[1]["partialFingerprints"]);
}

TEST(Sarif, unknowns_and_problems_are_notifications) {
    const auto notes = run_of(fixture::ordinary())["invocations"][0]["toolExecutionNotifications"];
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0]["message"]["text"], "reading /etc/docker/daemon.json: permission denied");
}

}  // namespace
}  // namespace plimsoll::report
