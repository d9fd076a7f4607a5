#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "model/facts.h"
#include "model/image_name.h"
#include "posture/capabilities.h"
#include "posture/life_cycle.h"
#include "posture/log_lines.h"
#include "posture/seccomp_profile.h"

namespace plimsoll::posture {
namespace {

using testing::Contains;
using testing::Not;

TEST(ImageName, PartsOfAReference) {
    EXPECT_EQ(model::parse_image_name("nginx").registry, "docker.io");
    EXPECT_EQ(model::parse_image_name("nginx").tag, "");
    EXPECT_EQ(model::parse_image_name("registry.example:5000/team/app:1.2").registry, "registry.example:5000");
    EXPECT_EQ(model::parse_image_name("registry.example:5000/team/app:1.2").tag, "1.2");
    EXPECT_EQ(model::parse_image_name("registry.example:5000/team/app").tag, "");
    EXPECT_EQ(model::parse_image_name("app@sha256:ab").digest, "sha256:ab");
    EXPECT_TRUE(model::parse_image_name("sha256:0123").by_id);
}

TEST(Capabilities, AddedDroppedAndAll) {
    const std::vector<std::string> none;
    const auto ordinary = choose_capabilities("docker", false, none, none);
    EXPECT_THAT(ordinary.held, testing::AllOf(Contains("CAP_NET_RAW"), Not(Contains("CAP_SYS_ADMIN"))));
    const std::vector<std::string> all = {"ALL"};
    const std::vector<std::string> raw = {"net_raw"};
    const auto only_raw = choose_capabilities("docker", false, raw, all);
    EXPECT_THAT(only_raw.held, testing::ElementsAre("CAP_NET_RAW"));
    EXPECT_TRUE(only_raw.dropped_all);
    EXPECT_THAT(choose_capabilities("docker", true, none, all).held, Contains("CAP_SYS_ADMIN"));
    EXPECT_THAT(choose_capabilities("podman", false, none, none).held, Not(Contains("CAP_NET_RAW")));
}

SeccompJudgement judged(std::string_view profile) {
    const auto document = JsonDocument::parse(profile);
    return judge_seccomp(document->root(), {});
}

TEST(Seccomp, TheBodyIsJudgedNotItsPresence) {
    EXPECT_TRUE(judged(R"({"defaultAction":"SCMP_ACT_ALLOW"})").permissive);
    const auto strict =
        judged(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read","bpf"],"action":"SCMP_ACT_ALLOW"}]})");
    EXPECT_FALSE(strict.permissive);
    EXPECT_THAT(strict.dangerous, testing::ElementsAre("bpf"));
}

TEST(Seccomp, RulesForCapabilitiesThatTheContainerLacksDoNotCount) {
    EXPECT_THAT(
        judged(
            R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}]})")
            .dangerous,
        testing::IsEmpty());
}

TEST(Seccomp, AConditionOnArgumentsOpensACallAndNeverClosesIt) {
    EXPECT_THAT(
        judged(
            R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["unshare"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_GE"}]}]})")
            .dangerous,
        testing::ElementsAre("unshare"));
    EXPECT_THAT(
        judged(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["bpf"],"action":"SCMP_ACT_ALLOW"},)"
               R"({"names":["bpf"],"action":"SCMP_ACT_ERRNO","args":[{"index":4,"value":12345,"op":"SCMP_CMP_EQ"}]}]})")
            .dangerous,
        testing::ElementsAre("bpf"));
}

TEST(LifeCycles, TheLongestCycleThatTheVersionContinues) {
    const auto cycles = LifeCycles::parse(
        "# "
        "x\nalpine\t3.1\t2016-11-01\t2016-11-01\t3.1.4\nalpine\t3.19\t2025-11-01\t2025-11-01\t3.19.9\ndebian\t12\t2026-"
        "07-11\t2028-06-30\t12.15\n");
    ASSERT_TRUE(cycles);
    EXPECT_EQ(cycles->find("alpine", "3.19.1")->cycle, "3.19");
    EXPECT_EQ(cycles->find("alpine", "3.1.2")->cycle, "3.1");
    EXPECT_EQ(cycles->find("alpine", "3.20.0"), nullptr);
    EXPECT_EQ(cycles->find("debian", "12")->cycle, "12");
    EXPECT_FALSE(LifeCycles::parse("one\ttwo\n"));
    EXPECT_LT(compare_versions("1.9", "1.10"), 0);
    EXPECT_EQ(compare_versions("20.10.24+dfsg1", "20.10.24"), 0);
}

TEST(LogLines, FramesAndTerminalsAndWhatDoesNotFit) {
    model::FactStore store;
    const model::Facts& container = store.add(model::SubjectKind::container, "c", "c", nullptr);
    gather_log(std::string("\x02\0\0\0\0\0\0\x06"
                           "one\ntw"
                           "\x01\0\0\0\0\0\0\x04"
                           "more",
                           26),
               false, store, container);
    ASSERT_EQ(store.all().size(), 4U);
    EXPECT_EQ(store.all()[1].text("log.line"), "one");
    EXPECT_EQ(store.all()[1].text("log.stream"), "stderr");
    EXPECT_EQ(store.all()[3].text("log.stream"), "stdout");
    gather_log("\xff garbage that is no frame", false, store, container);
    EXPECT_EQ(store.all().size(), 5U);
    gather_log("a\nb\n", true, store, container);
    EXPECT_EQ(store.all().size(), 7U);
}

}  // namespace
}  // namespace plimsoll::posture
