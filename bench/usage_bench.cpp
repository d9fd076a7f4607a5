// What it costs to measure every running container once: by cgroup files as the recorder does it, by the bare reads
// that this takes, and by asking the engine. bench/usage.py starts the containers.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "host/container_cgroups.h"
#include "host/endpoint.h"
#include "host/http_client.h"
#include "host/process.h"
#include "source/resource/sampler.h"

namespace {

using namespace plimsoll;

std::vector<host::ContainerCgroup> containers() {
    const auto mounts = host::read_mounts({});
    const auto found = host::find_container_cgroups({}, host::cgroup_hierarchies(**mounts));
    return found ? *found : std::vector<host::ContainerCgroup>{};
}

/// Knows its containers beforehand, as the recorder's inventory does.
struct Known final : source::ContainerDirectory {
    std::vector<source::ContainerEntry> entries;
    Known() {
        for (const auto& each : containers()) entries.push_back({each.id, each.id, {}, each.pid, each.path, {}});
    }
    [[nodiscard]] Result<std::vector<source::ContainerEntry>> running() const override { return entries; }
};

/// Processor time so far of every process of that name, in seconds.
double processor_time(std::string_view name) {
    double ticks = 0;
    const auto pids = host::process_ids({});
    for (const pid_t pid : *pids) {
        std::ifstream file(fmt::format("/proc/{}/stat", pid));
        std::string text;
        std::getline(file, text);
        if (text.find(fmt::format("({})", name)) == std::string::npos) continue;
        std::istringstream rest(text.substr(text.rfind(')') + 1));
        std::string skipped;
        double user = 0, system = 0;
        for (int i = 0; i < 11; ++i) rest >> skipped;
        rest >> user >> system;
        ticks += user + system;
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void report(benchmark::State& state, std::size_t count) {
    state.counters["containers"] = static_cast<double>(count);
    state.counters["per_container"] = benchmark::Counter(
        static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void cgroup_files(benchmark::State& state) {
    const Known known;
    auto sampler = source::Sampler::open(&known);
    static_cast<void>(sampler->sample());
    const std::uint64_t before = sampler->system_calls();
    for (auto _ : state) benchmark::DoNotOptimize(sampler->sample());
    report(state, known.entries.size());
    state.counters["system_calls"] = benchmark::Counter(
        static_cast<double>(sampler->system_calls() - before) / static_cast<double>(known.entries.size() + 1),
        benchmark::Counter::kAvgIterations);
}
BENCHMARK(cgroup_files)->Unit(benchmark::kMillisecond);

void discovery_by_cgroup_names(benchmark::State& state) {
    std::size_t count = 0;
    for (auto _ : state) count = containers().size();
    report(state, count);
}
BENCHMARK(discovery_by_cgroup_names)->Unit(benchmark::kMillisecond);

/// The kernel's own cost: the same files, opened before, read into one buffer and not looked at.
void floor_bare_reads(benchmark::State& state) {
    std::vector<host::Fd> files;
    const auto found = containers();
    const auto mounts = host::read_mounts({});
    const auto hierarchies = host::cgroup_hierarchies(**mounts);
    std::vector<std::string> network;
    for (const auto& each : found) {
        network.push_back(fmt::format("/proc/{}/net/dev", each.pid));
        for (const auto& hierarchy : hierarchies) {
            for (const char* name :
                 {"cpuacct.usage", "cpu.stat", "memory.usage_in_bytes", "memory.current", "memory.stat", "memory.max",
                  "memory.oom_control", "memory.events", "pids.current", "pids.max", "io.stat",
                  "blkio.throttle.io_service_bytes_recursive", "cpu.pressure", "memory.pressure", "io.pressure"}) {
                if (hierarchy.v2 && hierarchies.size() > 1 && std::string_view(name) == "cpu.stat") continue;
                host::Fd fd(::open((hierarchy.mount_point + each.path + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
                if (fd) files.push_back(std::move(fd));
            }
        }
    }
    std::vector<char> buffer(65536);
    for (auto _ : state) {
        for (const host::Fd& fd : files) benchmark::DoNotOptimize(::pread(fd.get(), buffer.data(), buffer.size(), 0));
        for (const std::string& path : network) {
            const host::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
            benchmark::DoNotOptimize(::pread(fd.get(), buffer.data(), buffer.size(), 0));
        }
    }
    report(state, found.size());
    state.counters["files"] = static_cast<double>(files.size() + network.size()) / static_cast<double>(found.size());
}
BENCHMARK(floor_bare_reads)->Unit(benchmark::kMillisecond);

/// The engine asked for one sample of each container, four connections at a time.
void engine_stats(benchmark::State& state, const char* query) {
    const auto endpoint = host::parse_endpoint("unix:///var/run/docker.sock");
    std::vector<host::HttpRequest> requests;
    for (const auto& each : containers()) requests.push_back({"/containers/" + each.id + "/stats?" + query});
    host::HttpLimits limits;
    limits.answer = std::chrono::milliseconds(60000);
    std::size_t answers = 0;
    const double before = processor_time("dockerd");
    for (auto _ : state) {
        answers = 0;
        host::run_requests(*endpoint, limits, requests, [&](std::size_t, Result<host::HttpAnswer> answer) {
            if (answer && answer->status == 200) ++answers;
        });
    }
    report(state, answers);
    state.counters["dockerd_cpu_ms"] =
        benchmark::Counter((processor_time("dockerd") - before) * 1000, benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(engine_stats, one_shot, "stream=0&one-shot=1")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(engine_stats, two_samples, "stream=0")->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
