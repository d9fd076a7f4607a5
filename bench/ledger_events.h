#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/event.h"

// Audit-like events with the cardinalities of a busy host: 100 a second over 13.9 h, 60 containers that live all the
// time and 3,000 that come and go, 251 executables, 20,000 file paths and a unique temporary path in every fifth file
// event, unique arguments in 40 % of the execs, 3,000 addresses. The same events at every run.
namespace plimsoll::bench {

inline constexpr std::uint64_t kEvents = 5'000'000;
inline constexpr Nanoseconds kBegin = 1'763'000'000 * kSecond;
inline constexpr std::string_view kRareExe = "/usr/local/bin/rare-tool";     // 1 event in 20,000
inline constexpr std::string_view kRarePath = "/etc/rare/seldom-read.conf";  // 1 event in 20,000
inline constexpr std::string_view kRareContainer = "feedfacef00d";           // 500 events in the middle

class EventGenerator {
public:
    EventGenerator() {
        for (std::uint32_t i = 0; i < kContainers; ++i) containers_.push_back(fmt::format("{:012x}", mixed(i) >> 16U));
        containers_[kLasting + 1500] = kRareContainer;
        for (std::uint32_t i = 0; i < kImages; ++i)
            images_.push_back(fmt::format("team{}/service-{}:{}.{}", i % 7, i, i % 5, i % 11));
        static constexpr std::array kFolders = {"/usr/bin/", "/bin/", "/usr/sbin/", "/usr/local/bin/", "/opt/app/bin/"};
        for (std::uint32_t i = 0; i + 1 < kExes; ++i)
            exes_.push_back(fmt::format("{}tool-{}", kFolders[i % kFolders.size()], i));
        exes_.emplace_back(kRareExe);
        static constexpr std::array kTrees = {
            "/usr/lib/x86_64-linux-gnu/lib",  "/etc/conf.d/",   "/var/lib/app/data/", "/usr/share/zoneinfo/",
            "/opt/app/lib/node_modules/pkg-", "/proc/self/fd/", "/var/log/app/",      "/srv/www/static/"};
        for (std::uint32_t i = 0; i < kPaths; ++i)
            paths_.push_back(fmt::format("{}{}-{}", kTrees[i % kTrees.size()], i, mixed(i) % 1000));
        for (std::uint32_t i = 0; i < kAddresses; ++i) {
            model::Ip ip;
            const std::uint64_t bits = mixed(i + 77);
            ip.bytes = {10, static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8U),
                        static_cast<std::uint8_t>(bits >> 16U)};
            addresses_.push_back(ip);
        }
        for (std::uint32_t i = 0; i < 400; ++i)
            arguments_.push_back(fmt::format("--config /etc/conf.d/{} --mode {} --workers {}", i, i % 9, i % 17));
        processes_.resize(kContainers);
        for (auto& process : processes_) process = next_process(1);
    }

    /// The next event, into `event`.
    void next(model::Event& event) {
        time_ += static_cast<Nanoseconds>(-std::log(1.0 - uniform()) * 1e7);
        event.clear(time_);
        const std::uint32_t container = pick_container();
        Process& process = processes_[container];
        const double kind = uniform();
        if (kind < 0.25 || uniform() < 0.02) process = next_process(container);
        const bool rare = random_() % 20000 == 0;
        const std::string& exe = rare ? exes_.back() : exes_[process.exe];
        static constexpr std::array kFileTypes = {"openat", "openat",   "openat",    "openat",  "openat",
                                                  "openat", "unlinkat", "renameat2", "fchmodat"};
        const bool exec = kind < 0.25;
        const bool file = !exec && kind < 0.75;
        const bool connect = !exec && !file && kind < 0.90;
        event.set("container.id", containers_[container]);
        event.set("container.image", images_[container < kLasting ? container % kImages : mixed(container) % kImages]);
        event.set("evt.type", exec      ? "execve"
                              : file    ? kFileTypes[random_() % kFileTypes.size()]
                              : connect ? "connect"
                                        : "exit_group");
        event.set_number("evt.rawres", uniform() < 0.93 ? 0 : -static_cast<std::int64_t>(random_() % 3 == 0 ? 13 : 2));
        event.set_number("proc.pid", process.pid);
        event.set("proc.name", rare ? "rare-tool" : process.thread ? "worker-thread" : comm(exe));
        if (exec) event.set("proc.args", arguments());
        event.set_number("proc.ppid", process.parent);
        event.set("proc.exepath", exe);
        if (file) event.set("fd.name", path());
        if (connect) {
            static constexpr std::array kPorts = {443, 80, 5432, 6379, 8080, 53, 9092, 3306};
            event.put(model::FieldKey("fd.sip").id(), {}, model::Value(addresses_[zipf(kAddresses)]));
            event.set_unsigned("fd.sport", static_cast<std::uint64_t>(kPorts[random_() % kPorts.size()]));
        }
        event.set_unsigned("user.uid", process.uid);
        ++made_;
    }

private:
    static constexpr std::uint32_t kLasting = 60;
    static constexpr std::uint32_t kContainers = 3060;
    static constexpr std::uint32_t kImages = 40;
    static constexpr std::uint32_t kExes = 251;
    static constexpr std::uint32_t kPaths = 20000;
    static constexpr std::uint32_t kAddresses = 3000;

    struct Process {
        std::int64_t pid = 0;
        std::int64_t parent = 0;
        std::uint32_t exe = 0;
        std::uint32_t uid = 0;
        bool thread = false;
    };

    static std::uint64_t mixed(std::uint64_t value) {
        value = (value + 1) * 0x9e3779b97f4a7c15U;
        value = (value ^ value >> 31U) * 0xbf58476d1ce4e5b9U;
        return value ^ value >> 29U;
    }
    double uniform() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }

    /// Small numbers often: about as Zipf's law has it.
    std::uint32_t zipf(std::uint32_t count) {
        return static_cast<std::uint32_t>(std::pow(static_cast<double>(count), uniform()) - 1.0);
    }

    std::uint32_t pick_container() {
        if (uniform() < 0.9) return zipf(kLasting);
        // Those that come and go: about four at a time.
        const std::uint64_t now = made_ * (kContainers - kLasting) / kEvents;
        return kLasting +
               static_cast<std::uint32_t>(std::min<std::uint64_t>(now + random_() % 4, kContainers - kLasting - 1));
    }

    Process next_process(std::uint32_t container) {
        last_pid_ = 300 + (last_pid_ - 300 + 1 + static_cast<std::int64_t>(random_() % 3)) % 4'190'000;
        return {.pid = last_pid_,
                .parent = 300 + static_cast<std::int64_t>(mixed(container) % 30000),
                .exe = zipf(kExes - 1),
                .uid = random_() % 5 == 0 ? static_cast<std::uint32_t>(1000 + mixed(container) % 20) : 0,
                .thread = uniform() < 0.03};
    }

    static std::string_view comm(std::string_view exe) { return exe.substr(exe.rfind('/') + 1).substr(0, 15); }

    std::string_view path() {
        if (random_() % 10000 == 0) return kRarePath;
        if (uniform() >= 0.2) return paths_[zipf(kPaths)];
        text_ = fmt::format("/tmp/build-{:08x}/part-{}.o", static_cast<std::uint32_t>(random_()), random_() % 100);
        return text_;
    }
    std::string_view arguments() {
        if (uniform() >= 0.4) return arguments_[zipf(static_cast<std::uint32_t>(arguments_.size()))];
        text_ = fmt::format("--input /var/lib/app/data/{}.json --request {:08x} --attempt {}", random_() % 100000,
                            static_cast<std::uint32_t>(random_()), random_() % 4);
        return text_;
    }

    std::mt19937_64 random_{20261121};
    Nanoseconds time_ = kBegin;
    std::uint64_t made_ = 0;
    std::int64_t last_pid_ = 300;
    std::vector<std::string> containers_;
    std::vector<std::string> images_;
    std::vector<std::string> exes_;
    std::vector<std::string> paths_;
    std::vector<std::string> arguments_;
    std::vector<model::Ip> addresses_;
    std::vector<Process> processes_;
    std::string text_;
};

}  // namespace plimsoll::bench
