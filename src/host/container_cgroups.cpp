#include "host/container_cgroups.h"

#include <algorithm>

namespace plimsoll::host {

namespace {

constexpr std::size_t kIdSize = 64;
constexpr std::size_t kDepth = 12;  ///< kubepods.slice/…/pod/container is 4; nested systemd managers add some
constexpr std::size_t kMostCgroups = 65536;

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// The hierarchy in which every container has a cgroup: version 2 when it is the only one, else one that engines always
/// use.
const CgroupHierarchy* best(const std::vector<CgroupHierarchy>& hierarchies) {
    for (const std::string_view controller : {"pids", "memory", "cpuacct", "devices"}) {
        for (const CgroupHierarchy& each : hierarchies) {
            if (std::ranges::find(each.controllers, controller) != each.controllers.end()) return &each;
        }
    }
    const auto v2 = std::ranges::find_if(hierarchies, [](const CgroupHierarchy& each) { return each.v2; });
    return v2 == hierarchies.end() ? nullptr : &*v2;
}

struct Search {
    const Root& root;
    const CgroupHierarchy& hierarchy;
    std::size_t cgroups = 0;
    std::vector<ContainerCgroup> found;

    Result<void> below(const std::string& directory, std::size_t depth) {
        if (++cgroups > kMostCgroups) return Error{"more than 65536 cgroups"};
        TRY(const auto entries, list_directory(root, directory));
        if (!entries) return {};
        for (const DirectoryEntry& entry : *entries) {
            if (entry.type != FileType::directory) continue;
            const std::string inner = directory + "/" + entry.name;
            ContainerCgroup container = container_of_cgroup(entry.name);
            if (container.id.empty()) {
                if (depth < kDepth) TRY_VOID(below(inner, depth + 1));
                continue;
            }
            container.path = inner.substr(hierarchy.mount_point.size());
            if (hierarchy.mount_root != "/") container.path.insert(0, hierarchy.mount_root);
            const auto pids = cgroup_processes(root, inner);
            if (pids && *pids && !(*pids)->empty()) container.pid = (*pids)->front();
            found.push_back(std::move(container));
        }
        return {};
    }
};

}  // namespace

ContainerCgroup container_of_cgroup(std::string_view name) {
    if (name.ends_with(".scope")) name.remove_suffix(6);
    if (name.size() < kIdSize) return {};
    const std::string_view id = name.substr(name.size() - kIdSize);
    std::string_view engine = name.substr(0, name.size() - kIdSize);
    if (!is_hex(id) || engine.ends_with("conmon-")) return {};
    if (!engine.empty() && !engine.ends_with('-')) return {};
    if (!engine.empty()) engine.remove_suffix(1);
    return {std::string(id), std::string(engine), {}, 0};
}

Result<std::vector<ContainerCgroup>> find_container_cgroups(const Root& root,
                                                            const std::vector<CgroupHierarchy>& hierarchies) {
    const CgroupHierarchy* hierarchy = best(hierarchies);
    if (hierarchy == nullptr) return Error{"no cgroup hierarchy is mounted that containers stand in"};
    Search search{root, *hierarchy};
    if (auto searched = search.below(hierarchy->mount_point, 0); !searched)
        return searched.error().during("looking for containers' cgroups");
    return std::move(search.found);
}

}  // namespace plimsoll::host
