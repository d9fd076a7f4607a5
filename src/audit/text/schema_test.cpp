// What `--format ocsf` and `ecs` write, against the published schemas: OCSF 1.4.0 (schema.ocsf.io/1.4.0) and ECS 8.11.
// The tables hold what those require of the classes that are written here, and the values that they allow.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "audit/log/log_test_support.h"
#include "audit/text/formats.h"
#include "host/temporary_tree.h"

namespace plimsoll::audit {
namespace {

using Json = nlohmann::json;

struct OcsfClass {
    std::string name;
    int category;
    std::set<int> activities;
    std::vector<std::string> required;      ///< paths
    std::vector<std::string> at_least_one;  ///< of these
};

const std::map<int, OcsfClass>& ocsf_classes() {
    static const std::map<int, OcsfClass> kClasses{
        {0, {"Base Event", 0, {0, 99}, {}, {}}},
        {1001,
         {"File System Activity",
          1,
          {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 99},
          {"actor", "device", "file"},
          {}}},
        {1007, {"Process Activity", 1, {0, 1, 2, 3, 4, 5, 99}, {"actor", "device", "process"}, {}}},
        {3001, {"Account Change", 3, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99}, {"user"}, {}}},
        {3002, {"Authentication", 3, {0, 1, 2, 3, 4, 5, 6, 99}, {"user"}, {"service", "dst_endpoint"}}},
        {4001, {"Network Activity", 4, {0, 1, 2, 3, 4, 5, 6, 7, 99}, {}, {"src_endpoint", "dst_endpoint"}}},
        {6003, {"API Activity", 6, {0, 1, 2, 3, 4, 99}, {"actor", "api", "src_endpoint"}, {}}},
    };
    return kClasses;
}

const std::vector<std::string> kOcsfRequired = {"activity_id", "category_uid", "class_uid", "metadata",
                                                "severity_id", "time",         "type_uid"};

/// What the schema asks of an object, by the name of the attribute that holds it.
struct OcsfObject {
    std::vector<std::string> required;
    std::vector<std::string> at_least_one;
    std::set<std::string> known;
};

const std::map<std::string, OcsfObject>& ocsf_objects() {
    static const OcsfObject kProcess{{},
                                     {"pid", "uid"},
                                     {"pid", "uid", "name", "cmd_line", "file", "parent_process", "user", "session",
                                      "working_directory", "container"}};
    static const OcsfObject kFile{{"name", "type_id"}, {}, {"name", "type_id", "path", "type"}};
    static const OcsfObject kUser{{}, {"account", "name", "uid"}, {"account", "name", "uid", "type_id"}};
    static const OcsfObject kEndpoint{
        {},
        {"ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"},
        {"ip", "port", "name", "hostname", "svc_name", "uid"}};
    static const std::map<std::string, OcsfObject> kObjects{
        {"process", kProcess},
        {"parent_process", kProcess},
        {"file", kFile},
        {"file_result", kFile},
        {"user", kUser},
        {"src_endpoint", kEndpoint},
        {"dst_endpoint", kEndpoint},
        {"actor", {{}, {"process", "user", "session"}, {"process", "user", "session"}}},
        {"session", {{}, {}, {"uid", "terminal"}}},
        {"device",
         {{"type_id"},
          {"ip", "uid", "name", "hostname", "instance_uid"},
          {"type_id", "name", "hostname", "ip", "uid"}}},
        {"metadata",
         {{"product", "version"},
          {},
          {"product", "version", "profiles", "log_name", "log_provider", "event_code", "sequence"}}},
        {"product", {{}, {"name", "uid"}, {"name", "uid", "vendor_name", "version"}}},
        {"api", {{"operation"}, {}, {"operation", "service"}}},
        {"service", {{}, {"name", "uid"}, {"name", "uid"}}},
    };
    return kObjects;
}

const std::set<std::string> kOcsfTop = {
    "activity_id",  "activity_name", "actor",        "api",       "category_name", "category_uid", "class_name",
    "class_uid",    "device",        "dst_endpoint", "file",      "message",       "file_result",  "is_remote",
    "metadata",     "process",       "raw_data",     "resources", "service",       "status",       "severity_id",
    "src_endpoint", "status_id",     "time",         "type_uid",  "unmapped",      "user"};

void check_ocsf_object(const std::string& name, const Json& object, const std::string& all) {
    const auto found = ocsf_objects().find(name);
    if (found == ocsf_objects().end() || !object.is_object()) return;
    for (const std::string& field : found->second.required) EXPECT_TRUE(object.contains(field)) << name << field << all;
    const auto& some = found->second.at_least_one;
    const auto there = [&](const std::string& field) { return object.contains(field); };
    EXPECT_TRUE(some.empty() || std::ranges::any_of(some, there)) << name << " lacks a name\n" << all;
    for (const auto& [field, value] : object.items()) {
        EXPECT_TRUE(found->second.known.contains(field)) << name << "." << field << "\n" << all;
        EXPECT_FALSE(value.is_string() && value.get<std::string>().empty()) << name << "." << field << "\n" << all;
        check_ocsf_object(field, value, all);
    }
    if (object.contains("type_id")) {
        static const std::set<int> kTypes = {0, 1, 2, 3, 4, 5, 6, 7, 99};
        EXPECT_TRUE(kTypes.contains(object["type_id"].get<int>())) << all;
    }
}

void check_ocsf(const std::string& text) {
    const Json event = Json::parse(text);
    for (const std::string& name : kOcsfRequired) ASSERT_TRUE(event.contains(name)) << name << text;
    const auto found = ocsf_classes().find(event["class_uid"].get<int>());
    ASSERT_NE(found, ocsf_classes().end()) << text;
    const OcsfClass& about = found->second;
    EXPECT_EQ(event["class_name"], about.name);
    EXPECT_EQ(event["category_uid"], about.category);
    const int activity = event["activity_id"].get<int>();
    EXPECT_TRUE(about.activities.contains(activity)) << text;
    EXPECT_EQ(event["type_uid"], found->first * 100 + activity);
    EXPECT_TRUE((std::set{0, 1, 2, 99}).contains(event["status_id"].get<int>())) << text;
    EXPECT_EQ(event["severity_id"], 1);
    EXPECT_EQ(event["metadata"]["version"], "1.4.0");
    EXPECT_TRUE(event["time"].is_number_integer());
    for (const std::string& name : about.required) EXPECT_TRUE(event.contains(name)) << name << text;
    EXPECT_TRUE(about.at_least_one.empty() ||
                std::ranges::any_of(about.at_least_one, [&](const auto& name) { return event.contains(name); }))
        << text;
    for (const auto& [name, value] : event.items()) {
        EXPECT_TRUE(kOcsfTop.contains(name)) << name << text;
        check_ocsf_object(name, value, text);
    }
}

/// event.category → the values of event.type that are expected with it.
const std::map<std::string, std::set<std::string>> kEcsTypes{
    {"authentication", {"start", "end", "info"}},
    {"configuration", {"access", "change", "creation", "deletion", "info"}},
    {"file", {"access", "change", "creation", "deletion", "info"}},
    {"host", {"access", "change", "end", "info", "start"}},
    {"iam", {"admin", "change", "creation", "deletion", "group", "info", "user"}},
    {"network", {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"}},
    {"process", {"access", "change", "end", "info", "start"}},
    {"session", {"start", "end", "info"}},
};
/// Fields of ECS 8.11; user.audit and auditd are those of Elastic's auditd module.
const std::set<std::string> kEcsFields = {"@timestamp",
                                          "tags",
                                          "ecs.version",
                                          "event.action",
                                          "event.category",
                                          "event.dataset",
                                          "event.kind",
                                          "event.module",
                                          "event.original",
                                          "event.outcome",
                                          "event.sequence",
                                          "event.type",
                                          "host.name",
                                          "container.id",
                                          "container.name",
                                          "process.pid",
                                          "process.parent.pid",
                                          "process.name",
                                          "process.executable",
                                          "process.command_line",
                                          "process.title",
                                          "process.working_directory",
                                          "user.id",
                                          "user.name",
                                          "user.group.id",
                                          "user.effective.id",
                                          "user.effective.group.id",
                                          "user.audit.id",
                                          "user.audit.name",
                                          "file.path",
                                          "file.name",
                                          "source.ip",
                                          "source.port",
                                          "destination.ip",
                                          "destination.port"};

void check_ecs(const std::string& text) {
    const Json event = Json::parse(text);
    EXPECT_EQ(event["ecs"]["version"], "8.11.0");
    ASSERT_TRUE(event["@timestamp"].is_string() && event["event"]["category"].is_array());
    const auto types = kEcsTypes.find(event["event"]["category"][0].get<std::string>());
    ASSERT_NE(types, kEcsTypes.end()) << text;
    for (const auto& type : event["event"]["type"])
        EXPECT_TRUE(types->second.contains(type.get<std::string>())) << types->first << " " << type;
    EXPECT_TRUE((std::set<std::string>{"success", "failure", "unknown"}).contains(event["event"]["outcome"]));
    EXPECT_EQ(event["event"]["kind"], "event");
    const Json flat = event.flatten();
    for (const auto& [path, value] : flat.items()) {
        std::string name = path.substr(1);
        std::ranges::replace(name, '/', '.');
        if (name.starts_with("auditd.")) continue;
        if (const auto list = name.find_last_not_of("0123456789"); name[list] == '.') name.resize(list);
        EXPECT_TRUE(kEcsFields.contains(name)) << name << text;
    }
    // What Elastic's mapping has as a list of objects takes no texts.
    const Json paths = event.value("/auditd/paths"_json_pointer, Json::array());
    for (const auto& path : paths) EXPECT_TRUE(path.is_object()) << text;
    const Json user = event.value("user", Json::object());
    for (const char* id : {"id", "name"})
        EXPECT_TRUE(!user.contains(id) || user[id].is_string()) << "keywords are texts";
}

/// Writes every event of a log in both formats and checks each.
class Checks final : public EventTaker {
public:
    explicit Checks(std::map<int, std::size_t>& classes) : classes_(classes) {
        FormatOptions options;
        options.zone = Zone::utc;
        ocsf_ = make_format(FormatKind::ocsf, options);
        ecs_ = make_format(FormatKind::ecs, options);
    }
    void event(const LogEvent& event, const EventPlace&) override {
        std::string text;
        ocsf_->write(event, text);
        check_ocsf(text);
        ++classes_[Json::parse(text)["class_uid"].get<int>()];
        text.clear();
        ecs_->write(event, text);
        check_ecs(text);
    }

private:
    std::map<int, std::size_t>& classes_;
    std::unique_ptr<OutputFormat> ocsf_, ecs_;
};

std::map<int, std::size_t> check_log(const std::string& path) {
    std::map<int, std::size_t> classes;
    const auto files = open_logs(std::vector{path});
    EXPECT_TRUE(files) << path;
    if (!files) return classes;
    const auto report = scan(*files, {}, [&] { return std::make_unique<Checks>(classes); }, {.threads = 1});
    EXPECT_TRUE(report);
    return classes;
}

TEST(Schema, EveryEventOfRealLogsIsWhatTheSchemasAskFor) {
    const std::string data = std::string(PLIMSOLL_SHARED_DIR) + "/data/audit/";
    if (!std::filesystem::exists(data)) GTEST_SKIP() << "needs " << data;
    for (const char* name : {"sample-seq-raw.log", "sample-par-raw.log", "sample-seq-enriched.log"}) {
        if (!std::filesystem::exists(data + name)) continue;
        const auto classes = check_log(data + name);
        for (const int uid : {1001, 1007, 3002, 4001, 6003}) EXPECT_TRUE(classes.contains(uid)) << name << " " << uid;
    }
}

/// Events that lack what a class would require are of a more general class.
TEST(Schema, EventsWithPartsMissingAreWhatTheSchemasAskFor) {
    const std::string head = " msg=audit(1795221463.857:";
    const std::string call =
        "arch=c000003e syscall={} success=no exit={} a0=3 items=1 ppid=5 pid=6 auid=4242 uid=0 gid=0 "
        "tty=pts1 ses=80 comm=\"x\" exe=\"/usr/bin/x\" key=\"k\"";
    std::string log;
    int serial = 1;
    const auto add = [&](const std::string& type, const std::string& body, bool same = false) {
        if (!same) ++serial;
        log += "type=" + type + head + std::to_string(serial) + "): " + body + "\n";
    };
    const auto syscall = [&](int number, int exit) {
        std::string text = call;
        text.replace(text.find("{}"), 2, std::to_string(number));
        text.replace(text.find("{}"), 2, std::to_string(exit));
        add("SYSCALL", text);
    };
    for (const int number : {2, 42, 43, 44, 49, 50, 59, 62, 82, 87, 101, 105, 165, 257, 322, 425}) syscall(number, -13);
    syscall(42, -111);
    add("SOCKADDR", "saddr=01002F72756E2F646F636B65722E736F636B00", true);
    syscall(42, -115);
    add("SOCKADDR", "saddr=020001BBC0A801020000000000000000", true);
    syscall(43, 5);
    add("SOCKADDR", "saddr=0100", true);
    syscall(257, -2);
    add("CWD", "cwd=\"/\"", true);
    add("PATH", "item=0 name=\"/\" inode=2 dev=fe:00 mode=040755 nametype=NORMAL", true);
    syscall(62, 0);
    add("OBJ_PID", "opid=77 oauid=-1 ouid=0 oses=-1 ocomm=\"victim\"", true);
    add("URINGOP", "uring_op=16 success=yes exit=0 items=1 ppid=5 pid=6 uid=0 gid=0 key=\"k\"");
    add("PATH", "item=0 name=\"x\" inode=2 dev=fe:00 mode=0140755 nametype=NORMAL");
    for (const char* type : {"USER_LOGIN", "USER_AUTH", "USER_START", "USER_END", "CRED_DISP", "ADD_USER", "DEL_GROUP",
                             "USER_CHAUTHTOK", "USER_MGMT", "SERVICE_START", "USER_CMD", "ANOM_ABEND"}) {
        add(type, "pid=3 uid=0 auid=4294967295 ses=4294967295 msg='op=x res=failed'");
        add(type,
            "pid=3 uid=0 auid=4242 ses=5 msg='op=x acct=\"bob\" exe=\"/usr/sbin/sshd\" hostname=? addr=10.0.0.9 "
            "terminal=ssh res=success'");
    }
    add("LOGIN", "pid=3 uid=0 old-auid=4294967295 auid=4242 tty=(none) old-ses=4294967295 ses=5 res=1");
    add("CONFIG_CHANGE", "auid=0 ses=5 op=remove_rule key=\"k\" list=4 res=1");
    add("DAEMON_START", "op=start ver=3.0.9 auid=0 pid=5 uid=0 ses=5 res=success");
    add("KERN_MODULE", "name=\"x\"");
    const host::TemporaryTree tree;
    tree.write("/audit.log", log);
    const auto classes = check_log(tree.at("/audit.log"));
    for (const auto& [uid, about] : ocsf_classes()) EXPECT_TRUE(classes.contains(uid)) << about.name;
}

}  // namespace
}  // namespace plimsoll::audit
