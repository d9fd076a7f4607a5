#include "source/engine/snapshot.h"

#include <gmock/gmock.h>

#include "source/engine/container_record.h"
#include "source/engine/reconcile.h"

namespace plimsoll::source {
namespace {

std::string inspect(std::string_view id, std::string_view name, std::string_view memory, std::string_view started,
                    bool running = true) {
    return std::string(R"({"Id":")") + std::string(id) + R"(","Name":"/)" + std::string(name) +
           R"(","Created":"2026-11-21T06:00:00Z","Image":"sha256:11","State":{"Running":)" +
           (running ? "true" : "false") + R"(,"ExitCode":137,"StartedAt":")" + std::string(started) +
           R"(","FinishedAt":"2026-11-21T06:30:00Z"},"HostConfig":{"Memory":)" + std::string(memory) +
           R"(,"CapAdd":["NET_ADMIN"],"LogConfig":{"Type":"splunk","Config":{"splunk-token":"t0k"}}},)"
           R"("Mounts":[{"Source":"/b","Destination":"/z"},{"Source":"/a","Destination":"/y","RW":false,"Mode":"ro"}],)"
           R"("NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2"}}},)"
           R"("Config":{"Image":"registry.example:5000/app:2","Env":["PASSWORD=hunter2","PATH=/bin"],"Labels":{"a":"b"},)"
           R"("Healthcheck":{"Test":["CMD-SHELL","curl -f localhost"]}}})";
}

std::string snap(std::string_view text) {
    const auto document = JsonDocument::parse(text);
    return snapshot(document->root());
}

TEST(Snapshot, HoldsNoSecretAndNoOrderOfChance) {
    const std::string text = snap(inspect("aa", "web", "0", "2026-11-21T06:00:01Z"));
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
    EXPECT_EQ(text.find("t0k"), std::string::npos);
    EXPECT_NE(text.find("PASSWORD=***"), std::string::npos);
    EXPECT_LT(text.find("/y"), text.find("/z"));
}

TEST(Snapshot, ChangesNameTheSettingAndBothValues) {
    const Change change = changes(snap(inspect("aa", "web", "0", "2026-11-21T06:00:01Z")),
                                  snap(inspect("aa", "web", "1073741824", "2026-11-21T06:00:01Z")));
    EXPECT_THAT(change.paths, testing::ElementsAre("HostConfig.Memory: 0 -> 1073741824"));
    EXPECT_EQ(change.after.find("NetworkSettings"), std::string::npos) << "only what differs";
}

TEST(Snapshot, AFloodStaysBounded) {
    std::string labels;
    for (int i = 0; i < 20'000; ++i) labels += (i > 0 ? ",\"l" : "\"l") + std::to_string(i) + R"(":"xxxxxxxxxxxxxxxx")";
    const std::string text = snap(R"({"Id":"aa","Config":{"Labels":{)" + labels + "}}}");
    EXPECT_LT(text.size(), 2 * kMostSnapshotBytes);
    EXPECT_TRUE(JsonDocument::parse(text));
    std::string deep;
    for (int i = 0; i < 900; ++i) deep += "[";
    deep += std::string(900, ']');
    EXPECT_LT(snap(R"({"Id":"aa","Config":{"Cmd":)" + deep + "}}").size(), 4096U);
}

TEST(Bounded, CutsAtACharactersBorder) {
    EXPECT_EQ(bounded("short", 10), "short");
    EXPECT_EQ(bounded("aäb", 2), "a… (4 bytes in all)");
}

TEST(ContainerRecord, FactsOfAnInspection) {
    const ImageIndex images = {{"sha256:11", {.digests = {"registry.example:5000/app@sha256:dd"}}}};
    const auto record =
        container_record(snap(inspect("aabbccddeeff00", "web", "0", "2026-11-21T06:00:01Z")), "docker", images);
    ASSERT_TRUE(record);
    const model::Event& facts = record->facts;
    EXPECT_EQ(facts.text("container.id"), "aabbccddeeff");
    EXPECT_EQ(facts.text("container.image.repository"), "registry.example:5000/app");
    EXPECT_EQ(facts.text("container.image.tag"), "2");
    EXPECT_EQ(facts.text("container.image.digest"), "sha256:dd");
    EXPECT_EQ(facts.text("container.mounts"), "/a:/y:ro:false: /b:/z::true:");
    EXPECT_EQ(facts.text("container.networks.addresses"), "bridge=172.17.0.2");
    EXPECT_EQ(record->health_command, "/bin/sh -c curl -f localhost");
    EXPECT_FALSE(container_record("{}", "docker", images));
}

class AfterAGap : public testing::Test {
protected:
    static std::shared_ptr<const ContainerRecord> one(std::string_view id, std::string_view name,
                                                      std::string_view memory = "0",
                                                      std::string_view started = "2026-11-21T06:00:01Z",
                                                      bool running = true) {
        return container_record(snap(inspect(id, name, memory, started, running)), "docker", {});
    }
    static std::vector<std::string> found(const Told& told, const EngineState& real,
                                          const std::set<std::string, std::less<>>& touched = {}) {
        std::vector<std::string> out;
        for (const auto& difference : told.compare(real, touched))
            out.push_back(difference.type + " " + difference.action + " " + difference.name);
        return out;
    }
};

TEST_F(AfterAGap, EachDifferenceIsFound) {
    EngineState before;
    before.containers = {one("a1", "gone"), one("b1", "old-name"), one("c1", "grows"), one("d1", "again"),
                         one("e1", "ends")};
    before.networks = {{"n1", "net"}};
    Told told;
    told.set(before);
    EngineState after;
    after.containers = {one("b1", "new-name"), one("c1", "grows", "5"), one("d1", "again", "0", "2026-11-21T06:20:00Z"),
                        one("e1", "ends", "0", "2026-11-21T06:00:01Z", false), one("f1", "fresh")};
    after.volumes = {{"data", 0}};
    EXPECT_THAT(found(told, after), testing::UnorderedElementsAre(
                                        "container create fresh", "container start fresh", "container restart again",
                                        "container die ends", "container destroy gone", "container rename new-name",
                                        "container update grows", "network destroy net", "volume create data"));
    EXPECT_THAT(found(told, after, {"a1", "b1", "c1", "d1", "e1", "f1", "n1", "data"}), testing::IsEmpty())
        << "events tell of them";
}

TEST_F(AfterAGap, WhatEventsToldIsNoDifference) {
    EngineState before;
    before.containers = {one("a1", "web")};
    Told told;
    told.set(before);
    told.apply({.type = "container", .action = "destroy", .id = "a1"}, nullptr);
    EXPECT_THAT(found(told, {}), testing::IsEmpty());
}

TEST_F(AfterAGap, AContainerThatCannotBeInspectedIsNotGone) {
    EngineState before;
    before.containers = {one("a1", "web")};
    Told told;
    told.set(before);
    EngineState after;
    after.unread = {"a1"};
    EXPECT_THAT(found(told, after), testing::IsEmpty());
}

}  // namespace
}  // namespace plimsoll::source
