// Each kind of sink against a real receiver: a server, a file, a program.
#include "sink/sinks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "host/temporary_tree.h"
#include "sink/alert_event.h"
#include "sink/alert_json.h"
#include "sink/stdout_sink.h"
#include "sink/syslog_sink.h"
#include "sink/test_alerts.h"
#include "sink/webhook_sink.h"

namespace plimsoll::sink {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<Sink> make(decltype(SinkConfig::kind) kind) {
    auto made = make_sink({.name = "s", .kind = std::move(kind)});
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
}

Outcome deliver(Sink& sink, const model::Event& event, RecordNumber number = 7) {
    return sink.deliver({.number = number, .alert = event, .host = "host1"}, {});
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
}

TEST(Webhook, SignsTimeAndBodySoThatTheReceiverCanTell) {
    Receiver receiver;
    const auto sink = make(WebhookConfig{
        .url = receiver.url("/T0/secret-path"), .secret = "key", .headers = {{"Authorization", "Bearer x"}}});
    EXPECT_EQ(deliver(*sink, alert()).verdict, Verdict::delivered);
    const auto request = receiver.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/T0/secret-path");
    EXPECT_EQ(request.header("content-type"), "application/json");
    EXPECT_EQ(request.header("authorization"), "Bearer x");
    const std::string header(request.header("x-plimsoll-signature"));
    const auto sent = std::stoll(header.substr(2));
    EXPECT_EQ(header, signature("key", sent, request.body));
    EXPECT_NE(header, signature("other", sent, request.body));
    EXPECT_THAT(sink->description(), Not(HasSubstr("secret")));
}

TEST(Webhook, TheSignatureIsTheDocumentedOne) {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    EXPECT_EQ(signature("key", 1'700'000'000, "{}"),
              "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

TEST(Webhook, WaitsAsLongAsTheReceiverAsks) {
    Receiver receiver([](const auto&, std::size_t) {
        return host::ServedAnswer{.status = 429, .headers = {{"Retry-After", "7"}}};
    });
    const auto outcome = deliver(*make(WebhookConfig{.url = receiver.url()}), alert());
    EXPECT_EQ(outcome.verdict, Verdict::again);
    EXPECT_EQ(outcome.after, std::chrono::seconds(7));
}

TEST(Webhook, EndsAtItsTimeLimitWhenTheReceiverIsSlow) {
    Receiver receiver([](const auto&, std::size_t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        return host::ServedAnswer{};
    });
    const auto sink = make(WebhookConfig{.url = receiver.url(), .timeout = std::chrono::milliseconds(50)});
    const auto outcome = deliver(*sink, alert());
    EXPECT_EQ(outcome.verdict, Verdict::again);
    EXPECT_EQ(outcome.reason, "no answer in time");
}

TEST(Bodies, JsonNamesEveryFieldOfTheAlert) {
    model::Event event = alert("a \"quoted\" \xff rule");
    event.set_keyed("docker.attributes", "signal", "9");
    event.unknown("exec.user", "inspect failed");
    const std::string text = alert_json({.number = 7, .alert = event, .host = "host1"});
    const auto document = JsonDocument::parse(text);
    ASSERT_TRUE(document) << text;
    const Json root = document->root();
    EXPECT_EQ(root["rule"].text_or(""), "a \"quoted\" \uFFFD rule");
    EXPECT_EQ(root["number"].integer(), 7);
    EXPECT_EQ(root["record"].integer(), 41);
    EXPECT_EQ(root["time"].text_or(""), "2026-11-18T11:06:40.123456789Z");
    EXPECT_EQ(root["tags"].dump(), "[\"T1609\",\"exec\"]");
    EXPECT_EQ(root["fields"]["container.name"].text_or(""), "web");
    EXPECT_EQ(root["fields"]["docker.attributes"]["signal"].text_or(""), "9");
    EXPECT_EQ(root["fields"]["exec.user"]["unknown"].text_or(""), "inspect failed");
    EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST(AlertJson, WhatEventsShareIsWrittenAsEverywhere) {
    model::Event process;
    process.set("proc.name", "a \"quoted\" \xff name");
    process.set_list("proc.aname", std::vector<std::string>{"sh", "init"});
    process.unknown("container.image", "no engine has told of it");
    process.set_number("proc.pid", 7);
    process.share();
    AlertJson json;
    for (int round = 0; round < 3; ++round) {
        model::Event event = alert("rule " + std::to_string(round));
        event.set("evt.type", "openat");
        event.add(process);
        if (round == 1) event.set_number("proc.pid", 8);
        const Delivery delivery{.number = 7, .alert = event, .host = "host"};
        std::string text = "before ";
        json.append(text, delivery);
        EXPECT_EQ(text, "before " + alert_json(delivery));
        EXPECT_THAT(text, HasSubstr(round == 1 ? "\"proc.pid\":8" : "\"proc.pid\":7"));
    }
}

TEST(AlertJson, IsWrittenAsAJsonLibraryWritesIt) {
    model::Event event =
        alert("all \x01\b\t\n\f\r \x1f\x7f \"\\/ \xc3\xa9 \xff\xc3 text that is longer than eight bytes");
    event.set_keyed("docker.attributes", "a", "1");
    event.set_keyed("docker.attributes", "\xff", "first");
    event.set_keyed("docker.attributes", "\xfe", "the same key as text");
    event.put_list(model::FieldKey("proc.aname").id(), {}, {});
    event.set_number("user.loginuid", -1);
    event.set("exec.tty", true);
    event.put(model::FieldKey("fd.sip").id(), {}, model::Value(model::Ip{.bytes = {127, 0, 0, 1}}));
    const std::string text = alert_json({.number = 7, .alert = event, .host = "host\xff"});
    const auto read = nlohmann::ordered_json::parse(text);
    EXPECT_EQ(read.dump(), text);
    EXPECT_EQ(read["fields"]["docker.attributes"].size(), 2U);
    EXPECT_EQ(read["fields"]["docker.attributes"]["\uFFFD"], "first");
    EXPECT_EQ(read["fields"]["proc.aname"], nlohmann::ordered_json::array());
    EXPECT_EQ(read["fields"]["user.loginuid"], -1);
    EXPECT_EQ(read["fields"]["exec.tty"], true);
    EXPECT_EQ(read["fields"]["fd.sip"], "127.0.0.1");
}

TEST(FileSinkTest, AlertsThatWaitTogetherAreLinesOfOneWrite) {
    const host::TemporaryTree tree;
    const auto sink = make(FileConfig{.path = tree.at("/alerts.json")});
    ASSERT_GT(sink->most_together(), 1U);
    const model::Event first = alert("first");
    const model::Event second = alert("second");
    const std::vector<Delivery> both = {{.number = 1, .alert = first, .host = "h"},
                                        {.number = 2, .alert = second, .host = "h"}};
    EXPECT_EQ(sink->deliver_together(both, {}).verdict, Verdict::delivered);
    EXPECT_EQ(content(tree.at("/alerts.json")), alert_json(both[0]) + "\n" + alert_json(both[1]) + "\n");
}

TEST(Bodies, ChatMessagesHoldNoMarkupFromOutside) {
    const model::Event event = alert("<!channel> [x](http://evil)", "Critical", "<@U1>\u202e");
    const std::string slack = webhook_body({.number = 7, .alert = event, .host = "h"}, BodyForm::slack);
    ASSERT_TRUE(JsonDocument::parse(slack));
    EXPECT_THAT(slack, Not(HasSubstr("<")));
    EXPECT_THAT(slack, HasSubstr("&lt;!channel&gt;"));
    EXPECT_THAT(slack, HasSubstr("\"color\":\"danger\""));
    const std::string teams = webhook_body({.number = 7, .alert = event, .host = "h"}, BodyForm::teams);
    const auto card = JsonDocument::parse(teams);
    ASSERT_TRUE(card);
    EXPECT_EQ(card->root()["attachments"].size(), 1U);
    EXPECT_THAT(teams, HasSubstr("application/vnd.microsoft.card.adaptive"));
    EXPECT_THAT(teams, Not(HasSubstr("\"TextBlock\"")));  // its text would be read as Markdown
}

TEST(Syslog, MessageIsRfc5424WithEscapedParameters) {
    const std::string message =
        syslog_message({.number = 7, .alert = alert("a]\"b\\\n", "Error"), .host = "host 1"}, SyslogConfig{});
    EXPECT_THAT(message, testing::StartsWith("<131>1 2026-11-18T11:06:40.123456Z host_1 plimsoll "));
    EXPECT_THAT(message, HasSubstr(" alert [plimsoll@32473 number=\"7\" record=\"41\" rule=\"a\\]\\\"b\\\\\\\\x0a\""));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
}

TEST(File, LinesAreAppendedAndAMovedFileIsLetGo) {
    const host::TemporaryTree tree;
    tree.write("/x", "");
    const std::string path = tree.at("/alerts.json");
    const auto sink = make(FileConfig{.path = path});
    EXPECT_EQ(deliver(*sink, alert(), 1).verdict, Verdict::delivered);
    EXPECT_EQ(deliver(*sink, alert(), 2).verdict, Verdict::delivered);
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777U, 0600U);
    std::filesystem::rename(path, path + ".1");
    EXPECT_EQ(deliver(*sink, alert(), 3).verdict, Verdict::delivered);
    EXPECT_EQ(std::ranges::count(content(path + ".1"), '\n'), 2);
    EXPECT_EQ(std::ranges::count(content(path), '\n'), 1);
    EXPECT_THAT(content(path), HasSubstr("\"number\":3,"));
    std::filesystem::remove(path);
    EXPECT_EQ(deliver(*sink, alert(), 4).verdict, Verdict::delivered);
    EXPECT_THAT(content(path), HasSubstr("\"number\":4,"));
}

TEST(File, NeverGoesOnWithSomebodysHalfLineAndWritesNoDevice) {
    const host::TemporaryTree tree;
    tree.write("/alerts.json", "{\"number\":0,\"ru");
    const auto sink = make(FileConfig{.path = tree.at("/alerts.json")});
    EXPECT_EQ(deliver(*sink, alert(), 1).verdict, Verdict::delivered);
    EXPECT_THAT(content(tree.at("/alerts.json")), testing::StartsWith("{\"number\":0,\"ru\n{\"type\":\"alert\""));
    tree.link("/link", "alerts.json");
    EXPECT_EQ(deliver(*make(FileConfig{.path = tree.at("/link")}), alert()).verdict, Verdict::again);
    EXPECT_EQ(deliver(*make(FileConfig{.path = "/dev/null"}), alert()).verdict, Verdict::again);
    EXPECT_EQ(deliver(*make(FileConfig{.path = "/dev/full"}), alert()).verdict, Verdict::again);
    EXPECT_EQ(deliver(*make(FileConfig{.path = tree.at("/none/a")}), alert()).verdict, Verdict::again);
}

TEST(Stdout, WaitsForAReaderAndWritesTheLineOnce) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const host::Fd read(ends[0]);
    const host::Fd write(ends[1]);
    StdoutSink sink({.json = false}, write.get());
    model::Event event = alert();
    event.set("alert.output", std::string(200'000, 'x'));  // more than a pipe takes
    EXPECT_EQ(deliver(sink, event).reason, "nobody reads standard output");
    std::string got;
    std::jthread reader([&] {
        std::array<char, 4096> chunk{};
        while (!got.ends_with('\n')) {
            const auto size = ::read(read.get(), chunk.data(), chunk.size());
            if (size <= 0) break;
            got.append(chunk.data(), static_cast<std::size_t>(size));
        }
    });
    EXPECT_EQ(deliver(sink, event).verdict, Verdict::delivered);
    reader.join();
    EXPECT_EQ(got, alert_line({.number = 7, .alert = event, .host = ""}) + "\n");
}

TEST(Command, GetsTheAlertOnStandardInputAndLittleElse) {
    const host::TemporaryTree tree;
    tree.write("/x", "");
    const auto sink =
        make(CommandConfig{.arguments = {"/bin/sh", "-c", "cat > \"$OUT\"; env >> \"$OUT\"; pwd >> \"$OUT\"", "$(id)"},
                           .environment = {{"OUT", tree.at("/out")}}});
    EXPECT_EQ(deliver(*sink, alert()).verdict, Verdict::delivered);
    const std::string out = content(tree.at("/out"));
    EXPECT_THAT(out, testing::StartsWith("{\"type\":\"alert\""));
    EXPECT_THAT(out, HasSubstr("\nLANG=C.UTF-8\n"));
    EXPECT_THAT(out, Not(HasSubstr("HOME=")));
    EXPECT_THAT(out, testing::EndsWith("\n/\n"));
}

TEST(Command, ThatFailsIsTriedAgainAndWhatItSaysIsShownBounded) {
    const auto failing =
        deliver(*make(CommandConfig{.arguments = {"/bin/sh", "-c", "echo 'no\033[31m route' >&2; exit 3"}}), alert());
    EXPECT_EQ(failing.verdict, Verdict::again);
    EXPECT_EQ(failing.reason, "exit code 3: no\\x1b[31m route");
    const auto loud =
        deliver(*make(CommandConfig{.arguments = {"/bin/sh", "-c", "yes | head -c 10000000; exit 1"}}), alert());
    EXPECT_LT(loud.reason.size(), 2000U);
    EXPECT_EQ(deliver(*make(CommandConfig{.arguments = {"/bin/sh", "-c", "exit 65"}}), alert()).verdict,
              Verdict::refused);
    EXPECT_EQ(deliver(*make(CommandConfig{.arguments = {"/none/such"}}), alert()).reason,
              "starting /none/such: No such file or directory");
    const auto killed = deliver(*make(CommandConfig{.arguments = {"/bin/sh", "-c", "kill -9 $$"}}), alert());
    EXPECT_EQ(killed.reason, "ended by signal 9");
}

TEST(Command, ThatHangsIsKilledWithItsChildren) {
    const host::TemporaryTree tree;
    tree.write("/x", "");
    const auto sink =
        make(CommandConfig{.arguments = {"/bin/sh", "-c", "sleep 1000 & echo $! > " + tree.at("/pid") + "; wait"},
                           .timeout = std::chrono::milliseconds(300)});
    const auto outcome = deliver(*sink, alert());
    EXPECT_EQ(outcome.verdict, Verdict::again);
    EXPECT_EQ(outcome.reason, "stopped after 300 ms");
    const std::string pid = content(tree.at("/pid"));
    ASSERT_FALSE(pid.empty());
    EXPECT_TRUE(soon([&] {
        return ::kill(std::stoi(pid), 0) != 0 ||
               content("/proc/" + std::to_string(std::stoi(pid)) + "/stat").find(") Z ") != std::string::npos;
    }));
}

}  // namespace
}  // namespace plimsoll::sink
