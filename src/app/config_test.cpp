#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/baseline.h"
#include "app/rule_packs.h"

namespace plimsoll::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Config, ReadsTheAuditsPart) {
    const auto config = parse_config(
        "audit:\n  fail_on: critical\n  allowed_images: [registry.example/*]\n  waivers: /etc/plimsoll/waivers.yaml\n  "
        "log_lines: 50\n",
        "plimsoll.yaml");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->fail_on, "critical");
    EXPECT_THAT(config->allowed_images, ElementsAre("registry.example/*"));
    EXPECT_THAT(config->waiver_files, ElementsAre("/etc/plimsoll/waivers.yaml"));
    EXPECT_EQ(config->log_lines, 50U);
}

TEST(Config, AnEmptyFileChangesNothing) {
    const auto config = parse_config("", "plimsoll.yaml");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->fail_on, "high");
}

TEST(Config, ErrorsNameThePlaceAndTheNearestSetting) {
    const auto typo = parse_config("audit:\n  fail_onn: high\n", "plimsoll.yaml");
    ASSERT_FALSE(typo);
    EXPECT_THAT(typo.error().message, testing::AllOf(HasSubstr("plimsoll.yaml:2:3"), HasSubstr("'fail_on'")));
    EXPECT_THAT(parse_config("audit:\n  fail_on: bad\n", "f").error().message, HasSubstr("f:2:12"));
    EXPECT_THAT(parse_config("audit:\n  log_lines: -1\n", "f").error().message, HasSubstr("f:2:14"));
    EXPECT_THAT(parse_config("audit: [", "f").error().message, HasSubstr("f:"));
    EXPECT_FALSE(parse_config("- a list", "f"));
}

TEST(Config, TheCommandLineWins) {
    AuditRequest request{.log_lines = 7};
    apply(Config{.log_lines = 50}, request);
    EXPECT_EQ(request.log_lines, 7U);
}

TEST(Baseline, TakesWhatFailed) {
    const auto baseline = read_baseline(
        R"({"schema_version":"1.0","objects":[{"kind":"container","name":"web"}],)"
        R"("findings":[{"check":"a","object":0,"outcome":"fail"},{"check":"b","object":0,"outcome":"pass"}]})");
    ASSERT_TRUE(baseline);
    EXPECT_THAT(baseline->failed, ElementsAre(posture::finding_key("a", "container", "web")));
}

TEST(Baseline, RefusesWhatIsNoReport) {
    EXPECT_FALSE(read_baseline("{}"));
    EXPECT_FALSE(read_baseline("not json"));
    EXPECT_FALSE(read_baseline(R"({"schema_version":"2.0"})"));
    EXPECT_FALSE(read_baseline(
        R"({"schema_version":"1.0","objects":[],"findings":[{"check":"a","object":5,"outcome":"fail"}]})"));
}

TEST(RulePacks, TheShippedPackIsWholeAndLaterFilesChangeIt) {
    const auto shipped = load_posture_rules("/nonexistent", {});
    ASSERT_TRUE(shipped);
    EXPECT_TRUE(shipped->ok());
    EXPECT_GT(shipped->checks.size(), 300U);
    EXPECT_GT(shipped->paths.size(), 10U);
    EXPECT_FALSE(life_cycle_data().empty());
    EXPECT_FALSE(load_posture_rules("/nonexistent", {"/nonexistent/rules.yaml"}));
}

}  // namespace
}  // namespace plimsoll::app
