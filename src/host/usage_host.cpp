// The host's own figures, from /proc.

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "host/number.h"
#include "host/usage.h"

namespace plimsoll::host {

namespace {

constexpr std::size_t kMostNames = 4096;  ///< device names remembered; containers make new ones all the time

Amount unknown(const UsageText& read, std::string_view path) {
    return Amount::unknown(fmt::format("{}: {}", path, read.error == 0 ? "malformed" : std::strerror(read.error)));
}

/// Devices that carry what other devices carry too, or what never leaves the host.
bool is_plumbing(std::string_view name) {
    constexpr std::array<std::string_view, 12> kPlumbing{"veth",  "docker", "br-",   "cni", "cali", "flannel",
                                                         "virbr", "podman", "dummy", "ifb", "tap",  "vxlan"};
    return name == "lo" ||
           std::ranges::any_of(kPlumbing, [&](std::string_view begin) { return name.starts_with(begin); });
}

/// Sums over hardware, else over what is not hardware.
struct Sums {
    TwoWay real, other;
    bool any_real = false;

    void add(bool is_real, TwoWay bytes) {
        TwoWay& sum = is_real ? real : other;
        sum.in += bytes.in;
        sum.out += bytes.out;
        any_real = any_real || is_real;
    }
    [[nodiscard]] TwoWay best() const { return any_real ? real : other; }
};

}  // namespace

/// Whether a device of /sys/class/KIND stands for hardware: not among the virtual ones, and no partition, whose bytes
/// are its disk's.
bool UsageReader::is_real(std::map<std::string, bool, std::less<>>& known, std::string_view name,
                          std::string_view kind) {
    if (const auto found = known.find(name); found != known.end()) return found->second;
    if (known.size() >= kMostNames) known.clear();
    const auto is_virtual = file_facts(root_, fmt::format("/sys/devices/virtual/{}/{}", kind, name));
    const auto exists = file_facts(root_, fmt::format("/sys/class/{}/{}", kind, name));
    const auto partition = file_facts(root_, fmt::format("/sys/class/{}/{}/partition", kind, name));
    const bool real = exists && *exists && is_virtual && !*is_virtual && partition && !*partition;
    known.emplace(name, real);
    return real;
}

void UsageReader::read_host_network(Usage& out) {
    UsageText read = host_.network.read(root_, buffer_);
    Sums sums;
    const bool whole = read.error == 0 && each_network_device(read.text, [&](std::string_view name, TwoWay bytes) {
                           const bool real = is_real(host_.devices, name, "net");
                           if (real || !is_plumbing(name)) sums.add(real, bytes);
                       });
    if (whole) {
        out.net_received.value = sums.best().in;
        out.net_sent.value = sums.best().out;
    } else {
        out.net_received = out.net_sent = unknown(read, "/proc/1/net/dev");
    }
}

void UsageReader::read_host_disks(Usage& out) {
    const UsageText read = host_.disks.read(root_, buffer_);
    Sums sums;
    const bool whole =
        read.error == 0 && each_disk(read.text, [&](std::string_view name, TwoWay bytes) {
            // Whole disks only: their partitions, and what is built upon them, are counted with them.
            if (is_real(host_.blocks, name, "block") &&
                !file_facts(root_, fmt::format("/sys/class/block/{}/partition", name)).value_or(std::nullopt)) {
                sums.add(true, bytes);
            }
        });
    if (whole && !sums.any_real) {
        out.io_read = out.io_written = Amount::unknown("no disk of the machine is visible from here");
    } else if (whole) {
        out.io_read.value = sums.best().in;
        out.io_written.value = sums.best().out;
    } else {
        out.io_read = out.io_written = unknown(read, "/proc/diskstats");
    }
}

Usage UsageReader::sample_host() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    Usage out{.taken = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec};

    const UsageText stat = host_.stat.read(root_, buffer_);
    const auto ticks = stat.error == 0 ? busy_ticks(stat.text) : std::nullopt;
    const auto per_second = static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L));
    if (ticks)
        out.cpu.value = *ticks * (1'000'000'000 / per_second);
    else
        out.cpu = unknown(stat, "/proc/stat");

    const UsageText memory = host_.meminfo.read(root_, buffer_);
    const auto kib = [&](std::string_view key) { return keyed_number(memory.text, key); };
    const auto total = kib("MemTotal:"), available = kib("MemAvailable:"), free = kib("MemFree:");
    if (memory.error == 0 && total && available && free) {
        out.memory.value = (*total - std::min(*available, *total)) * 1024;
        out.memory_total.value = (*total - std::min(*free, *total)) * 1024;
        out.memory_limit.value = *total * 1024;
    } else {
        out.memory = out.memory_total = out.memory_limit = unknown(memory, "/proc/meminfo");
    }

    const UsageText events = host_.vmstat.read(root_, buffer_);
    out.oom_kills.value = events.error == 0 ? keyed_number(events.text, "oom_kill") : std::nullopt;
    if (!out.oom_kills.value) out.oom_kills = unknown(events, "/proc/vmstat");

    const UsageText load = host_.loadavg.read(root_, buffer_);  // "0.58 0.27 0.69 1/123 4567"
    const auto slash = load.text.find('/');
    const auto threads =
        slash == std::string_view::npos
            ? std::nullopt
            : number<std::uint64_t>(load.text.substr(slash + 1, load.text.find(' ', slash) - slash - 1));
    out.pids = load.error == 0 && threads ? Amount{threads, {}} : unknown(load, "/proc/loadavg");
    const UsageText most = host_.threads_max.read(root_, buffer_);
    const auto threads_max = most.error == 0 ? number<std::uint64_t>(trim(most.text)) : std::nullopt;
    const UsageText largest = host_.pid_max.read(root_, buffer_);
    const auto pid_max = largest.error == 0 ? number<std::uint64_t>(trim(largest.text)) : std::nullopt;
    if (threads_max && pid_max)
        out.pids_limit.value = std::min(*threads_max, *pid_max);
    else
        out.pids_limit = unknown(largest, "/proc/sys/kernel/pid_max");

    read_host_disks(out);
    read_host_network(out);
    read_pressure(host_.pressure, out);
    return out;
}

}  // namespace plimsoll::host
