#include "host/usage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "host/number.h"
#include "host/process.h"

namespace plimsoll::host {

namespace {

/// Version 1 writes "no limit" as the largest page-aligned number.
constexpr std::uint64_t kV1Unlimited = std::uint64_t{1} << 62U;

std::int64_t monotonic() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string why(const UsageText& read, std::string_view what) {
    if (read.error == 0) return fmt::format("{} is malformed", what);
    if (read.error == ENOENT) return fmt::format("{}: this kernel or cgroup has no such file", what);
    return fmt::format("{}: {}", what, std::strerror(read.error));
}

std::string_view file_name(const UsageFile& file) {
    return std::string_view(file.path()).substr(file.path().rfind('/') + 1);
}

/// The whole file as one number.
Amount plain(const UsageText& read, std::string_view what) {
    if (const auto value = number<std::uint64_t>(trim(read.text)); read.error == 0 && value) return {value, {}};
    return Amount::unknown(why(read, what));
}

/// As plain; "max" and version 1's very large number are no limit.
Amount limit(const UsageText& read, std::string_view what) {
    if (read.error == 0 && trim(read.text) == "max") return {};
    Amount out = plain(read, what);
    return out.value && *out.value >= kV1Unlimited ? Amount{} : out;
}

Amount keyed(const UsageText& read, std::string_view key, std::string_view what, std::uint64_t times = 1) {
    if (const auto value = keyed_number(read.text, key); read.error == 0 && value) return {*value * times, {}};
    if (read.error == 0) return Amount::unknown(fmt::format("{} does not tell {}", what, key));
    return Amount::unknown(why(read, what));
}

void set_both(Amount& in, Amount& out, const std::optional<TwoWay>& volume, const UsageText& read,
              std::string_view what) {
    if (read.error == 0 && volume) {
        in = {volume->in, {}};
        out = {volume->out, {}};
    } else {
        in = out = Amount::unknown(why(read, what));
    }
}

/// The directory of the container itself where the process stands in a cgroup below it (an init system inside).
std::string container_directory(const CgroupPlace& place, std::string_view id) {
    const auto at = id.empty() ? std::string::npos : place.directory.find(id, place.mount_point.size());
    return place.directory.substr(0, at == std::string::npos ? at : place.directory.find('/', at));
}

/// The cgroups around the container's own.
std::vector<CgroupMembership> around(std::vector<CgroupMembership> memberships, std::string_view id) {
    for (CgroupMembership& each : memberships) {
        const auto at = id.empty() ? std::string::npos : each.path.find(id);
        const auto slash = each.path.rfind('/', at);
        each.path = slash == std::string::npos || slash == 0 ? "/" : each.path.substr(0, slash);
    }
    return memberships;
}

}  // namespace

UsageReader::UsageReader(Root root, std::vector<CgroupHierarchy> hierarchies)
    : root_(std::move(root)), hierarchies_(std::move(hierarchies)) {
    // The first process's network namespace is the host's; where it may not be asked, one's own.
    for (const char* path : {"/proc/1", "/proc/self"}) {
        const auto process = open_if_exists(root_, path, O_PATH | O_DIRECTORY);
        struct stat facts {};
        if (!process || !*process || ::fstatat((*process)->get(), "ns/net", &facts, 0) != 0) continue;
        host_network_ = facts.st_ino;
        break;
    }
}

UsageReader::~UsageReader() = default;

Result<std::unique_ptr<UsageReader>> UsageReader::open(Root root) {
    TRY(const auto mounts, read_mounts(root));
    if (!mounts) return Error{"the mount table cannot be read: /proc is not mounted"};
    auto hierarchies = cgroup_hierarchies(*mounts);
    if (hierarchies.empty()) return Error{"no cgroup hierarchy is mounted"};
    return std::unique_ptr<UsageReader>(new UsageReader(std::move(root), std::move(hierarchies)));
}

Result<std::vector<CgroupMembership>> UsageReader::memberships_of(const UsageTarget& target) {
    if (target.pid > 0) {
        const auto text = read_if_exists(root_, fmt::format("/proc/{}/cgroup", target.pid));
        if (text && *text) return parse_cgroup_memberships(**text);
        if (target.cgroup.empty()) return text ? Error{"the process has ended"} : Error{text.error().message};
    }
    if (target.cgroup.empty()) return Error{"neither its process nor its cgroup is known"};
    std::vector<CgroupMembership> out;
    for (const CgroupHierarchy& hierarchy : hierarchies_) out.push_back({hierarchy.controllers, target.cgroup});
    return out;
}

Result<std::unique_ptr<UsageWatch>> UsageReader::watch(const UsageTarget& target) {
    TRY(const auto memberships, memberships_of(target));
    auto out = std::make_unique<UsageWatch>();
    struct Found {
        std::string directory;
        bool v2 = false;
    };
    const auto find = [&](std::string_view controller) -> std::optional<Found> {
        const auto place = cgroup_place(hierarchies_, memberships, controller);
        if (!place) return std::nullopt;
        return Found{container_directory(*place, target.id), place->v2};
    };
    if (const auto at = find("cpuacct")) {
        out->cpu_v2_ = at->v2;
        out->cpu_ = UsageFile(at->directory + (at->v2 ? "/cpu.stat" : "/cpuacct.usage"));
    }
    if (const auto at = find("cpu"); at && !at->v2) out->throttled_ = UsageFile(at->directory + "/cpu.stat");
    if (const auto at = find("memory")) {
        out->memory_v2_ = at->v2;
        out->memory_ = UsageFile(at->directory + (at->v2 ? "/memory.current" : "/memory.usage_in_bytes"));
        out->memory_stat_ = UsageFile(at->directory + "/memory.stat");
        out->oom_ = UsageFile(at->directory + (at->v2 ? "/memory.events" : "/memory.oom_control"));
        if (at->v2) {
            out->memory_limit_ = UsageFile(at->directory + "/memory.max");
            out->outer_memory_ = read_cgroup_limits(root_, hierarchies_, around(memberships, target.id)).memory;
        }
    }
    if (const auto at = find("pids")) {
        out->pids_ = UsageFile(at->directory + "/pids.current");
        out->pids_limit_ = UsageFile(at->directory + "/pids.max");
    }
    if (const auto at = find("blkio")) {
        out->io_v2_ = at->v2;
        out->io_ = UsageFile(at->directory + (at->v2 ? "/io.stat" : "/blkio.throttle.io_service_bytes_recursive"));
    }
    if (const auto at = find("pressure"); at && at->v2) {  // version 2's place, whatever stands in version 1
        constexpr std::array kNames{"/cpu.pressure", "/memory.pressure", "/io.pressure"};
        for (std::size_t i = 0; i < kNames.size(); ++i) out->pressure_[i] = UsageFile(at->directory + kNames[i]);
    }
    find_network(*out, target.pid);
    if (!sample(*out)) {
        close(*out);
        return Error{"it has no cgroup any more"};
    }
    return out;
}

void UsageReader::find_network(UsageWatch& watch, pid_t pid) {
    const auto process = pid > 0 ? open_if_exists(root_, fmt::format("/proc/{}", pid), O_PATH | O_DIRECTORY)
                                 : Result<std::optional<Fd>>(std::nullopt);
    if (!process || !*process) {
        watch.no_network_ = "its process is not known";
        return;
    }
    struct stat facts {};
    if (::fstatat((*process)->get(), "ns/net", &facts, 0) != 0) {
        watch.no_network_ = fmt::format("its network namespace: {}", std::strerror(errno));
    } else if (facts.st_ino == host_network_) {
        watch.no_network_ = "it shares the host's network";
    } else {
        watch.process_ = Fd(::dup((*process)->get()));
    }
}

std::optional<Usage> UsageReader::sample(UsageWatch& watch) {
    Usage out{.taken = monotonic()};
    const UsageText cpu = watch.cpu_.read(root_, buffer_);
    const bool gone = cpu.gone();
    out.cpu = watch.cpu_v2_ ? keyed(cpu, "usage_usec", "cpu.stat", 1000) : plain(cpu, "cpuacct.usage");
    if (watch.cpu_v2_) out.throttled = keyed(cpu, "throttled_usec", "cpu.stat", 1000);
    if (!watch.cpu_v2_) out.throttled = keyed(watch.throttled_.read(root_, buffer_), "throttled_time", "cpu.stat");
    const UsageText pids = watch.pids_.read(root_, buffer_);
    if (gone && pids.gone()) return std::nullopt;
    out.pids = plain(pids, "pids.current");
    out.pids_limit = limit(watch.pids_limit_.read(root_, buffer_), "pids.max");
    read_memory(watch, out);
    const UsageText io = watch.io_.read(root_, buffer_);
    set_both(out.io_read, out.io_written, watch.io_v2_ ? parse_io_stat(io.text) : parse_blkio_bytes(io.text), io,
             watch.io_v2_ ? "io.stat" : "blkio.throttle.io_service_bytes_recursive");
    read_pressure(watch.pressure_, out);
    read_network(watch, out);
    return out;
}

void UsageReader::read_memory(UsageWatch& watch, Usage& out) {
    out.memory_total = plain(watch.memory_.read(root_, buffer_), file_name(watch.memory_));
    if (watch.memory_.path().empty()) out.memory_total.reason = "no cgroup of the memory controller holds it";
    const UsageText stat = watch.memory_stat_.read(root_, buffer_);
    const Amount droppable = keyed(stat, watch.memory_v2_ ? "inactive_file" : "total_inactive_file", "memory.stat");
    if (!watch.memory_v2_) {
        out.memory_limit = keyed(stat, "hierarchical_memory_limit", "memory.stat");
        if (out.memory_limit.value >= kV1Unlimited) out.memory_limit = {};
    } else {
        out.memory_limit = limit(watch.memory_limit_.read(root_, buffer_), "memory.max");
        const CgroupLimit& outer = watch.outer_memory_;
        const bool narrower = outer.state == CgroupLimit::State::limited && out.memory_limit.reason.empty() &&
                              (!out.memory_limit.value || outer.value < *out.memory_limit.value);
        if (narrower) out.memory_limit.value = outer.value;
    }
    out.oom_kills = keyed(watch.oom_.read(root_, buffer_), "oom_kill", file_name(watch.oom_));
    if (out.memory_total.value && droppable.value) {
        out.memory.value = *out.memory_total.value - std::min(*droppable.value, *out.memory_total.value);
    } else {
        out.memory.reason = out.memory_total.value ? droppable.reason : out.memory_total.reason;
    }
}

void UsageReader::read_pressure(std::array<UsageFile, 3>& files, Usage& out) {
    Share* const shares[] = {&out.pressure_cpu, &out.pressure_memory, &out.pressure_io};
    for (std::size_t i = 0; i < files.size(); ++i) {
        const UsageText read = files[i].read(root_, buffer_);
        const auto share = read.error == 0 ? pressure_some(read.text) : std::nullopt;
        *shares[i] = share ? Share{share, {}} : Share::unknown(why(read, "pressure"));
    }
}

void UsageReader::read_network(UsageWatch& watch, Usage& out) {
    if (!watch.process_) {
        out.net_received = out.net_sent = Amount::unknown(watch.no_network_);
        return;
    }
    // Opened anew each time: an open file would keep the namespace of a dead container alive, and its devices with it.
    const UsageText read = UsageFile::read_at(watch.process_.get(), "net/dev", buffer_);
    TwoWay sum;
    const bool whole = read.error == 0 && each_network_device(read.text, [&](std::string_view name, TwoWay bytes) {
                           if (name == "lo") return;
                           sum.in += bytes.in;
                           sum.out += bytes.out;
                       });
    set_both(out.net_received, out.net_sent, whole ? std::optional(sum) : std::nullopt, read, "/proc/PID/net/dev");
}

void UsageReader::close(UsageWatch& watch) {
    for (UsageFile* file : {&watch.cpu_, &watch.throttled_, &watch.memory_, &watch.memory_stat_, &watch.memory_limit_,
                            &watch.oom_, &watch.pids_, &watch.pids_limit_, &watch.io_, &watch.pressure_[0],
                            &watch.pressure_[1], &watch.pressure_[2]}) {
        file->close(buffer_);
    }
    watch.process_.reset();
}

}  // namespace plimsoll::host
