#include "host/cgroup.h"

#include <algorithm>

#include "base/text.h"
#include "host/number.h"

namespace plimsoll::host {

namespace {

constexpr std::string_view kV1Controllers[] = {"cpu",     "cpuacct", "cpuset",  "memory",     "devices",
                                               "freezer", "blkio",   "net_cls", "perf_event", "net_prio",
                                               "hugetlb", "pids",    "rdma",    "misc"};

bool has(const std::vector<std::string>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

/// A cgroup path below the mounted part, or nothing when it lies outside ("/.." is how the kernel writes that).
std::optional<CgroupPlace> place_in(const CgroupHierarchy& hierarchy, const CgroupMembership& membership) {
    std::string_view path = membership.path;
    if (!path.starts_with('/') || path == "/.." || path.starts_with("/../")) return std::nullopt;
    const std::string_view root = hierarchy.mount_root;
    if (root != "/") {
        const bool below = path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
        if (!below) return std::nullopt;
        path.remove_prefix(root.size());
    }
    while (path.ends_with('/')) path.remove_suffix(1);
    return CgroupPlace{hierarchy.v2, hierarchy.mount_point, hierarchy.mount_point + std::string(path)};
}

bool belong_together(const CgroupHierarchy& hierarchy, const CgroupMembership& membership) {
    if (membership.controllers.empty()) return hierarchy.v2;
    return !hierarchy.v2 && std::ranges::any_of(membership.controllers, [&](const std::string& controller) {
        return has(hierarchy.controllers, controller);
    });
}

std::optional<CgroupPlace> place_of(const std::vector<CgroupHierarchy>& hierarchies,
                                    const CgroupMembership& membership) {
    for (const CgroupHierarchy& hierarchy : hierarchies) {
        if (!belong_together(hierarchy, membership)) continue;
        if (auto place = place_in(hierarchy, membership)) return place;
    }
    return std::nullopt;
}

Result<void> collect_processes(const Root& root, const std::string& directory, std::size_t limit, std::size_t& cgroups,
                               std::vector<pid_t>& out) {
    constexpr std::size_t kMostCgroups = 65536;
    if (++cgroups > kMostCgroups) return Error{"more than 65536 cgroups below one another"};
    // A threaded cgroup's processes are listed in its domain, and its own list cannot be read.
    TRY(const auto type, read_if_exists(root, directory + "/cgroup.type"));
    if (!type || !trim(*type).starts_with("threaded")) {
        TRY(const auto text, read_if_exists(root, directory + "/cgroup.procs", std::size_t{64} << 20U));
        for (const std::string_view line : split(text ? std::string_view(*text) : std::string_view{}, '\n')) {
            const auto pid = number<pid_t>(line);
            if (!pid || *pid == 0) continue;  // 0: a process of another pid namespace
            if (out.size() == limit) return Error{"more processes than " + std::to_string(limit)};
            out.push_back(*pid);
        }
    }
    TRY(const auto entries, list_directory(root, directory));
    if (!entries) return {};
    for (const DirectoryEntry& entry : *entries) {
        if (entry.type != FileType::directory) continue;
        TRY_VOID(collect_processes(root, directory + "/" + entry.name, limit, cgroups, out));
    }
    return {};
}

}  // namespace

std::vector<CgroupHierarchy> cgroup_hierarchies(const MountTable& mounts) {
    std::vector<CgroupHierarchy> out;
    for (const Mount& mount : mounts.mounts) {
        if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
        CgroupHierarchy hierarchy{mount.type == "cgroup2", {}, mount.point, mount.root};
        for (const std::string& option : mount.super_options) {
            const bool names = std::ranges::find(kV1Controllers, option) != std::end(kV1Controllers);
            if (!hierarchy.v2 && (names || option.starts_with("name="))) hierarchy.controllers.push_back(option);
        }
        out.push_back(std::move(hierarchy));
    }
    return out;
}

std::optional<CgroupPlace> cgroup_place(const std::vector<CgroupHierarchy>& hierarchies,
                                        const std::vector<CgroupMembership>& memberships, std::string_view controller) {
    const auto of_v1 =
        std::ranges::find_if(memberships, [&](const auto& each) { return has(each.controllers, controller); });
    if (of_v1 != memberships.end()) return place_of(hierarchies, *of_v1);
    const auto of_v2 = std::ranges::find_if(memberships, [](const auto& each) { return each.controllers.empty(); });
    return of_v2 == memberships.end() ? std::nullopt : place_of(hierarchies, *of_v2);
}

std::optional<CgroupPlace> deepest_cgroup_place(const std::vector<CgroupHierarchy>& hierarchies,
                                                const std::vector<CgroupMembership>& memberships) {
    const auto depth = [](const CgroupPlace& place) {
        return std::ranges::count(std::string_view(place.directory).substr(place.mount_point.size()), '/');
    };
    std::optional<CgroupPlace> best;
    for (const CgroupMembership& membership : memberships) {
        auto place = place_of(hierarchies, membership);
        if (place && (!best || depth(*place) > depth(*best))) best = std::move(place);
    }
    return best;
}

Result<std::optional<std::vector<pid_t>>> cgroup_processes(const Root& root, std::string_view directory,
                                                           std::size_t limit) {
    TRY(const auto facts, file_facts(root, directory));
    if (!facts) return std::optional<std::vector<pid_t>>{};
    std::vector<pid_t> pids;
    std::size_t cgroups = 0;
    if (auto collected = collect_processes(root, std::string(directory), limit, cgroups, pids); !collected) {
        return collected.error().during("listing the processes of " + printable(directory));
    }
    std::ranges::sort(pids);
    pids.erase(std::ranges::unique(pids).begin(), pids.end());
    return std::optional<std::vector<pid_t>>(std::move(pids));
}

}  // namespace plimsoll::host
