#include "posture/prune.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "host/temporary_tree.h"

namespace plimsoll::posture {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Nanoseconds kToday = 1'800'000'000 * kSecond;

std::string days_ago(int days) { return to_rfc3339(kToday - days * kDay); }

std::string container(std::string_view id, std::string_view status, int finished_days, std::string_view labels = "{}") {
    return R"({"Id": ")" + std::string(id) + R"(", "Name": "/)" + std::string(id) + R"(", "Created": ")" +
           days_ago(400) + R"(", "State": {"Status": ")" + std::string(status) +
           R"(", "ExitCode": 1, "FinishedAt": ")" +
           (finished_days < 0 ? "0001-01-01T00:00:00Z" : days_ago(finished_days)) + R"("}, "Config": {"Labels": )" +
           std::string(labels) + "}}";
}

std::vector<std::string> names(const PrunePlan& plan) {
    std::vector<std::string> all;
    for (const PruneItem& item : plan.items) all.push_back(std::string(to_text(item.kind)) + " " + item.name);
    return all;
}

PrunePlan plan(const PruneAnswers& answers, PruneOptions options = {}, bool local = false) {
    options.now = kToday;
    const auto made = plan_of(answers, options, local);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : PrunePlan{};
}

TEST(PrunePlan, containers_that_ended_long_ago_are_listed_and_others_never) {
    const PruneAnswers answers{
        .containers =
            R"([{"Id": "old", "State": "exited"}, {"Id": "new", "State": "exited"}, {"Id": "runs", "State": "running"}, {"Id": "sleeps", "State": "paused"},
                          {"Id": "kept", "State": "exited"}, {"Id": "unkept", "State": "dead"}, {"Id": "fresh", "State": "created"}, {"Id": "started", "State": "exited"}])",
        .sizes = R"({"Containers": [{"Id": "old", "SizeRw": 4096}]})",
        .details = {container("old", "exited", 8), container("new", "exited", 6), container("runs", "running", 400),
                    container("sleeps", "paused", 400), container("kept", "exited", 90, R"({"plimsoll.keep": ""})"),
                    container("unkept", "dead", 90, R"({"plimsoll.keep": "false"})"), container("fresh", "created", -1),
                    container("started", "running", 90)}};
    const PrunePlan made = plan(answers);
    EXPECT_THAT(names(made), ElementsAre("container old", "container unkept", "container fresh"));
    EXPECT_EQ(made.items[0].size, 4096);
    EXPECT_THAT(made.items[2].why, HasSubstr("never started"));
    EXPECT_THAT(made.kept, ElementsAre("container new: in use or changed less than 7 days ago",
                                       "container kept: labelled plimsoll.keep"));
}

TEST(PrunePlan, volumes_of_stopped_containers_are_in_use_and_named_ones_need_a_word) {
    const std::string anonymous(64, 'a');
    const PruneAnswers answers{
        .containers = R"([{"Id": "c", "State": "exited", "Mounts": [{"Type": "volume", "Name": "used"}]}])",
        .volumes = R"({"Volumes": [{"Name": "used", "CreatedAt": ")" + days_ago(90) +
                   R"("}, {"Name": "named", "CreatedAt": ")" + days_ago(90) +
                   R"("}, {"Name": "dateless"}, {"Name": ")" + anonymous + R"(", "CreatedAt": ")" + days_ago(90) +
                   R"("}]})",
        .sizes = R"({"Volumes": [{"Name": "named", "UsageData": {"Size": 7}}]})",
        .details = {container("c", "exited", 1)}};
    EXPECT_THAT(names(plan(answers)), ElementsAre("volume " + anonymous));
    const PrunePlan all = plan(answers, {.named_volumes = true});
    EXPECT_THAT(names(all), ElementsAre("volume named", "volume " + anonymous));
    EXPECT_EQ(all.items[0].size, 7);
    EXPECT_THAT(all.kept, Contains("volume dateless: how long it has been there cannot be found out"));
}

TEST(PrunePlan, a_volume_written_to_lately_is_young_and_shows_what_it_holds) {
    const host::TemporaryTree tree;
    tree.write("/volumes/v/data.db", "x");
    const PruneAnswers answers{
        .containers = "[]",
        .volumes = R"({"Volumes": [{"Name": "v", "Mountpoint": "/volumes/v", "CreatedAt": "2001-01-01T00:00:00Z"}]})"};
    PruneOptions options{.now = now(), .named_volumes = true, .root = tree.root()};
    const auto young = plan_of(answers, options, true);
    ASSERT_TRUE(young);
    EXPECT_THAT(young->items, IsEmpty());
    options.now += 30 * kDay;
    const auto old = plan_of(answers, options, true);
    ASSERT_EQ(old->items.size(), 1U);
    EXPECT_EQ(old->items[0].entries, 1U);
    EXPECT_THAT(old->items[0].holds, ElementsAre("data.db"));
}

TEST(PrunePlan, networks_of_users_without_containers_are_listed) {
    const std::string made = R"("Created": ")" + days_ago(90) + '"';
    const PruneAnswers answers{
        .containers =
            R"([{"Id": "c", "State": "exited", "NetworkSettings": {"Networks": {"stopped": {"NetworkID": "n2"}}}}])",
        .networks =
            R"([{"Id": "n0", "Name": "bridge"}, {"Id": "n1", "Name": "idle"}, {"Id": "n2", "Name": "stopped"}, {"Id": "n3", "Name": "live"}, {"Id": "n4", "Name": "overlay", "Scope": "swarm"}])",
        .details = {container("c", "exited", 1), R"({"Id": "n1", "Name": "idle", )" + made + "}",
                    R"({"Id": "n2", "Name": "stopped", )" + made + "}",
                    R"({"Id": "n3", "Name": "live", "Containers": {"x": {}}, )" + made + "}",
                    R"({"Id": "n4", "Name": "overlay", )" + made + "}"}};
    EXPECT_THAT(names(plan(answers)), ElementsAre("network idle"));
}

TEST(PrunePlan, images_are_judged_by_when_they_came_and_never_while_a_container_names_them) {
    const auto image = [](std::string_view id, std::string_view tags, int tagged_days) {
        return R"({"Id": "sha256:)" + std::string(id) + R"(", "RepoTags": )" + std::string(tags) +
               R"(, "Size": 1000, "Created": ")" + days_ago(500) + R"(", "Metadata": {"LastTagTime": ")" +
               (tagged_days < 0 ? "0001-01-01T00:00:00Z" : days_ago(tagged_days)) + R"("}})";
    };
    const PruneAnswers answers{
        .containers = R"([{"Id": "c", "State": "exited", "ImageID": "sha256:used", "Image": "x"}])",
        .images =
            R"([{"Id": "sha256:used"}, {"Id": "sha256:old", "ParentId": "sha256:parent"}, {"Id": "sha256:pulled-today"}, {"Id": "sha256:undated"}, {"Id": "sha256:dangling"}, {"Id": "sha256:parent"}])",
        .details = {container("c", "exited", 1), image("used", R"(["x:1"])", 90),
                    image("old", R"(["app:2", "app:1"])", 90), image("pulled-today", R"(["y:1"])", 0),
                    image("undated", R"(["z:1"])", -1), image("dangling", "[]", 90), image("parent", "[]", 90)}};
    const PrunePlan made = plan(answers);
    EXPECT_THAT(names(made), ElementsAre("image app:1", "image dangling"));
    EXPECT_THAT(made.items[0].references, ElementsAre("app:1", "app:2"));
    EXPECT_EQ(made.items[0].size, 1000);
    EXPECT_THAT(made.kept,
                ElementsAre(HasSubstr("container c"), HasSubstr("y:1: in use or changed"), HasSubstr("z:1: how long")));
}

TEST(PrunePlan, without_a_list_of_containers_nothing_counts_as_unused) {
    const PrunePlan made = plan({.volumes = R"({"Volumes": [{"Name": "v", "CreatedAt": "2001-01-01T00:00:00Z"}]})"},
                                {.named_volumes = true});
    EXPECT_THAT(made.items, IsEmpty());
    EXPECT_THAT(made.problems, Contains(HasSubstr("did not list its containers")));
    EXPECT_FALSE(plan_of({.containers = "[{"}, {}, false));
}

TEST(PrunePlan, a_label_restricts_the_plan) {
    const PruneAnswers answers{
        .containers = R"([{"Id": "mine", "State": "exited"}, {"Id": "other", "State": "exited"}])",
        .details = {container("mine", "exited", 90, R"({"team": "a"})"),
                    container("other", "exited", 90, R"({"team": "b"})")}};
    EXPECT_THAT(names(plan(answers, {.only_label = "team=a"})), ElementsAre("container mine"));
    EXPECT_THAT(names(plan(answers, {.only_label = "team"})), ElementsAre("container mine", "container other"));
    EXPECT_THAT(names(plan(answers, {.only_label = "tea"})), IsEmpty());
}

TEST(PruneText, escapes_hostile_names_and_adds_up_sizes) {
    PrunePlan made{
        .engine = "unix:///s",
        .items = {{.kind = PruneKind::volume, .id = "v", .name = "evil\x1b[2J", .size = 1'500'000, .why = "w"},
                  {.kind = PruneKind::image, .id = "sha256:abc", .name = "i", .why = "w"}}};
    const std::string text = to_text(made);
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, HasSubstr("evil\\x1b[2J"));
    EXPECT_THAT(text, HasSubstr("2 to remove, 1.5 MB and 1 of unknown size"));
    made.items[0].name = "bad\xff";
    const auto document = JsonDocument::parse(to_json(made));
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root()["total_bytes"].integer(), 1'500'000);
    EXPECT_EQ(size_text(999), "999 B");
    EXPECT_EQ(size_text(12'300'000'000), "12 GB");
}

TEST(PruneExecute, removes_nothing_without_a_record) {
    const host::TemporaryTree tree;
    tree.write("/record", "here already");
    const PrunePlan made{.items = {{.kind = PruneKind::volume, .id = "v", .name = "v"}}};
    const auto report = execute({.path = tree.at("/no.sock")}, {}, made, tree.at("/record"));
    ASSERT_FALSE(report);
    EXPECT_THAT(report.error().message, HasSubstr("nothing was removed"));
}

TEST(PruneExecute, records_plan_and_outcomes_in_a_private_file) {
    const host::TemporaryTree tree;
    const PrunePlan made{.items = {{.kind = PruneKind::volume, .id = "v", .name = "v", .why = "w"}}};
    const auto report = execute({.path = tree.at("/no.sock")}, {}, made, tree.at("/records/plan.jsonl"));
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->outcomes.size(), 1U);
    EXPECT_EQ(report->outcomes[0].state, PruneOutcome::State::failed);
    struct stat file {};
    struct stat folder {};
    ASSERT_EQ(::stat(tree.at("/records/plan.jsonl").c_str(), &file), 0);
    ASSERT_EQ(::stat(tree.at("/records").c_str(), &folder), 0);
    EXPECT_EQ(file.st_mode & 07777U, 0600U);
    EXPECT_EQ(folder.st_mode & 07777U, 0700U);
    std::ifstream in(tree.at("/records/plan.jsonl"));
    std::string line;
    std::vector<std::string> lines;
    while (std::getline(in, line)) lines.push_back(line);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], HasSubstr(R"("why":"w")"));
    EXPECT_THAT(lines[1], HasSubstr(R"("outcome":"failed")"));
}

}  // namespace
}  // namespace plimsoll::posture
