// How long it takes to read the inspect data of many containers, and to judge them by every shipped check.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "posture/container_facts.h"
#include "posture/judge.h"
#include "posture/live_facts.h"
#include "rule/program.h"

namespace {

using namespace plimsoll;

constexpr Nanoseconds kNow = 1'795'000'000 * kSecond;

/// An ordinary container of an ordinary engine: a few mounts, ports and variables.
std::string inspect_data(int number) {
    return fmt::format(
        R"({{"Id":"{0:064x}","Created":"2026-11-20T00:17:08.271557724Z","State":{{"Status":"running","Running":true,"Pid":0,"StartedAt":"2026-11-20T00:17:08.9Z","FinishedAt":"0001-01-01T00:00:00Z"}},)"
        R"("Image":"sha256:ffa3","Name":"/web{0}","RestartCount":0,"AppArmorProfile":"","HostConfig":{{"LogConfig":{{"Type":"json-file","Config":{{}}}},"NetworkMode":"front",)"
        R"("RestartPolicy":{{"Name":"always"}},"CapAdd":["NET_ADMIN"],"CapDrop":null,"CgroupnsMode":"private","IpcMode":"private","PidMode":"","Privileged":false,"ReadonlyRootfs":false,)"
        R"("SecurityOpt":["no-new-privileges"],"Memory":67108864,"NanoCpus":0,"PidsLimit":50,"MaskedPaths":["/proc/kcore"],"ReadonlyPaths":["/proc/sys"]}},)"
        R"("Mounts":[{{"Type":"bind","Source":"/srv/www","Destination":"/www","Mode":"ro","RW":false,"Propagation":"rprivate"}},{{"Type":"volume","Name":"data{0}","Source":"/var/lib/docker/volumes/data{0}/_data","Destination":"/data","Driver":"local","Mode":"z","RW":true,"Propagation":""}}],)"
        R"("Config":{{"User":"1000:1000","Env":["PATH=/bin","LANG=C","DB_HOST=db","DB_PASSWORD=hunter2hunter2","MODE=production"],"Image":"team/web:1.{0}","Labels":{{"com.docker.compose.project":"shop"}}}},)"
        R"("NetworkSettings":{{"Ports":{{"80/tcp":[{{"HostIp":"0.0.0.0","HostPort":"{1}"}}]}},"Networks":{{"front":{{"IPAddress":"172.18.0.2"}}}}}}}})",
        number, 20000 + number);
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

rule::RuleSet shipped_rules() {
    rule::RuleLoader loader;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(PLIMSOLL_SOURCE_DIR "/rules/posture"))
        files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) loader.add(file.filename().string(), read(file));
    return std::move(loader).finish();
}

posture::Inventory inventory_of(const std::vector<std::string>& containers) {
    posture::Inventory inventory;
    inventory.host = &inventory.store.add(model::SubjectKind::host, "h", "h", nullptr);
    posture::EngineView view{.now = kNow,
                             .no_new_privileges = false,
                             .userns_remap = false,
                             .seccomp = "default",
                             .apparmor = true,
                             .selinux = false};
    for (const std::string& text : containers) {
        const auto document = JsonDocument::parse(text);
        model::Facts& facts = inventory.store.add(model::SubjectKind::container, document->root()["Id"].text_or(""),
                                                  document->root()["Name"].text_or(""), inventory.host);
        posture::gather_container(document->root(), view, inventory.store, facts);
        posture::add_no_live_facts(facts);
    }
    return inventory;
}

std::vector<std::string> containers(std::int64_t count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back(inspect_data(i));
    return all;
}

void gather_containers(benchmark::State& state) {
    const auto texts = containers(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(inventory_of(texts));
}

void judge_containers(benchmark::State& state) {
    const auto rules = shipped_rules();
    const auto inventory = inventory_of(containers(state.range(0)));
    const posture::JudgeOptions options{.now = kNow, .only_objects = {"container"}};
    for (auto _ : state) benchmark::DoNotOptimize(posture::judge(inventory, rules, options));
    state.counters["checks"] = static_cast<double>(rules.checks.size());
}

/// The conditions alone: every check on every container, mount, port, variable and device that it judges.
void evaluate_checks(benchmark::State& state) {
    const auto rules = shipped_rules();
    const auto inventory = inventory_of(containers(state.range(0)));
    rule::ProgramBuilder builder;
    std::array<std::vector<rule::ConditionId>, model::kSubjectKinds> conditions;
    for (const rule::CheckItem& check : rules.checks) {
        for (const auto& expression : {check.applies, check.condition}) {
            if (expression)
                conditions[static_cast<std::size_t>(check.text.subject)].push_back(*builder.add(expression));
        }
    }
    const rule::Program program = std::move(builder).build();
    rule::Evaluator evaluator(program);
    std::size_t evaluations = 0;
    for (auto _ : state) {
        evaluations = 0;
        for (const model::Facts& facts : inventory.store.all()) {
            if (facts.kind() == model::SubjectKind::host) continue;
            evaluator.start(facts);
            for (const auto condition : conditions[static_cast<std::size_t>(facts.kind())]) {
                benchmark::DoNotOptimize(evaluator.evaluate(condition));
                ++evaluations;
            }
        }
    }
    state.counters["conditions"] = static_cast<double>(evaluations);
}

void load_shipped_rules(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(shipped_rules());
}

BENCHMARK(gather_containers)->Arg(50)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(evaluate_checks)->Arg(50)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(judge_containers)->Arg(50)->Arg(500)->Unit(benchmark::kMillisecond);
BENCHMARK(load_shipped_rules)->Unit(benchmark::kMillisecond);

}  // namespace
