#include "app/kernel_losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
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
    std::vector<sensor::KernelLoser> losers = programs.losers();
    std::unordered_map<std::uint64_t, std::uint64_t> told;
    for (sensor::KernelLoser& loser : losers) {
        told[loser.cgroup] = loser.lost;
        loser.lost -= std::min(loser.lost, told_of_[loser.cgroup]);
    }
    told_of_ = std::move(told);
    std::ranges::sort(losers, std::ranges::greater(), &sensor::KernelLoser::lost);
    std::string text;
    for (const sensor::KernelLoser& loser : losers | std::views::take(kMostNamed))
        if (loser.lost > 0) list(text, fmt::format("{} of {}", loser.lost, name(loser.cgroup)));
    return text.empty() ? "of whom is not known" : text;
}

}  // namespace plimsoll::app
