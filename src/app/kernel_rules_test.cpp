#include "app/kernel_rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/kernel_requests.h"
#include "sensor/event_writer.h"
#include "sensor/process_table.h"

namespace plimsoll::app {
namespace {

constexpr const char* kContainer = "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8";
constexpr const char* kSession = "cfd5dbdaa1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c";
constexpr std::uint64_t kCgroup = 77;
constexpr std::uint64_t kHostCgroup = 5;
constexpr std::uint16_t kOpenat = 257;

class NoContainers final : public sensor::Containers {
public:
    [[nodiscard]] std::shared_ptr<const sensor::Container> find(std::string_view /*id*/) const override {
        return nullptr;
    }
    [[nodiscard]] std::uint64_t generation() const override { return 0; }
};

/// A host with one container, told by events.
class Scene {
public:
    Scene() : table_(none_, {}), event_(surroundings_) {
        writer_.start(WIRE_CGROUP_MADE);
        writer_.head.cgroup = kCgroup;
        writer_.add(WIRE_CONTAINER, kContainer);
        take();
    }

    /// A process that runs a program.
    void program(std::uint32_t pid, std::uint32_t parent, std::uint64_t cgroup, std::vector<std::string_view> words,
                 std::string_view exe = "/usr/bin/program") {
        const auto begin = [&](WireKind kind) {
            writer_.start(kind);
            writer_.head.pid = writer_.head.tid = pid;
            writer_.head.start = pid * 1000;
            writer_.head.cgroup = cgroup;
            if (cgroup == kHostCgroup) writer_.head.flags = WIRE_HOST;
            writer_.has_task = writer_.has_credentials = true;
            writer_.task.parent = parent;
            writer_.task.parent_start = parent * 1000;
            writer_.task.ns_pid = pid;
            writer_.task.login_session = 9;
            writer_.credentials.loginuid = 4242;
            writer_.name("program");
        };
        begin(WIRE_FORK);
        take();
        begin(WIRE_EXEC);
        writer_.has_file = true;
        writer_.add(WIRE_EXE, exe);
        writer_.add_words(WIRE_ARGV, words);
        take();
    }

    KernelRules::Judgement opens(KernelRules& rules, std::uint32_t pid, std::string_view path, std::string_view name) {
        writer_.start(WIRE_CALL);
        writer_.head.call = kOpenat;
        writer_.head.pid = writer_.head.tid = pid;
        writer_.head.start = pid * 1000;
        writer_.head.cgroup = kCgroup;
        writer_.head.result = 3;
        writer_.has_file = writer_.has_arguments = true;
        writer_.file.mode = 0100644;
        writer_.add(WIRE_PATH, path);
        writer_.add(WIRE_NAME, name);
        const sensor::Process* process = take();
        event_.start(raw_, process, 1);
        return rules.judge(event_);
    }

    std::optional<model::Event> request(std::uint32_t peer, std::string_view line, std::uint32_t own = 1,
                                        std::uint32_t engine = 0) {
        writer_.start(WIRE_REQUEST);
        writer_.head.euid = engine;
        writer_.head.pid = 50;
        writer_.has_socket = true;
        writer_.socket.peer_pid = peer;
        writer_.socket.peer_uid = 1000;
        writer_.add(WIRE_DATA, line);
        take();
        return request_record(raw_, table_, surroundings_, own);
    }

    const sensor::ProcessTable& table() const { return table_; }

private:
    const sensor::Process* take() {
        EXPECT_TRUE(sensor::parse(writer_.finish(), raw_));
        return table_.take(raw_);
    }

    NoContainers none_;
    sensor::EventWriter writer_;
    sensor::RawEvent raw_;
    sensor::Surroundings surroundings_;
    sensor::ProcessTable table_;
    sensor::KernelEvent event_;
};

std::shared_ptr<KernelRules> rules(std::string_view text, std::vector<std::string> recording = {}) {
    rule::RuleSet set = rule::load_rules("test.yaml", text);
    EXPECT_TRUE(set.ok());
    auto made = KernelRules::make(std::move(set), recording, false);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? *made : nullptr;
}

constexpr std::string_view kTwoRules =
    "- rule: shadow\n  desc: d\n  condition: evt.type = openat and fd.name = /etc/shadow\n  output: o\n  priority: "
    "WARNING\n"
    "- rule: own program\n  desc: d\n  condition: evt.type = openat and fd.name startswith /proc/self/exe\n  output: "
    "o\n  priority: "
    "WARNING\n";

TEST(KernelRules, JudgesTheKernelsNameNotTheCallers) {
    const auto judged = rules(kTwoRules);
    Scene scene;
    scene.program(100, 1, kCgroup, {"cat"});
    EXPECT_EQ(scene.opens(*judged, 100, "/etc/shadow", "/tmp/harmless").matches.size(), 1U);
    EXPECT_TRUE(scene.opens(*judged, 100, "/tmp/harmless", "/etc/shadow").matches.empty());
}

TEST(KernelRules, JudgesTheSpellingThatLeadsThroughProcToo) {
    const auto judged = rules(kTwoRules);
    Scene scene;
    scene.program(100, 1, kCgroup, {"cat"});
    const auto judgement = scene.opens(*judged, 100, "/usr/bin/program", "/proc/self/exe");
    ASSERT_EQ(judgement.matches.size(), 1U);
    EXPECT_EQ(judgement.matches[0].rule->name, "own program");
}

TEST(KernelRules, ThePolicyRecordsWhatNoRuleWants) {
    const auto judged = rules("", {"evt.type = openat and fd.name startswith /data/"});
    Scene scene;
    scene.program(100, 1, kCgroup, {"cat"});
    EXPECT_TRUE(scene.opens(*judged, 100, "/data/x", "/data/x").wanted);
    EXPECT_FALSE(scene.opens(*judged, 100, "/tmp/x", "/tmp/x").matters());
    EXPECT_FALSE(KernelRules::make(rule::load_rules("t", ""), std::vector<std::string>{"evt.typ = openat"}, false));
}

TEST(KernelRules, TheDefaultPolicyIsValid) {
    const auto policy = default_recording();
    const std::vector<std::string> texts(policy.begin(), policy.end());
    const auto made = KernelRules::make(rule::load_rules("t", ""), texts, false);
    ASSERT_TRUE(made) << made.error().message;
}

TEST(KernelRequests, TellWhoAskedTheEngine) {
    Scene scene;
    scene.program(200, 1, kHostCgroup, {"docker", "exec", "-e", "PASSWORD=hunter2", "web", "sh"});
    const auto record = scene.request(200, "POST /v1.41/containers/web/exec HTTP/1.1\r\nHost: docker");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->text("api.method"), "POST");
    EXPECT_EQ(record->text("api.path"), "/v1.41/containers/web/exec");
    EXPECT_EQ(record->integer("who.loginuid"), 4242);
    EXPECT_EQ(record->integer("who.session"), 9);
    EXPECT_EQ(record->text("who.command"), "program exec -e PASSWORD=*** web sh");
    const auto build =
        scene.request(200, "POST /v1.41/build?t=x&buildargs=%7B%22TOKEN%22%3A%22s3cret%22%7D&q=1 HTTP/1.1");
    ASSERT_TRUE(build);
    EXPECT_EQ(build->text("api.path"), "/v1.41/build?t=x&buildargs=***&q=1");
    EXPECT_FALSE(scene.request(200, "GET /_ping HTTP/1.1")) << "asked all the time";
    EXPECT_TRUE(scene.request(200, "GET /containers/web/archive?path=/etc HTTP/1.1")) << "takes files out";
    EXPECT_FALSE(scene.request(200, "POST /containers/web/stop HTTP/1.1", 200)) << "the agent's own question";
    EXPECT_FALSE(scene.request(200, "\xff\xfe garbage")) << "no request";
    EXPECT_FALSE(scene.request(200, "POST /containers/web/stop and more")) << "a line of something else";
    EXPECT_FALSE(scene.request(200, "POST /containers/web/stop HTTP/1.1", 1, 1001))
        << "one who calls himself an engine";
    EXPECT_TRUE(scene.request(200, "POST /containers/web/stop HTTP/1.1", 1, 1000)) << "a user's own engine";
}

TEST(KernelRequests, FindTheSessionOfAProcess) {
    const std::string file = fmt::format("/run/docker/moby/{}/{}.pid", kContainer, kSession);
    Scene scene;
    scene.program(300, 1, kHostCgroup,
                  {"runc", "--root", "/r", "exec", "--process", "/tmp/p", "--pid-file", file, kContainer},
                  "/usr/bin/runc");
    scene.program(301, 300, kHostCgroup, {"runc", "init"});
    scene.program(302, 301, kCgroup, {"sh"});
    scene.program(303, 302, kCgroup, {"id"});
    EXPECT_EQ(exec_session_of(*scene.table().find(303)), kSession);
    // Anybody can give his program such words.
    scene.program(310, 1, kHostCgroup, {"script", "--pid-file", file, kContainer});
    scene.program(311, 310, kCgroup, {"sh"});
    EXPECT_EQ(exec_session_of(*scene.table().find(311)), "");
    scene.program(400, 1, kHostCgroup, {"containerd-shim", "-id", kContainer});
    scene.program(401, 400, kCgroup, {"nginx"});
    EXPECT_EQ(exec_session_of(*scene.table().find(401)), "");
}

}  // namespace
}  // namespace plimsoll::app
