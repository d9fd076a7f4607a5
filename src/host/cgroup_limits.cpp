#include <algorithm>
#include <limits>

#include "base/text.h"
#include "host/cgroup.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

using State = CgroupLimit::State;

CgroupLimit unlimited() { return {State::unlimited, 0, {}}; }
CgroupLimit limited(std::uint64_t value) { return {State::limited, value, {}}; }
CgroupLimit unknown(std::string reason) { return {State::unknown, 0, std::move(reason)}; }

/// Version 1 writes "no limit" as the largest page-aligned number, which depends on the page size.
constexpr std::uint64_t kV1Unlimited = std::uint64_t{1} << 62U;

/// A number, "max", or version 1's very large number or -1.
std::optional<CgroupLimit> parse_plain(std::string_view text) {
    text = trim(text);
    if (text == "max" || text == "-1") return unlimited();
    const auto value = number<std::uint64_t>(text);
    if (!value) return std::nullopt;
    return *value >= kV1Unlimited ? unlimited() : limited(*value);
}

std::optional<CgroupLimit> milli_cpus(std::string_view quota, std::string_view period) {
    const auto bound = parse_plain(quota);
    const auto length = number<std::uint64_t>(trim(period));
    if (!bound || !length || *length == 0) return std::nullopt;
    if (bound->state != State::limited) return bound;
    return limited(std::min(bound->value, std::numeric_limits<std::uint64_t>::max() / 1000) * 1000 / *length);
}

CgroupLimit least(const CgroupLimit& a, const CgroupLimit& b) {
    if (a.state == State::unknown) return a;
    if (b.state == State::unknown) return b;
    if (a.state == State::unlimited) return b;
    if (b.state == State::unlimited) return a;
    return a.value <= b.value ? a : b;
}

CgroupLimit sum(const CgroupLimit& a, const CgroupLimit& b) {
    if (a.state != State::limited) return a;
    if (b.state != State::limited) return b;
    return limited(a.value > kV1Unlimited - std::min(b.value, kV1Unlimited) ? kV1Unlimited : a.value + b.value);
}

class LimitReader {
public:
    LimitReader(const Root& root, const CgroupPlace& place) : root_(root), place_(place) {}

    /// The least value of a file in the cgroup and its ancestors. Where the file does not exist (a hierarchy's root, or
    /// a controller not enabled there) nothing is limited at that level.
    [[nodiscard]] CgroupLimit least_of(std::string_view file) const {
        return over_ancestors([&](const std::string& directory) -> CgroupLimit {
            const auto text = read_if_exists(root_, directory + "/" + std::string(file), 4096);
            if (!text) return unknown(text.error().message);
            if (!*text) return unlimited();
            const auto limit = parse_plain(**text);
            return limit ? *limit : unknown(std::string(file) + ": malformed: " + printable(**text));
        });
    }

    [[nodiscard]] CgroupLimit cpu() const {
        return over_ancestors([&](const std::string& directory) -> CgroupLimit {
            const auto first = read_if_exists(root_, directory + (place_.v2 ? "/cpu.max" : "/cpu.cfs_quota_us"), 4096);
            if (!first) return unknown(first.error().message);
            if (!*first) return unlimited();
            std::optional<CgroupLimit> limit;
            if (place_.v2) {
                const std::string_view text = trim(**first);
                const auto blank = text.find(' ');
                if (blank != std::string_view::npos) limit = milli_cpus(text.substr(0, blank), text.substr(blank + 1));
            } else {
                const auto period = read_file(root_, directory + "/cpu.cfs_period_us", 4096);
                if (!period) return unknown(period.error().message);
                limit = milli_cpus(**first, *period);
            }
            return limit ? *limit : unknown("the processor quota is malformed: " + printable(**first));
        });
    }

    /// Trimmed content of a file of the cgroup, or of its nearest ancestor that has it; empty when it cannot be read.
    [[nodiscard]] std::optional<std::string> nearest(std::string_view file) const {
        for (std::string directory = place_.directory;;) {
            const auto text = read_if_exists(root_, directory + "/" + std::string(file), 65536);
            if (!text) return std::nullopt;
            if (*text) return std::string(trim(**text));
            if (directory.size() <= place_.mount_point.size()) return std::nullopt;
            directory.resize(directory.rfind('/'));
        }
    }

    /// The number after a word at the start of a line ("oom_kill 3").
    [[nodiscard]] std::optional<std::uint64_t> keyed(std::string_view file, std::string_view key) const {
        const auto text = read_if_exists(root_, place_.directory + "/" + std::string(file), 65536);
        if (!text || !*text) return std::nullopt;
        for (const std::string_view line : split(**text, '\n')) {
            if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
                return number<std::uint64_t>(trim(line.substr(key.size())));
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<std::string> at_mount_point(std::string_view file) const {
        const auto text = read_if_exists(root_, place_.mount_point + "/" + std::string(file), 65536);
        if (!text || !*text) return std::nullopt;
        return std::string(trim(**text));
    }

private:
    template <typename ReadOne>
    CgroupLimit over_ancestors(const ReadOne& read_one) const {
        if (const auto facts = file_facts(root_, place_.directory); !facts || !*facts) {
            return unknown(facts ? "the cgroup is gone" : facts.error().message);
        }
        CgroupLimit limit = unlimited();
        for (std::string directory = place_.directory;;) {
            limit = least(limit, read_one(directory));
            if (directory.size() <= place_.mount_point.size()) return limit;
            directory.resize(directory.rfind('/'));
        }
    }

    const Root& root_;
    const CgroupPlace& place_;
};

void read_memory(const LimitReader& reader, bool v2, CgroupLimits& out) {
    if (v2) {
        out.memory = reader.least_of("memory.max");
        out.memory_and_swap = sum(out.memory, reader.least_of("memory.swap.max"));
        out.oom_kills = reader.keyed("memory.events", "oom_kill");
    } else {
        out.memory = reader.least_of("memory.limit_in_bytes");
        out.memory_and_swap = reader.least_of("memory.memsw.limit_in_bytes");
        out.oom_kills = reader.keyed("memory.oom_control", "oom_kill");
        if (const auto disabled = reader.keyed("memory.oom_control", "oom_kill_disable"))
            out.oom_killer_disabled = *disabled != 0;
    }
}

void read_cpuset(const LimitReader& reader, bool v2, CgroupLimits& out) {
    const std::string_view file = v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus";
    out.cpuset = reader.nearest(file);
    const auto all = reader.at_mount_point(file);
    if (out.cpuset && all) out.cpuset_narrowed = *out.cpuset != *all;
}

}  // namespace

CgroupLimits read_cgroup_limits(const Root& root, const std::vector<CgroupHierarchy>& hierarchies,
                                const std::vector<CgroupMembership>& memberships) {
    CgroupLimits out;
    const auto none = [](std::string_view controller) {
        return unknown("no cgroup hierarchy of the controller " + std::string(controller) + " holds the process");
    };
    if (const auto place = cgroup_place(hierarchies, memberships, "memory")) {
        read_memory(LimitReader(root, *place), place->v2, out);
    } else {
        out.memory = out.memory_and_swap = none("memory");
    }
    if (const auto place = cgroup_place(hierarchies, memberships, "pids")) {
        out.pids = LimitReader(root, *place).least_of("pids.max");
    } else {
        out.pids = none("pids");
    }
    if (const auto place = cgroup_place(hierarchies, memberships, "cpu")) {
        const LimitReader reader(root, *place);
        out.cpu = reader.cpu();
        if (const auto weight = reader.nearest(place->v2 ? "cpu.weight" : "cpu.shares"))
            out.cpu_weight = number<std::uint64_t>(*weight);
    } else {
        out.cpu = none("cpu");
    }
    if (const auto place = cgroup_place(hierarchies, memberships, "cpuset")) {
        read_cpuset(LimitReader(root, *place), place->v2, out);
    }
    return out;
}

}  // namespace plimsoll::host
