#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/json.h"
#include "host/temporary_tree.h"
#include "posture/prune.h"

// Against a real engine. Everything made here carries a label of this process alone, and plans are restricted to it.

namespace plimsoll::posture {
namespace {

using testing::HasSubstr;

struct Output {
    int status = -1;
    std::string text;
};

/// Runs the engine's client.
Output docker(const std::string& arguments) {
    Output output;
    std::FILE* pipe = ::popen(("docker " + arguments + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return output;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        output.text.append(buffer.data(), n);
    output.status = ::pclose(pipe);
    while (!output.text.empty() && output.text.back() == '\n') output.text.pop_back();
    return output;
}

class PruneEngine : public testing::Test {
protected:
    void SetUp() override {
        endpoint_.path = "/var/run/docker.sock";
        bool answers = false;
        host::run_requests(endpoint_, {}, {{"/version"}}, [&](std::size_t, Result<host::HttpAnswer> answer) {
            answers = answer && answer->status == 200;
        });
        if (!answers || docker("version").status != 0)
            GTEST_SKIP() << "no container engine answers at " << endpoint_.to_text();
        options_.now = now() + kDay;
        options_.older_than = 0;
        options_.named_volumes = true;
        options_.only_label = "plimsoll.test=" + mark_;
        tree_.write("/image/hello", mark_);  // own content, so that the image is nobody else's
    }

    void TearDown() override {
        for (const std::string& name : containers_) docker("rm -f " + name);
        for (const std::string& name : {mark_ + ":one", mark_ + "-other:two"}) docker("rmi " + name);
        docker("volume rm " + mark_ + "-volume");
        docker("volume rm " + mark_ + "-kept");
        docker("network rm " + mark_ + "-network");
    }

    void make_all() {
        const std::string label = "--label plimsoll.test=" + mark_ + " ";
        ASSERT_EQ(make("tar -C " + tree_.at("/image") + " -c . | docker import -c 'LABEL plimsoll.test=" + mark_ +
                       "' - " + mark_ + ":one"),
                  0);
        ASSERT_EQ(docker("tag " + mark_ + ":one " + mark_ + "-other:two").status, 0);
        ASSERT_EQ(docker("volume create " + label + mark_ + "-volume").status, 0);
        ASSERT_EQ(docker("volume create " + label + "--label plimsoll.keep=yes " + mark_ + "-kept").status, 0);
        ASSERT_EQ(docker("network create " + label + mark_ + "-network").status, 0);
    }

    void make_container(const std::string& more) {
        const std::string name = mark_ + "-container";
        const Output made = docker("create --label plimsoll.test=" + mark_ + " --name " + name + " " + more + " " +
                                   mark_ + ":one /hello");
        ASSERT_EQ(made.status, 0) << made.text;
        containers_.push_back(name);
    }

    static int make(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); }

    PrunePlan plan() {
        auto made = plan_prune(endpoint_, {}, options_);
        EXPECT_TRUE(made) << made.error().message;
        return made ? std::move(*made) : PrunePlan{};
    }

    static std::vector<std::string> names(const PrunePlan& plan) {
        std::vector<std::string> all;
        for (const PruneItem& item : plan.items) all.push_back(std::string(to_text(item.kind)) + " " + item.name);
        return all;
    }

    const std::string mark_ = "plimsoll-test-" + std::to_string(::getpid());
    host::TemporaryTree tree_;
    host::Endpoint endpoint_;
    PruneOptions options_;
    std::vector<std::string> containers_;
};

TEST_F(PruneEngine, removes_what_is_unused_and_nothing_else) {
    make_all();
    const PrunePlan made = plan();
    EXPECT_THAT(names(made), testing::ElementsAre("volume " + mark_ + "-volume", "network " + mark_ + "-network",
                                                  "image " + mark_ + "-other:two"));
    EXPECT_THAT(made.kept, testing::ElementsAre("volume " + mark_ + "-kept: labelled plimsoll.keep"));
    const auto report = execute(endpoint_, {}, made, tree_.at("/record.jsonl"));
    ASSERT_TRUE(report) << report.error().message;
    for (const PruneOutcome& outcome : report->outcomes)
        EXPECT_EQ(outcome.state, PruneOutcome::State::removed) << outcome.reason;
    EXPECT_NE(docker("volume inspect " + mark_ + "-volume").status, 0);
    EXPECT_NE(docker("network inspect " + mark_ + "-network").status, 0);
    EXPECT_NE(docker("image inspect " + mark_ + ":one").status, 0);
    EXPECT_EQ(docker("volume inspect " + mark_ + "-kept").status, 0);
    EXPECT_EQ(plan().items.size(), 0U);
}

TEST_F(PruneEngine, what_came_into_use_since_the_plan_is_skipped) {
    make_all();
    const PrunePlan made = plan();
    ASSERT_EQ(made.items.size(), 3U);
    make_container("-v " + mark_ + "-volume:/v --network " + mark_ + "-network");
    const auto report = execute(endpoint_, {}, made, tree_.at("/record.jsonl"));
    ASSERT_TRUE(report);
    ASSERT_EQ(report->outcomes.size(), 3U);
    for (const PruneOutcome& outcome : report->outcomes) {
        EXPECT_EQ(outcome.state, PruneOutcome::State::skipped);
        EXPECT_THAT(outcome.reason, HasSubstr("now"));
    }
    EXPECT_EQ(docker("image inspect " + mark_ + ":one").status, 0);
}

TEST_F(PruneEngine, a_container_goes_and_its_image_stays_until_the_next_plan) {
    make_all();
    make_container("");
    options_.kinds = {PruneKind::container, PruneKind::image};
    const PrunePlan made = plan();
    EXPECT_THAT(names(made), testing::ElementsAre("container " + mark_ + "-container"));
    const auto report = execute(endpoint_, {}, made, tree_.at("/record.jsonl"));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->outcomes[0].state, PruneOutcome::State::removed) << report->outcomes[0].reason;
    const auto again = execute(endpoint_, {}, made, tree_.at("/again.jsonl"));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->outcomes[0].state, PruneOutcome::State::skipped);
    EXPECT_EQ(plan().items.size(), 1U);  // the image
}

TEST_F(PruneEngine, an_image_renamed_since_the_plan_is_skipped) {
    make_all();
    options_.kinds = {PruneKind::image};
    const PrunePlan made = plan();
    ASSERT_EQ(docker("rmi " + mark_ + "-other:two").status, 0);
    const auto report = execute(endpoint_, {}, made, tree_.at("/record.jsonl"));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->outcomes[0].state, PruneOutcome::State::skipped);
    EXPECT_EQ(docker("image inspect " + mark_ + ":one").status, 0);
}

}  // namespace
}  // namespace plimsoll::posture
