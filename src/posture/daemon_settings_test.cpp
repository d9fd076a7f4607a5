#include "posture/daemon_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::posture {
namespace {

DaemonSettings read(const std::vector<std::string>& arguments, std::optional<std::string> file = std::nullopt,
                    std::string_view version = "20.10.24") {
    return read_daemon_settings(arguments, "/etc/docker/daemon.json", version,
                                [&](const std::string&) -> Result<std::optional<std::string>> { return file; });
}

TEST(DaemonSettings, FlagsFileAndDefaultsWithTheirOrigin) {
    const auto settings = read({"dockerd", "--icc=false"}, R"({"live-restore": true})");
    EXPECT_EQ(settings.find("icc")->value, "false");
    EXPECT_EQ(settings.find("icc")->origin, "flag --icc");
    EXPECT_TRUE(settings.is_true("live-restore"));
    EXPECT_EQ(settings.find("live-restore")->origin, "/etc/docker/daemon.json");
    EXPECT_EQ(settings.find("userland-proxy")->origin, "default");
}

TEST(DaemonSettings, AFlagThatIsSetToFalseIsFalse) {
    EXPECT_FALSE(read({"dockerd", "--no-new-privileges=false"}).is_true("no-new-privileges"));
    EXPECT_FALSE(read({"dockerd", "--live-restore=false"}).is_true("live-restore"));
    EXPECT_TRUE(read({"dockerd", "--no-new-privileges"}).is_true("no-new-privileges"));
}

TEST(DaemonSettings, ValuesBehindABlankAndShortFlags) {
    const auto settings =
        read({"dockerd", "--log-level", "debug", "-H", "unix:///a.sock", "-H", "tcp://0.0.0.0:2375", "-D"});
    EXPECT_EQ(settings.find("log-level")->value, "debug");
    EXPECT_EQ(settings.find("hosts")->value, "unix:///a.sock,tcp://0.0.0.0:2375");
    EXPECT_TRUE(settings.is_true("debug"));
}

TEST(DaemonSettings, TheFileThatTheFlagNamesIsRead) {
    for (const auto& arguments : {std::vector<std::string>{"dockerd", "--config-file", "/x.json"},
                                  std::vector<std::string>{"dockerd", "--config-file=/x.json"}}) {
        EXPECT_EQ(read(arguments, "{}").config_file, "/x.json");
    }
}

TEST(DaemonSettings, ListsOfTheFileOverSeveralLines) {
    const auto settings = read(
        {"dockerd"}, "{\n  \"hosts\": [\n    \"unix:///var/run/docker.sock\",\n    \"tcp://0.0.0.0:2375\"\n  ]\n}");
    EXPECT_EQ(settings.find("hosts")->value, "unix:///var/run/docker.sock,tcp://0.0.0.0:2375");
}

TEST(DaemonSettings, WhatContradictsItselfIsAConflict) {
    EXPECT_THAT(read({"dockerd", "--icc=false"}, R"({"icc": true})").conflicts,
                testing::ElementsAre(testing::HasSubstr("icc is given")));
    EXPECT_THAT(read({"dockerd"}, R"({"icc": "yes"})").conflicts, testing::SizeIs(1));
    EXPECT_THAT(read({"dockerd"}, R"({"icc": )").conflicts, testing::SizeIs(1));
    EXPECT_EQ(read({"dockerd", "--icc=false"}, R"({"icc": true})").find("icc")->value, "false");
}

TEST(DaemonSettings, DefaultsFollowTheVersion) {
    EXPECT_FALSE(read({"dockerd"}, std::nullopt, "20.10.24").is_true("ip6tables"));
    EXPECT_TRUE(read({"dockerd"}, std::nullopt, "27.5.1").is_true("ip6tables"));
}

}  // namespace
}  // namespace plimsoll::posture
