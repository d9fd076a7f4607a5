// What one alert about an act inside a container costs behind the sensor, step by step and alone on a core: the rule
// matched, the act made an alert of itself, its record, and its line of JSON. Processor time of the thread that does
// it; the log is what is left of the process's, written and synced on a thread of its own.
//
//   alert_bench [ALERTS [FOLDER]]

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "ledger/writer.h"
#include "model/event.h"
#include "rule/alert_rules.h"
#include "rule/rule_set.h"
#include "sink/alert_event.h"
#include "sink/alert_feed.h"
#include "sink/alert_json.h"

namespace {

using namespace plimsoll;

constexpr std::size_t kTogether = 100;  ///< few enough to stay in the cache, as those of the sensor do

double seconds_of(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

constexpr std::string_view kRunc =
    "runc --root /var/run/docker/runtime-runc/moby --log /run/containerd/io.containerd.runtime.v2.task/moby/"
    "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9aa/log.json --log-format json exec --process "
    "/tmp/runc-process2947817572 --detach --pid-file /run/containerd/io.containerd.runtime.v2.task/moby/"
    "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9aa/"
    "f423c645c5dbbc4961e5b73f97af66702b9e7b26d97388aa6abeda176dea1c73.pid "
    "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9aa";
constexpr const char* kChain[] = {
    "proved: session 17 of ann (1001), which logged in by ssh from 192.0.2.7",
    "proved: process 22010 /usr/bin/docker as ann (1001) asked POST /exec/"
    "f423c645c5dbbc4961e5b73f97af66702b9e7b26d97388aa6abeda176dea1c73/start: read by the engine from that process's "
    "connection, seen in the kernel",
    "proved: process 22029 /bench/worker is of exec session f423c645c5db: the runtime that made it was started for it"};

struct Text {
    model::FieldKey field;
    std::string_view text;
};
struct Number {
    model::FieldKey field;
    std::int64_t value;
};

/// A program that a person started with `docker exec`, as the sensor tells of it with each of its acts.
model::Event the_process() {
    const std::vector<model::Value> pids = {std::uint64_t{4711}, std::uint64_t{4690}, std::uint64_t{4601}};
    const std::vector<model::Value> names = {std::string_view("sh"), std::string_view("containerd-shim"),
                                             std::string_view("systemd")};
    const std::vector<model::Value> programs = {std::string_view("/bin/busybox"),
                                                std::string_view("/usr/bin/containerd-shim-runc-v2"),
                                                std::string_view("/usr/lib/systemd/systemd")};
    model::Event event;
    for (const auto& [field, text] :
         std::to_array<Text>({{"evt.hostname", "host-17.example.org"},
                              {"container.id", "4f1d0e6ae2f2"},
                              {"container.full_id", "4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9aa"},
                              {"container.name", "flood"},
                              {"container.image", "shop/worker:1.7"},
                              {"container.image.repository", "shop/worker"},
                              {"container.image.tag", "1.7"},
                              {"container.type", "docker"},
                              {"proc.name", "worker"},
                              {"proc.exe", "/bench/worker"},
                              {"proc.args", "many /many 10"},
                              {"proc.cmdline", "worker many /many 10"},
                              {"proc.exepath", "/bench/worker"},
                              {"proc.cwd", "/"},
                              {"proc.pname", "sh"},
                              {"proc.pcmdline", kRunc},
                              {"exec.id", "f423c645c5dbbc4961e5b73f97af66702b9e7b26d97388aa6abeda176dea1c73"},
                              {"who.name", "ann"},
                              {"who.exe", "/usr/bin/docker"},
                              {"who.command", "docker exec flood worker many /many 10"},
                              {"who.strength", "proved"},
                              {"proc.pexepath", "/bin/busybox"},
                              {"proc.sname", "sh"},
                              {"user.name", "root"},
                              {"group.name", "root"}}))
        event.set(field, text);
    for (const auto& [field, value] : std::to_array<Number>({{"proc.pid", 4720},
                                                             {"proc.vpid", 17},
                                                             {"proc.ppid", 4711},
                                                             {"proc.sid", 1},
                                                             {"proc.tty", 0},
                                                             {"proc.exe_ino", 8112},
                                                             {"user.uid", 0},
                                                             {"user.loginuid", -1},
                                                             {"group.gid", 0}}))
        event.set_number(field, value);
    event.put_list(model::FieldKey("proc.apid").id(), {}, pids);
    event.put_list(model::FieldKey("proc.aname").id(), {}, names);
    event.put_list(model::FieldKey("proc.aexepath").id(), {}, programs);
    const std::vector<std::string> links(std::begin(kChain), std::end(kChain));
    event.set_list("who.links", links);
    event.share();
    return event;
}

/// A file that it made.
void fill(model::Event& event, const model::Event& process, std::uint64_t number) {
    const std::string name = fmt::format("/many/{}", number % 100'000);
    event.clear(kSecond * 1'700'000'000 + static_cast<Nanoseconds>(number) * 5'000);
    for (const auto& [field, text] : std::to_array<Text>({{"evt.source", "syscall"},
                                                          {"evt.type", "open"},
                                                          {"evt.category", "file"},
                                                          {"evt.res", "SUCCESS"},
                                                          {"fd.type", "file"},
                                                          {"fd.name", name},
                                                          {"fd.directory", "/many"},
                                                          {"fd.filename", std::string_view(name).substr(6)},
                                                          {"record.kind", "event"}}))
        event.set(field, text);
    for (const auto& [field, value] :
         std::to_array<Number>({{"evt.rawres", 3},
                                {"evt.cpu", 1},
                                {"proc.pid.ts", 1'699'999'999'000'000'000},
                                {"thread.tid", 4720},
                                {"fd.num", 3},
                                {"fd.dev", 41},
                                {"fd.ino", static_cast<std::int64_t>(number % 100'000 + 2)}}))
        event.set_number(field, value);
    for (const model::FieldKey field : {model::FieldKey("evt.is_open_write"), model::FieldKey("evt.is_open_create")})
        event.set(field, true);
    event.set_keyed("evt.arg", "flags", "O_CREAT|O_WRONLY");
    event.set_keyed("evt.arg", "mode", "0600");
    event.set_keyed("evt.arg", "name", name);
    event.add(process);
}

void require(bool holds, std::string_view what) {
    if (holds) return;
    fmt::print(stderr, "alert_bench: {}\n", what);
    std::exit(1);
}

rule::RuleSet rules() {
    rule::RuleLoader loader;
    loader.add("bench",
               "- rule: every file\n  desc: all of them\n  condition: fd.name startswith /many/\n"
               "  output: new file %fd.name\n  priority: NOTICE\n  tags: [storm]\n");
    return std::move(loader).finish();
}

}  // namespace

int main(int count, char** words) {
    const std::size_t alerts = count > 1 ? std::strtoul(words[1], nullptr, 10) : 300'000;
    const std::string folder = count > 2 ? words[2] : std::filesystem::temp_directory_path() / "plimsoll-alert-bench";
    std::filesystem::remove_all(folder);
    auto writer = ledger::Writer::open({.path = folder});
    require(writer.has_value(), "no ledger");
    static constexpr std::string_view kSource = "syscall";
    rule::AlertRules all(rules(), {&kSource, 1});
    std::vector<sink::NumberedAlert> acts(kTogether);
    sink::ActAlert act_alert;
    const model::Event process = the_process();
    sink::AlertJson lines;
    std::string text;
    double match = 0, make = 0, record = 0, json = 0, filled = 0;
    const double began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    std::uint64_t bytes = 0;
    const auto step = [](double& taken, auto&& body) {
        const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        for (std::size_t i = 0; i < kTogether; ++i) body(i);
        taken += seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    };
    for (std::size_t done = 0; done < alerts; done += kTogether) {
        step(filled, [&](std::size_t i) { fill(acts[i].alert, process, done + i); });
        std::vector<rule::AlertMatch> matches;
        step(match, [&](std::size_t i) { matches.push_back(all.match(acts[i].alert).front()); });
        step(make, [&](std::size_t i) { require(act_alert.tell(matches[i], acts[i].alert), "no alert"); });
        step(record, [&](std::size_t i) { acts[i].number = *(*writer)->append(acts[i].alert); });
        step(json, [&](std::size_t i) {
            text.clear();
            lines.append(text, {.number = acts[i].number, .alert = acts[i].alert, .host = "host-17"});
            bytes += text.size();
        });
        require((*writer)->commit_beside().has_value(), "the ledger is not written");
        static_cast<void>((*writer)->tick());
    }
    require((*writer)->close().has_value(), "the ledger is not closed");
    writer->reset();
    const double all_of_it = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - began - filled;
    const auto row = [&](const char* what, double seconds) {
        fmt::print("{:<28}{:>8.2f} us\n", what, seconds / static_cast<double>(alerts) * 1e6);
    };
    const double log = all_of_it - match - make - record - json;
    row("rule matched", match);
    row("act made an alert", make);
    row("record", record);
    row("log, synced beside that", log);
    row("into the ledger", match + make + record + log);
    row("line of JSON", json);
    fmt::print("{} fields in a record, {:.0f} bytes a line; {:.0f} alerts/s into the ledger on one core\n",
               acts[0].alert.slots().size(), static_cast<double>(bytes) / static_cast<double>(alerts),
               static_cast<double>(alerts) / (match + make + record + log));
    std::filesystem::remove_all(folder);
}
