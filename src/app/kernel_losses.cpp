#include "app/kernel_losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ranges>
#include <string_view>
#include <utility>

#include "source/engine/event_record.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostNamed = 3;  // of those who lost

constexpr std::array<std::string_view, WIRE_LOSSES> kNames = {"kernel-processes", "kernel-files", "kernel-network",
                                                              "kernel-calls", "kernel-requests"};

void list(std::string& text, const std::string& more) { text += (text.empty() ? "" : ", ") + more; }

}  // namespace

std::vector<model::Event> KernelLosses::since_last(const sensor::KernelPrograms& programs, const Name& name) {
    const sensor::KernelCounts counts = programs.counts();
    const Nanoseconds from = std::exchange(since_, now());
    if (told_.size() < counts.lost.size()) told_.resize(counts.lost.size());
    std::vector<model::Event> records;
    std::string losers;
    for (std::size_t kind = 0; kind < WIRE_LOSSES; ++kind) {
        std::uint64_t lost = 0;
        std::string processors;
        for (std::size_t cpu = 0; cpu < counts.lost.size(); ++cpu) {
            const std::uint64_t more = counts.lost[cpu][kind] - std::exchange(told_[cpu][kind], counts.lost[cpu][kind]);
            lost += more;
            if (more > 0) list(processors, fmt::format("{}: {}", cpu, more));
        }
        if (lost == 0) continue;
        all_ += lost;
        if (losers.empty()) losers = whose(programs, name);
        model::Event& record = records.emplace_back(source::loss_record(
            kNames[kind], lost, from, since_,
            fmt::format("no room in the rings between kernel and agent (by processor: {}; of all kinds: {})",
                        processors, losers)));
        record.set("evt.source", "syscall");
    }
    return records;
}

/// Those who lost most since that was last asked.
std::string KernelLosses::whose(const sensor::KernelPrograms& programs, const Name& name) {
    std::map<std::uint64_t, std::uint64_t> lost;  // by cgroup
    for (const sensor::KernelLosers& losers : programs.losers())
        lost[losers.cgroup] += losers.lost - std::exchange(told_of_[losers.share], losers.lost);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> most;
    for (const auto& [cgroup, count] : lost)
        if (count > 0) most.emplace_back(count, cgroup);
    std::ranges::sort(most, std::ranges::greater());
    std::string text;
    for (const auto& [count, cgroup] : most | std::views::take(kMostNamed))
        list(text, fmt::format("{} of {}", count, name(cgroup)));
    return text.empty() ? "of whom is not known" : text;
}

}  // namespace plimsoll::app
