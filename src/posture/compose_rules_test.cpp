#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "host/temporary_tree.h"
#include "posture/compose.h"
#include "posture/judge.h"
#include "rule/rule_set.h"

// The shipped checks on compose files: what they find, and how little they cannot tell.

namespace plimsoll::posture {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

struct Judged {
    std::set<std::string> failed;
    std::set<std::string> unknown;
};

Judged judge_file(std::string_view yaml) {
    const host::TemporaryTree tree;
    tree.write("/srv/app/compose.yaml", yaml);
    const auto inventory = gather_compose({.files = {"/srv/app/compose.yaml"},
                                           .project_directory = {},
                                           .project_name = {},
                                           .environment = {},
                                           .root = tree.root(),
                                           .now = 0});
    EXPECT_TRUE(inventory) << inventory.error().message;
    rule::RuleLoader loader;
    for (const auto& file : std::filesystem::directory_iterator(PLIMSOLL_SOURCE_DIR "/rules/posture")) {
        std::stringstream text;
        text << std::ifstream(file.path()).rdbuf();
        loader.add(file.path().filename().string(), text.str());
    }
    const rule::RuleSet rules = std::move(loader).finish();
    const auto report = judge(*inventory, rules,
                              {.now = 0,
                               .only = {},
                               .only_objects = {"container", "network", "volume"},
                               .all_evidence = false,
                               .baseline = {}});
    EXPECT_TRUE(report) << report.error().message;
    Judged judged;
    for (const model::Finding& finding : report->findings) {
        const std::string& id = report->checks[finding.check].id;
        if (finding.outcome == model::Outcome::fail) judged.failed.insert(id);
        if (finding.outcome == model::Outcome::unknown) judged.unknown.insert(id);
    }
    return judged;
}

TEST(ComposeRules, find_what_they_find_in_a_running_container) {
    const Judged judged = judge_file(R"(
services:
  web:
    image: nginx
    privileged: true
    pid: host
    user: root
    environment: {DB_PASSWORD: hunter2hunter2}
    volumes: ["/var/run/docker.sock:/var/run/docker.sock"]
    ports: ["80:80"]
)");
    for (const char* check : {"container-privileged", "container-host-pid", "engine-socket-mounted",
                              "container-runs-as-root", "env-secret", "port-wildcard"})
        EXPECT_THAT(judged.failed, Contains(check));
    EXPECT_THAT(judged.unknown, ElementsAre("container-apparmor-off", "container-host-cgroup", "container-image-eol",
                                            "container-no-healthcheck", "mount-source-missing"));
}

TEST(ComposeRules, a_careful_service_passes_and_few_checks_are_left_open) {
    const Judged judged = judge_file(R"(
services:
  web:
    image: registry.example.com/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    user: "10001:10001"
    read_only: true
    cap_drop: [ALL]
    security_opt: [no-new-privileges:true]
    mem_limit: 256m
    cpus: 1
    pids_limit: 100
    cgroup: private
    logging: {driver: local}
    healthcheck: {test: [CMD, /health]}
    restart: on-failure:5
    networks: [front]
    ports: ["127.0.0.1:8080:8080"]
networks:
  front: {driver_opts: {com.docker.network.bridge.enable_icc: "false"}}
)");
    EXPECT_THAT(judged.failed, IsEmpty());
    EXPECT_THAT(judged.unknown, ElementsAre("container-apparmor-off", "container-host-cgroup",
                                            "container-image-eol"));  // the host's matter
}

}  // namespace
}  // namespace plimsoll::posture
