#include "audit/text/formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace plimsoll::audit {
namespace {

/// The records of one event.
class Lines {
public:
    explicit Lines(std::vector<std::string> lines) : lines_(std::move(lines)) {
        for (const auto& line : lines_) {
            Record record;
            EXPECT_EQ(parse_line(line, record), Damage::none) << line;
            records_.push_back(record);
        }
    }
    [[nodiscard]] LogEvent event() const { return {.id = records_.front().id, .records = records_, .complete = true}; }

private:
    std::vector<std::string> lines_;
    std::vector<Record> records_;
};

std::string in_format(FormatKind kind, const Lines& lines, FormatOptions options = {}) {
    static const host::Accounts kNames = [] {
        host::Accounts names;
        names.users = {{"root", 0, 0, "/root", "/bin/sh"}, {"alice", 4242, 4242, "/home/alice", "/bin/sh"}};
        return names;
    }();
    options.zone = Zone::utc;
    options.accounts = &kNames;
    std::string out;
    make_format(kind, options)->write(lines.event(), out);
    return out;
}

const std::string kHead = " msg=audit(1795221463.857:7): ";

Lines connect_event() {
    return Lines(
        {"type=SYSCALL" + kHead +
             "arch=c000003e syscall=42 success=no exit=-13 a0=3 a1=c0 a2=17 a3=0 items=1 ppid=5 pid=6 auid=4242 uid=0 "
             "gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=80 comm=\"docker\" "
             "exe=\"/usr/bin/docker\" key=\"docker-sock\"",
         "type=SOCKADDR" + kHead + "saddr=01002F72756E2F646F636B65722E736F636B00", "type=CWD" + kHead + "cwd=\"/root\"",
         "type=PATH" + kHead + "item=0 name=\"/run/docker.sock\" inode=9 dev=fe:00 mode=0140660 nametype=NORMAL",
         "type=PROCTITLE" + kHead + "proctitle=646F636B6572007073"});
}

Lines open_event(const std::string& name_field) {
    return Lines({"type=SYSCALL" + kHead +
                      "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=5 a2=241 a3=1b6 items=1 ppid=5 "
                      "pid=6 auid=4242 "
                      "uid=0 gid=0 tty=pts1 ses=80 comm=\"sh\" exe=\"/bin/busybox\" key=\"files\"",
                  "type=CWD" + kHead + "cwd=\"/w\"",
                  "type=PATH" + kHead + "item=0 name=" + name_field + " inode=9 dev=fe:00 mode=0100644 nametype=CREATE",
                  "type=PROCTITLE" + kHead + "proctitle=\"sh\""});
}

TEST(Formats, TheLogsOwnFormKeepsItsOrderAndAusearchsTurnsItRound) {
    const std::string raw = in_format(FormatKind::raw, connect_event());
    EXPECT_LT(raw.find("type=SYSCALL"), raw.find("type=PROCTITLE"));
    const std::string standard = in_format(FormatKind::standard, connect_event());
    EXPECT_TRUE(standard.starts_with("----\ntime->Sat Nov 21 00:37:43 2026\ntype=PROCTITLE"));
    FormatOptions iso;
    iso.iso_times = true;
    EXPECT_TRUE(
        in_format(FormatKind::standard, connect_event(), iso).starts_with("----\ntime->2026-11-21T00:37:43.857Z\n"));
    EXPECT_TRUE(in_format(FormatKind::interpret, connect_event())
                    .starts_with("----\ntype=PROCTITLE msg=audit(11/21/26 00:37:43.857:7) : proctitle=docker ps \n"));
}

TEST(Formats, CsvIsOneRowThatASpreadsheetReadsAsMeant) {
    EXPECT_EQ(in_format(FormatKind::csv, connect_event()),
              ",SYSCALL,11/21/26,00:37:43,7,audit-rule,80,alice,root,privileged-acct,connected-to,failed,"
              "{ saddr_fam=local path=/run/docker.sock },,socket,/usr/bin/docker\n");
    FormatOptions extra;
    extra.extra_keys = extra.extra_time = extra.extra_obj2 = extra.extra_labels = true;
    std::string head;
    make_format(FormatKind::csv, extra)->begin(head);
    const std::string row = in_format(FormatKind::csv, connect_event(), extra);
    EXPECT_EQ(std::ranges::count(head, ','), std::ranges::count(row, ','));
    // a,"b in a name
    EXPECT_NE(in_format(FormatKind::csv, open_event("612C2262")).find(",\"/w/a,\"\"b\",9,"), std::string::npos);
}

TEST(Formats, TextIsASentence) {
    EXPECT_EQ(in_format(FormatKind::text, connect_event()),
              "At 00:37:43 11/21/26 alice, acting as root, unsuccessfully connected-to /run/docker.sock using "
              "/usr/bin/docker\n");
    EXPECT_EQ(in_format(FormatKind::text, open_event("\"x\"")),
              "At 00:37:43 11/21/26 alice, acting as root, successfully opened-file /w/x using /bin/busybox\n");
}

TEST(Formats, JsonHasOurFieldNamesAndTheRecordsOnRequest) {
    FormatOptions options;
    options.records = true;
    const auto json = nlohmann::json::parse(in_format(FormatKind::json, connect_event(), options));
    EXPECT_EQ(json["time"], "2026-11-21T00:37:43.857Z");
    EXPECT_EQ(json["evt.type"], "connect");
    EXPECT_EQ(json["user.loginuid"], 4242);
    EXPECT_EQ(json["audit.keys"], nlohmann::json::array({"docker-sock"}));
    EXPECT_EQ(json["records"].size(), 5U);
}

TEST(Formats, OcsfChoosesTheClassByTheAct) {
    const auto connect = nlohmann::json::parse(in_format(FormatKind::ocsf, connect_event()));
    EXPECT_EQ(connect["class_uid"], 4001);
    EXPECT_EQ(connect["type_uid"], 400104) << "it failed";
    EXPECT_EQ(connect["status"], "Failure");
    EXPECT_EQ(connect["dst_endpoint"]["svc_name"], "/run/docker.sock");
    EXPECT_EQ(connect["metadata"]["version"], "1.4.0");
    EXPECT_EQ(connect["device"]["name"], "unknown") << "the log does not tell";
    EXPECT_EQ(connect["time"], 1795221463857);
    EXPECT_EQ(connect["actor"]["process"]["pid"], 6);
    const auto open = nlohmann::json::parse(in_format(FormatKind::ocsf, open_event("\"x\"")));
    EXPECT_EQ(open["class_uid"], 1001);
    EXPECT_EQ(open["file"]["path"], "/w/x");
    EXPECT_EQ(open["file"]["type_id"], 1);
    const auto login = nlohmann::json::parse(
        in_format(FormatKind::ocsf, Lines({"type=USER_LOGIN" + kHead +
                                           "pid=3 uid=0 auid=4242 ses=5 msg='op=login acct=\"bob\" "
                                           "exe=\"/usr/sbin/sshd\" addr=10.0.0.9 terminal=ssh res=success'"})));
    EXPECT_EQ(login["class_uid"], 3002);
    EXPECT_EQ(login["user"]["name"], "bob") << "not the terminal";
    EXPECT_EQ(login["service"]["name"], "sshd");
    EXPECT_EQ(login["src_endpoint"]["ip"], "10.0.0.9");
    const auto user = nlohmann::json::parse(
        in_format(FormatKind::ocsf, Lines({"type=ADD_USER" + kHead +
                                           "pid=3 uid=0 auid=4242 ses=5 msg='op=adding user acct=\"bob\" "
                                           "exe=\"/usr/sbin/useradd\" res=success'"})));
    EXPECT_EQ(user["class_uid"], 3001);
    EXPECT_EQ(user["user"]["name"], "bob");
}

TEST(Formats, EcsHasElasticsNames) {
    const auto ecs = nlohmann::json::parse(in_format(FormatKind::ecs, connect_event()));
    EXPECT_EQ(ecs["@timestamp"], "2026-11-21T00:37:43.857Z");
    EXPECT_EQ(ecs["event"]["category"][0], "network");
    EXPECT_EQ(ecs["event"]["outcome"], "failure");
    EXPECT_EQ(ecs["process"]["executable"], "/usr/bin/docker");
    EXPECT_EQ(ecs["user"]["audit"]["id"], "4242");
    EXPECT_EQ(ecs["auditd"]["data"]["keys"][0], "docker-sock");
    EXPECT_EQ(ecs["tags"][0], "docker-sock");
    EXPECT_EQ(ecs["auditd"]["paths"][0]["name"], "/run/docker.sock");
}

TEST(Formats, EveryFormatSurvivesHostileBytesAndLetsNoneThrough) {
    const Lines hostile = open_event("1B5B324A0A00FF2261E280AE");
    for (const auto name : format_names()) {
        const auto kind = format_kind(name);
        ASSERT_TRUE(kind);
        const std::string out = in_format(*kind, hostile);
        EXPECT_EQ(out.find('\x1b'), std::string::npos) << name;
        EXPECT_EQ(out.find('\xff'), std::string::npos) << name;
        const bool is_json = name == "json" || name == "ocsf" || name == "ecs";
        EXPECT_TRUE(!is_json || nlohmann::json::accept(out)) << out;
    }
    EXPECT_EQ(format_kind("xml"), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::audit
