// What one wanted event of the kernel costs the thread that takes it, in user space: from the bytes in a ring to the
// record in the recorder's hands. The goal is a million wanted events a second on one core.
//
//     kernel_path_bench [SECONDS [KIND]]
//
// Eight containers with eight processes each, in turn; every process is six generations below the shim. Steps are those
// of app/kernel_feed.cpp: parse, table of processes, judgement by the rules and the recording policy, and where the
// event matters the record with process, user, container and person.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/kernel_requests.h"
#include "app/kernel_rules.h"
#include "app/runtime_rules.h"
#include "app/session_person.h"
#include "host/temporary_tree.h"
#include "rule/loader.h"
#include "sensor/event_writer.h"
#include "sensor/kernel_event.h"
#include "sensor/process_table.h"

namespace {

using namespace plimsoll;

const std::filesystem::path kFalco = std::filesystem::path(PLIMSOLL_SHARED_DIR) / "data/falco-rules";
constexpr std::size_t kContainers = 8;
constexpr std::size_t kProcesses = 8;  ///< of each container
constexpr std::size_t kEvents = 2048;  ///< of one kind, in turn
constexpr std::uint32_t kFirstPid = 1000;
constexpr std::uint64_t kHostCgroup = 5;

std::string id_of(std::size_t container) {
    return fmt::format("4f1d0e6ae2f2a5a6b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9{:02x}", container);
}

class KnownContainers final : public sensor::Containers {
public:
    KnownContainers() {
        for (std::size_t n = 0; n < kContainers; ++n) {
            auto made = std::make_shared<sensor::Container>();
            made->id = id_of(n);
            made->name = fmt::format("shop-{}", n);
            made->image = "registry.example:5000/team/shop:1.2";
            made->engine = "docker";
            made->known = true;
            all_.push_back(std::move(made));
        }
    }
    [[nodiscard]] std::shared_ptr<const sensor::Container> find(std::string_view id) const override {
        const auto found = std::ranges::find_if(all_, [&](const auto& each) { return each->id == id; });
        return found == all_.end() ? nullptr : *found;
    }
    [[nodiscard]] std::uint64_t generation() const override { return 1; }

private:
    std::vector<std::shared_ptr<const sensor::Container>> all_;
};

/// Events one after the other, as they lie in a ring.
class Bytes {
public:
    void add(std::span<const std::byte> event) {
        const std::size_t at = words_.size();
        places_.emplace_back(at, event.size());
        words_.resize(at + event.size() / sizeof(std::uint64_t));
        std::memcpy(words_.data() + at, event.data(), event.size());
    }
    template <typename Take>
    void each(Take&& take) const {
        for (const auto& [at, size] : places_) take(std::as_bytes(std::span(words_)).subspan(at * 8, size));
    }
    [[nodiscard]] std::size_t size() const { return places_.size(); }

private:
    std::vector<std::uint64_t> words_;
    std::vector<std::pair<std::size_t, std::size_t>> places_;
};

/// The host, its containers, and their processes.
class Scene {
public:
    Scene() : users_(tree_.at("/proc"), tree_.at("/host")), table_(containers_, {}), event_(around_) {
        around_.hostname = "host1";
        around_.boot_offset = 1'700'000'000'000'000'000;
        around_.users = &users_;
        around_.names = &names_;
        tree_.write("/host/etc/passwd", "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/zsh\n");
        for (std::size_t n = 0; n < kContainers; ++n) make(n);
    }

    /// So many events of processes in turn; `fill` makes each what it is.
    Bytes events(const std::function<void(sensor::EventWriter&, std::size_t)>& fill) {
        Bytes out;
        for (std::size_t n = 0; n < kEvents; ++n) {
            const std::size_t container = n % kContainers;
            const std::size_t process = n / kContainers % kProcesses;
            writer_.start(WIRE_CALL);
            begin(pid_of(container, process), 10 + container, false);
            writer_.head.euid = 33;
            fill(writer_, n);
            out.add(writer_.finish());
        }
        return out;
    }

    struct Outcome {
        std::size_t judged = 0, recorded = 0, matched = 0;
        double nanoseconds = 0;  ///< an event, of processor time; the best round
    };

    Outcome run(app::KernelRules& rules, const Bytes& events, double seconds) {
        Outcome out{.nanoseconds = 1e9};
        const double end = processor_seconds() + seconds;
        while (processor_seconds() < end) {
            const double start = processor_seconds();
            for (int again = 0; again < 4; ++again) {
                out.judged = out.recorded = out.matched = 0;
                events.each([&](std::span<const std::byte> bytes) { take(rules, bytes, out); });
            }
            out.nanoseconds = std::min(out.nanoseconds,
                                       (processor_seconds() - start) * 1e9 / (4 * static_cast<double>(events.size())));
        }
        return out;
    }

private:
    static double processor_seconds() {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
    }

    static std::uint32_t pid_of(std::size_t container, std::size_t process) {
        return static_cast<std::uint32_t>(kFirstPid + container * 100 + 20 + process);
    }

    void take(app::KernelRules& rules, std::span<const std::byte> bytes, Outcome& out) {
        sensor::RawEvent raw;
        if (!sensor::parse(bytes, raw)) std::abort();
        names_.take(raw);
        const sensor::Process* const process = table_.take(raw);
        if (process == nullptr || app::is_set_up(*process)) return;
        event_.start(raw, process, ++number_);
        person_.start();
        ++out.judged;
        const auto judgement = rules.judge(event_, person_);
        if (!judgement.matters()) return;
        ++out.recorded;
        if (!judgement.matches.empty()) ++out.matched;
        std::vector<rule::AlertMatch> matches(judgement.matches.begin(), judgement.matches.end());
        model::Event record;
        event_.write(record);
        person_.write(record);
        kept_[number_ % kept_.size()] = std::move(record);  // what the queue would hold
    }

    void begin(std::uint32_t pid, std::uint64_t cgroup, bool host) {
        writer_.head.time = 5'000'000'000 + ++time_ * 1000;
        writer_.head.pid = writer_.head.tid = pid;
        writer_.head.start = pid * 1000ULL;
        writer_.head.cgroup = cgroup;
        if (host) writer_.head.flags = WIRE_HOST;
        writer_.name("worker");
    }

    void tell() {
        sensor::RawEvent raw;
        if (!sensor::parse(writer_.finish(), raw)) std::abort();
        static_cast<void>(table_.take(raw));
    }

    void process(std::uint32_t pid, std::uint32_t parent, std::uint64_t cgroup, std::string_view name,
                 std::vector<std::string_view> words) {
        for (const WireKind kind : {WIRE_FORK, WIRE_EXEC}) {
            writer_.start(kind);
            begin(pid, cgroup, cgroup == kHostCgroup);
            writer_.name(name);
            writer_.has_task = writer_.has_credentials = true;
            writer_.task.parent = parent;
            writer_.task.parent_start = parent * 1000ULL;
            writer_.task.ns_pid = pid;
            writer_.task.session = writer_.task.ns_session = pid;
            writer_.task.pid_namespace = writer_.task.mount_namespace =
                4026531840U + static_cast<std::uint32_t>(cgroup);
            writer_.credentials.uid = writer_.credentials.euid = writer_.credentials.ns_euid = 33;
            writer_.credentials.gid = writer_.credentials.egid = 33;
            writer_.credentials.loginuid = UINT32_MAX;
            if (kind == WIRE_EXEC) {
                writer_.has_file = true;
                writer_.file.mode = S_IFREG | 0755;
                writer_.file.layer = WIRE_LOWER;
                writer_.add(WIRE_EXE, fmt::format("/usr/sbin/{}", name));
                writer_.add(WIRE_CWD, "/var/www/");
                writer_.add_words(WIRE_ARGV, words);
            }
            tell();
        }
    }

    void make(std::size_t container) {
        const std::uint64_t cgroup = 10 + container;
        const auto first = static_cast<std::uint32_t>(kFirstPid + container * 100);
        writer_.start(WIRE_CGROUP_MADE);
        writer_.head.cgroup = cgroup;
        writer_.add(WIRE_CONTAINER, id_of(container));
        tell();
        process(first, 1, kHostCgroup, "containerd-shim",
                {"containerd-shim", "-namespace", "moby", "-id", id_of(container)});
        process(first + 1, first, cgroup, "tini", {"tini", "--", "supervise"});
        process(first + 2, first + 1, cgroup, "supervise", {"supervise", "-c", "/etc/supervise.conf"});
        process(first + 3, first + 2, cgroup, "server", {"server", "--master", "--port", "8080"});
        process(first + 4, first + 3, cgroup, "pool", {"pool", "-n", "8"});
        for (std::size_t n = 0; n < kProcesses; ++n) {
            const std::uint32_t pid = pid_of(container, n);
            process(pid, first + 4, cgroup, "worker", {"worker", "--id", "7", "--cache", "/var/cache/shop"});
            tree_.write(fmt::format("/proc/{}/cgroup", pid), "0::/docker/" + id_of(container) + "\n");
            tree_.write(fmt::format("/proc/{}/root/etc/passwd", pid),
                        "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/srv:/bin/false\n");
            tree_.write(fmt::format("/proc/{}/root/etc/group", pid), "root:x:0:\nwww-data:x:33:\n");
        }
    }

    host::TemporaryTree tree_;
    KnownContainers containers_;
    sensor::Users users_;
    sensor::DnsNames names_;
    sensor::Surroundings around_;
    sensor::ProcessTable table_;
    sensor::KernelEvent event_;
    enrich::EngineAccess access_;
    app::SessionPerson person_{event_, access_};
    sensor::EventWriter writer_;
    std::vector<model::Event> kept_ = std::vector<model::Event>(512);
    std::uint64_t number_ = 0;
    std::uint64_t time_ = 0;
};

void opens(sensor::EventWriter& writer, std::string_view path, std::uint64_t flags, bool made) {
    writer.head.call = SYS_openat;
    writer.head.result = 3;
    writer.has_file = writer.has_arguments = true;
    writer.arguments.value[0] = static_cast<std::uint32_t>(AT_FDCWD);
    writer.arguments.value[2] = flags;
    writer.arguments.value[3] = made ? 0644 : 0;
    writer.file.mode = S_IFREG | 0644;
    writer.file.inode = 4711;
    writer.file.device = 8U << 20U | 1U;
    writer.file.created = made ? 1 : 0;
    writer.file.layer = made ? WIRE_UPPER : WIRE_LOWER;
    writer.add(WIRE_PATH, path);
    writer.add(WIRE_NAME, path);
}

void connects(sensor::EventWriter& writer, std::size_t n) {
    writer.head.call = SYS_connect;
    writer.head.result = 0;
    writer.has_socket = writer.has_arguments = true;
    writer.arguments.value[0] = 7;
    writer.socket.family = AF_INET;
    writer.socket.type = SOCK_STREAM;
    writer.socket.protocol = 6;
    writer.socket.local_port = static_cast<std::uint16_t>(30000 + n);
    writer.socket.remote_port = 5432;
    const std::array<std::uint8_t, 4> local = {172, 17, 0, 2};
    const std::array<std::uint8_t, 4> remote = {172, 17, 0, static_cast<std::uint8_t>(n)};
    std::ranges::copy(local, writer.socket.local);
    std::ranges::copy(remote, writer.socket.remote);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::shared_ptr<app::KernelRules> rules(bool falco) {
    std::vector<std::string> recording(app::default_recording().begin(), app::default_recording().end());
    rule::RuleSet set;
    if (falco) {
        rule::RuleLoader loader;
        for (const char* name : {"falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"})
            loader.add(name, read_file(kFalco / name));
        set = std::move(loader).finish();
    } else {
        auto ours = app::load_runtime_rules("/nonexistent", {});
        if (!ours) std::abort();
        set = app::take_kernel_rules(*ours);
    }
    auto made = app::KernelRules::make(std::move(set), recording, false);
    if (!made) std::abort();
    return *made;
}

}  // namespace

int main(int count, char** words) {
    const double seconds = count > 1 ? std::atof(words[1]) : 1.0;
    const std::string only = count > 2 ? words[2] : "";
    Scene scene;
    struct Kind {
        const char* name;
        Bytes events;
    };
    std::vector<Kind> kinds;
    kinds.push_back({"file read, wanted by a rule's prefix", scene.events([](auto& writer, std::size_t n) {
                         opens(writer, fmt::format("/etc/ssl/certs/ca-{}.pem", n % 100), O_RDONLY | O_CLOEXEC, false);
                     })});
    kinds.push_back({"library opened", scene.events([](auto& writer, std::size_t n) {
                         opens(writer, fmt::format("/usr/lib/x86_64-linux-gnu/libshop-{}.so.1", n % 100),
                               O_RDONLY | O_CLOEXEC, false);
                     })});
    kinds.push_back({"new file", scene.events([](auto& writer, std::size_t n) {
                         opens(writer, fmt::format("/var/cache/shop/{}.tmp", n), O_WRONLY | O_CREAT | O_TRUNC, true);
                     })});
    kinds.push_back({"connection", scene.events(connects)});
    kinds.push_back({"sensitive file read",
                     scene.events([](auto& writer, std::size_t) { opens(writer, "/etc/shadow", O_RDONLY, false); })});
    for (const bool falco : {false, true}) {
        if (falco && !std::filesystem::exists(kFalco)) continue;
        const auto judged_by = rules(falco);
        fmt::print("\n{:<40}{:>10}{:>14}{:>11}{:>10}\n",
                   falco ? "Falco's 81 rules, our recording policy" : "our rules and recording policy", "us",
                   "events/s/core", "recorded", "matched");
        for (const Kind& kind : kinds) {
            if (!only.empty() && kind.name != only) continue;
            const auto out = scene.run(*judged_by, kind.events, seconds);
            const auto share = [&](std::size_t part) {
                return fmt::format("{}%", part * 100 / std::max<std::size_t>(out.judged, 1));
            };
            fmt::print("{:<40}{:>10.3f}{:>14.0f}{:>11}{:>10}\n", kind.name, out.nanoseconds / 1000,
                       1e9 / out.nanoseconds, share(out.recorded), share(out.matched));
        }
    }
    return 0;
}
