#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "posture/container_parts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;

constexpr std::int64_t kDefaultShares = 1024;

/// host, private, …; `container:ID` with the container's name in place of its id where it is known.
std::string namespace_mode(std::string_view mode, std::string_view otherwise, const EngineView& engine) {
    if (mode.empty()) return std::string(otherwise);
    if (!mode.starts_with("container:")) return std::string(mode);
    const auto found = engine.container_names.find(mode.substr(10));
    return "container:" + (found == engine.container_names.end() ? std::string(mode.substr(10)) : found->second);
}

/// How many processors a list like "0-3,8" names; what is no list names none.
std::int64_t processors_of(std::string_view list) {
    std::int64_t count = 0;
    for (const std::string_view part : split(list, ',')) {
        std::int64_t first = 0;
        std::int64_t last = 0;
        const auto [end, fault] = std::from_chars(part.data(), part.data() + part.size(), first);
        if (fault != std::errc()) continue;
        last = first;
        if (end != part.data() + part.size() && *end == '-') std::from_chars(end + 1, part.data() + part.size(), last);
        count += std::clamp<std::int64_t>(last - first + 1, 0, 65536);
    }
    return count;
}

}  // namespace

void gather_namespaces(const ContainerReading& in, Facts& out) {
    const auto& [inspect, engine, origin] = in;
    const Json host = inspect["HostConfig"];
    const auto text = [&](std::string_view key) { return host[key].text_or(""); };
    const std::string pid = namespace_mode(text("PidMode"), "private", engine);
    const std::string ipc = namespace_mode(text("IpcMode"), "private", engine);
    std::string network = namespace_mode(text("NetworkMode"), "bridge", engine);
    if (network == "default") network = "bridge";
    out.set("container.ns.pid", pid, origin + " HostConfig.PidMode");
    out.set("container.ns.ipc", ipc, origin + " HostConfig.IpcMode");
    out.set("container.ns.network", network, origin + " HostConfig.NetworkMode");
    out.set("container.ns.uts", text("UTSMode") == "host" ? "host" : "private", origin + " HostConfig.UTSMode");
    out.set("container.ns.user", text("UsernsMode") == "host" ? "host" : "default", origin + " HostConfig.UsernsMode");
    const std::string_view cgroup = text("CgroupnsMode");
    out.set("container.ns.cgroup", cgroup.empty() ? "private" : cgroup, origin + " HostConfig.CgroupnsMode");
    out.set("container.host_pid", pid == "host", origin + " HostConfig.PidMode");
    out.set("container.host_ipc", ipc == "host", origin + " HostConfig.IpcMode");
    out.set("container.host_network", network == "host", origin + " HostConfig.NetworkMode");

    std::vector<std::string> networks;
    std::string address;
    bool default_bridge = network == "bridge";
    inspect.at("NetworkSettings.Networks").each_member([&](std::string_view name, Json endpoint) {
        networks.emplace_back(name);
        default_bridge = default_bridge || (name == "bridge" && engine.engine != "podman");
        if (address.empty()) address = endpoint["IPAddress"].text_or("");
    });
    if (engine.engine == "podman") default_bridge = std::ranges::find(networks, "podman") != networks.end();
    const std::string at = origin + " NetworkSettings.Networks";
    out.set_list("container.networks", networks, at);
    out.set("container.network.default_bridge", default_bridge, at);
    if (address.empty())
        out.absent("container.ip", at);
    else
        out.set("container.ip", address, at);
    out.set_list("container.links", strings(host["Links"]), origin + " HostConfig.Links");
    out.set_list("container.volumes_from", strings(host["VolumesFrom"]), origin + " HostConfig.VolumesFrom");
}

void gather_limits(const ContainerReading& in, Facts& out) {
    const Json host = in.inspect["HostConfig"];
    const auto number = [&](std::string_view key) { return host[key].integer().value_or(0); };
    const auto at = [&](std::string_view key) { return fmt::format("{} HostConfig.{}", in.origin, key); };

    const auto memory = number("Memory");
    const bool memory_limited =
        memory > 0 && (in.engine.memory == 0 || memory < in.engine.memory);  // more than there is limits nothing
    out.set("container.memory.limited", memory_limited, at("Memory"));
    if (memory > 0)
        out.set_number("container.memory.limit", memory, at("Memory"));
    else
        out.absent("container.memory.limit", at("Memory"));
    out.set("container.swap.unlimited", number("MemorySwap") == -1, at("MemorySwap"));

    const auto shares = number("CpuShares");
    const auto all = in.engine.processors;
    const bool by_time = number("NanoCpus") > 0 && (all == 0 || number("NanoCpus") < all * 1'000'000'000);
    const bool by_set =
        !host["CpusetCpus"].text_or("").empty() && (all == 0 || processors_of(host["CpusetCpus"].text_or("")) < all);
    const bool cpu = by_time || by_set || number("CpuQuota") > 0 || number("CpuRealtimeRuntime") > 0 ||
                     (shares > 0 && shares != kDefaultShares);
    out.set("container.cpu.limited", cpu, at("NanoCpus, CpuQuota, CpusetCpus, CpuShares"));

    const auto pids = number("PidsLimit");
    out.set("container.pids.limited", pids > 0, at("PidsLimit"));
    if (pids > 0)
        out.set_number("container.pids.limit", pids, at("PidsLimit"));
    else
        out.absent("container.pids.limit", at("PidsLimit"));

    std::vector<std::string> ulimits;
    host["Ulimits"].each([&](Json limit) {
        ulimits.push_back(fmt::format("{}={}:{}", limit["Name"].text_or("?"), limit["Soft"].integer().value_or(0),
                                      limit["Hard"].integer().value_or(0)));
    });
    out.set_list("container.ulimits", ulimits, at("Ulimits"));
    out.set("container.oom.kill_disabled", host["OomKillDisable"].truth_or(false), at("OomKillDisable"));
    out.set_number("container.oom.score_adj", number("OomScoreAdj"), at("OomScoreAdj"));
    out.set("container.cgroup.parent", host["CgroupParent"].text_or(""), at("CgroupParent"));
    out.set("container.storage.limited", !host.at("StorageOpt.size").is_null(), at("StorageOpt"));
    out.set_number("container.shm_size", number("ShmSize"), at("ShmSize"));
}

void gather_logging(const ContainerReading& in, Facts& out) {
    const Json log = in.inspect.at("HostConfig.LogConfig");
    const std::string_view driver = log["Type"].text_or("");
    const std::string at = in.origin + " HostConfig.LogConfig";
    out.set("container.log.driver", driver, at);
    const std::string_view podman_size = log["Size"].text_or("");
    if (driver == "json-file" || driver == "k8s-file") {
        const std::string_view size = log.at("Config.max-size").text_or("");
        const bool rotated =
            (!size.empty() && size != "-1" && size != "0") || (!podman_size.empty() && podman_size != "0B");
        out.set("container.log.rotated", rotated, at);
    } else if (driver == "local" || driver == "journald") {
        out.set("container.log.rotated", true, at);
    } else {
        out.absent("container.log.rotated", at);
    }
}

}  // namespace plimsoll::posture
