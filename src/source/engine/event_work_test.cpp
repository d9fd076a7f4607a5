#include "source/engine/event_work.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "host/endpoint.h"
#include "host/http_server.h"
#include "host/temporary_tree.h"
#include "source/engine/event_record.h"

namespace plimsoll::source {
namespace {

using testing::HasSubstr;

const std::string kWeb(64, 'a');
const std::string kExec(64, 'e');

/// What an engine says of the container `web`, in the words of GET /containers/ID/json.
std::string web(std::string_view more = "", bool running = true, std::string_view networks = "") {
    return fmt::format(
        R"({{"Id":"{}","Name":"/web","Created":"2026-11-21T06:00:00Z","Image":"sha256:11","RestartCount":0,
        "State":{{"Running":{},"StartedAt":"2026-11-21T06:00:01Z","ExitCode":3}},
        "HostConfig":{{"RestartPolicy":{{"Name":"no"}}{}}},"Config":{{"Image":"app:1"}},
        "NetworkSettings":{{"Networks":{{{}}}}}}})",
        kWeb, running, more, networks);
}

/// An engine that answers what a test tells it to, and 404 for the rest.
class Working : public testing::Test {
protected:
    Working() {
        answers_ = {{"/info", R"({"ID":"e1"})"},
                    {"/containers/json", "[]"},
                    {"/images/json", "[]"},
                    {"/networks", "[]"},
                    {"/volumes", R"({"Volumes":[]})"}};
        auto server =
            host::HttpServer::start("unix://" + tree_.at("/s"), {}, [this](const host::ServedRequest& request) {
                const std::lock_guard lock(mutex_);
                const auto found = answers_.find(request.path());
                return found == answers_.end() ? host::ServedAnswer{.status = 404, .body = "{}"}
                                               : host::ServedAnswer{.body = found->second};
            });
        check(server.has_value());
        server_ = std::move(*server);
    }

    void answer(const std::string& path, std::string body) {
        const std::lock_guard lock(mutex_);
        answers_[path] = std::move(body);
    }
    void exists(const std::string& id, std::string inspected) {
        answer("/containers/json", fmt::format(R"([{{"Id":"{}"}}])", id));
        answer("/containers/" + id + "/json", std::move(inspected));
    }

    /// A connection, with the comparison that follows it.
    void connect() {
        work_.connected("docker", checkpoint_.last, false);
        until([this] { return checkpoint_.known_until > 0; });
    }
    void tell(std::string_view action, std::string_view attributes = "", Nanoseconds time = 0,
              std::string_view type = "container", std::string_view id = kWeb) {
        if (time == 0) time = now();
        std::vector<Line> lines(1);
        lines[0].text =
            fmt::format(R"({{"Type":"{}","Action":"{}","Actor":{{"ID":"{}","Attributes":{{"name":"web"{}{}}}}},)"
                        R"("timeNano":{}}})",
                        type, action, id, attributes.empty() ? "" : ",", attributes, time);
        last_line_ = lines[0].text;
        work_.handle(lines);
    }
    template <typename Holds>
    void until(Holds holds) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds()) {
            ASSERT_LT(std::chrono::steady_clock::now(), give_up);
            work_.tick(true);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    const model::Event& last() const { return records_.back(); }
    std::vector<std::string> types() const {
        std::vector<std::string> out;
        for (const model::Event& record : records_) out.emplace_back(record.text("evt.type"));
        return out;
    }

    host::TemporaryTree tree_;
    std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> answers_;  ///< by path; guarded by mutex_
    std::unique_ptr<host::HttpServer> server_;
    EngineClient client_{*host::parse_endpoint("unix://" + tree_.at("/s")), {}};
    Checkpoint checkpoint_;
    std::vector<model::Event> records_;
    std::string last_line_;
    EventWork work_{{.quick = client_,
                     .patient = client_,
                     .inventory = std::make_shared<Inventory>(),
                     .endpoint = "unix:///engine.sock",
                     .put =
                         [this](model::Event event) {
                             records_.push_back(std::move(event));
                             return true;
                         }},
                    checkpoint_};
};

TEST_F(Working, WhatIsThereAtTheFirstContactIsRecordedOnce) {
    exists(kWeb, web(R"(,"CapAdd":["SYS_ADMIN"])"));
    connect();
    ASSERT_EQ(types(), std::vector<std::string>{"found"});
    EXPECT_EQ(last().text("container.name"), "web");
    EXPECT_EQ(last().text("container.state"), "running");
    EXPECT_TRUE(last().is_true("record.reconciled"));
    EXPECT_EQ(to_rfc3339(static_cast<Nanoseconds>(last().number("container.start_ts"))), "2026-11-21T06:00:01Z");
    EXPECT_THAT(std::string(last().text("change.after")), HasSubstr("SYS_ADMIN"));
    EXPECT_EQ(last().text("record.summary"),
              "container web was there when recording began, running since 2026-11-21T06:00:01Z");
    work_.disconnected();
    connect();
    EXPECT_EQ(records_.size(), 1U) << "told again after the connection broke";
}

TEST_F(Working, AContainerThatEventsTellOfIsNotFoundBesides) {
    exists(kWeb, web());
    work_.connected("docker", 0, std::nullopt);
    tell("start");
    until([this] { return checkpoint_.known_until > 0; });
    EXPECT_EQ(types(), std::vector<std::string>{"start"});
}

TEST_F(Working, AContainerThatCouldNotBeInspectedSurvivesTheComparison) {
    work_.connected("docker", 0, std::nullopt);
    tell("create");
    until([this] { return checkpoint_.known_until > 0; });
    EXPECT_EQ(types(), std::vector<std::string>{"create"});
}

TEST_F(Working, ASessionWhoseCommandIsNotThereDidNotStartAndLastedNoTime) {
    connect();
    exists(kWeb, web());
    const std::string exec = fmt::format(R"("execID":"{}")", kExec);
    answer(
        "/exec/" + kExec + "/json",
        R"({"Running":false,"ExitCode":null,"Pid":0,"ProcessConfig":{"entrypoint":"nosuch","arguments":[],"user":"7"}})");
    tell("exec_create: nosuch ", exec);
    tell("exec_start: nosuch ", exec);
    answer(
        "/exec/" + kExec + "/json",
        R"({"Running":false,"ExitCode":127,"Pid":0,"ProcessConfig":{"entrypoint":"nosuch","arguments":[],"user":"7"}})");
    until([this] { return last().text("record.kind") == "session"; });
    EXPECT_EQ(last().text("evt.type"), "exec_failed");
    EXPECT_EQ(last().integer("exec.exit_code"), 127);
    EXPECT_EQ(last().text("exec.user"), "7");
    for (const model::FieldKey field : {model::FieldKey("exec.duration"), model::FieldKey("exec.start_ts"),
                                        model::FieldKey("exec.pid"), model::FieldKey("exec.vpid")})
        EXPECT_FALSE(last().has(field)) << "a time or a process of what never ran";
    EXPECT_THAT(std::string(last().text("record.summary")), HasSubstr("did not start, exit code 127"));
    const std::size_t told = records_.size();
    tell("destroy");
    EXPECT_EQ(records_.size(), told + 1) << "ended a second time, with its container";
}

TEST_F(Working, ASessionThatRanIsNoFailureWhateverItsExitCode) {
    connect();
    const std::string exec = fmt::format(R"("execID":"{}")", kExec);
    answer("/exec/" + kExec + "/json",
           R"({"Running":false,"ExitCode":127,"Pid":4000000,"ProcessConfig":{"entrypoint":"sh","arguments":[]}})");
    tell("exec_create: sh ", exec);
    tell("exec_start: sh ", exec);
    tell("exec_die", exec + R"(,"exitCode":"127")");
    EXPECT_EQ(last().text("evt.type"), "exec_session");
    EXPECT_TRUE(last().has("exec.duration"));
}

TEST_F(Working, SecretsInASessionsCommandAreMaskedAndSoIsWhatARestartReadsBack) {
    connect();
    const std::string exec = fmt::format(R"("execID":"{}")", kExec);
    answer("/exec/" + kExec + "/json",
           R"({"Running":true,"Pid":0,"ProcessConfig":{"entrypoint":"mysql","arguments":["-phunter2","shop"]}})");
    tell("exec_create: mysql -phunter2 shop", exec);
    tell("exec_start: mysql -phunter2 shop", exec);
    EXPECT_EQ(last().text("exec.command"), "mysql -p*** shop");
    const model::Reading masked = last().read(model::FieldKey("audit.masked").id(), {});
    ASSERT_EQ(masked.values.size(), 1U);
    EXPECT_EQ(model::to_text(masked.values[0]), "program");
    work_.stop();
    EXPECT_EQ(last().text("record.kind"), "session");
    for (const model::Event& record : records_) {
        for (const model::FieldKey field : {model::FieldKey("exec.command"), model::FieldKey("record.summary")})
            EXPECT_EQ(record.text(field).find("hunter2"), std::string::npos) << record.text(field);
    }
    EXPECT_EQ(to_text(checkpoint_).find("hunter2"), std::string::npos) << "in the state file";
    EXPECT_NE(to_text(checkpoint_).find("mysql -p*** shop"), std::string::npos);
}

TEST_F(Working, ACommandThatTheEventsAloneTellIsMaskedToo) {
    connect();
    tell("exec_create: curl -H Authorization:hunter2 host", fmt::format(R"("execID":"{}")", kExec));
    EXPECT_EQ(last().text("exec.command"), "curl -H Authorization:*** host");
}

TEST_F(Working, AHealthCheckIsKnownByItsCommandAsItWasGivenAlsoAfterARestart) {
    const std::string check = "curl -u probe:hunter2 localhost";
    exists(kWeb, fmt::format(R"({{"Id":"{}","Name":"/web","State":{{"Running":true}},"Image":"sha256:11",
        "Config":{{"Image":"app:1","Healthcheck":{{"Test":["CMD-SHELL","{}"]}}}}}})",
                             kWeb, check));
    connect();
    const std::string exec = fmt::format(R"("execID":"{}")", kExec);
    tell("exec_create: /bin/sh -c " + check, exec);
    EXPECT_TRUE(last().is_true("exec.healthcheck")) << last().text("exec.command");
    EXPECT_EQ(last().text("exec.command").find("hunter2"), std::string::npos);

    ExecSession restored{.command = "/bin/sh -c curl -u probe:*** localhost", .masked = {"program"}};
    EXPECT_TRUE(runs(restored, "/bin/sh -c " + check));
    EXPECT_FALSE(runs(restored, "/bin/sh -c curl localhost"));
    ExecSession other;
    read_command("mysql -phunter2", other, true);
    EXPECT_FALSE(runs(other, "mysql -phunter3")) << "as given, not as stored";
}

TEST_F(Working, ASessionOfWhichTheEngineTellsNothingSaysSoInAFieldThatRulesCanName) {
    connect();
    const std::string exec = fmt::format(R"("execID":"{}")", kExec);
    tell("exec_create: sh ", exec);
    tell("exec_start: sh ", exec);
    EXPECT_EQ(last().text("docker.attributes", "unknown"), "the session was gone before the engine was asked");
    EXPECT_EQ(last().read(model::FieldKey("exec.privileged").id(), {}).state, model::Reading::State::unknown);
}

TEST_F(Working, AnImpossibleTimeIsMarkedAndTheEventKept) {
    connect();
    for (const Nanoseconds stated : {now() + 3600 * kSecond, Nanoseconds{5}}) {
        const Nanoseconds before = now();
        tell("pause", "", stated);
        EXPECT_EQ(last().text("evt.type"), "pause");
        EXPECT_GE(last().time(), before);
        EXPECT_LE(last().time(), now());
        EXPECT_THAT(std::string(last().text("record.malformed")), HasSubstr(to_rfc3339(stated)));
        EXPECT_EQ(fingerprint(last()), fingerprint(*parse_engine_event(last_line_))) << "would be told twice";
    }
    EXPECT_EQ(work_.malformed(), 2U);
    tell("pause", "", now() + 60 * kSecond);
    EXPECT_FALSE(last().has("record.malformed")) << "clocks differ a little";
}

TEST_F(Working, ANetworkThatARunningContainerJoinsOrLeavesIsToldWithItsAddress) {
    exists(kWeb, web());
    connect();
    const std::string attributes = fmt::format(R"("container":"{}")", kWeb);
    exists(kWeb, web("", true, R"("web":{"IPAddress":"172.19.0.2"})"));
    tell("connect", attributes, 0, "network", "n1");
    EXPECT_EQ(last().text("container.state"), "running");
    EXPECT_EQ(last().text("docker.attributes", "address"), "172.19.0.2");
    exists(kWeb, web());
    tell("disconnect", attributes, 0, "network", "n1");
    EXPECT_EQ(last().text("docker.attributes", "address"), "172.19.0.2");
    exists(kWeb, web("", false));
    tell("connect", attributes, 0, "network", "n1");
    EXPECT_FALSE(last().has("container.state")) << "part of its start";
}

TEST_F(Working, ARunThatAttachesIsNoTerminalAtARunningContainer) {
    connect();
    exists(kWeb, web("", false));
    tell("create");
    tell("attach");
    EXPECT_FALSE(last().has("container.state"));
    exists(kWeb, web());
    tell("start");
    tell("attach");
    EXPECT_EQ(last().text("container.state"), "running");
}

TEST_F(Working, TheOldNameHasNoSlash) {
    connect();
    exists(kWeb, web());
    tell("rename", R"("oldName":"/old")");
    EXPECT_EQ(last().text("docker.attributes", "oldName"), "old");
}

TEST_F(Working, ARemovalRightAfterTheEndSaysHowThatWas) {
    connect();
    exists(kWeb, web());
    tell("start");
    tell("die", R"("exitCode":"0")");
    tell("destroy");
    EXPECT_EQ(last().text("docker.attributes", "exitCode"), "0");
}

}  // namespace
}  // namespace plimsoll::source
