#include <algorithm>

#include "posture/engine_audit.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

void set_data_root(const std::string& data_root, const host::Root& root, Facts& out) {
    const auto unknown = [&](std::string_view reason) {
        for (const FieldKey field : {FieldKey("host.data_root.path"), FieldKey("host.data_root.separate"),
                                     FieldKey("host.data_root.free_percent")})
            out.unknown(field, reason);
    };
    if (data_root.empty()) return unknown("no engine of this host named its data root");
    out.set("host.data_root.path", data_root, "GET /info DockerRootDir");
    const auto above = host::file_facts(root, "/");
    const auto here = host::file_facts(root, data_root);
    if (above && *above && here && *here) {
        const bool separate =
            (*above)->device_major != (*here)->device_major || (*above)->device_minor != (*here)->device_minor;
        out.set("host.data_root.separate", separate, "stat");
    } else {
        out.unknown("host.data_root.separate", "the data root cannot be looked at");
    }
    const auto space = host::file_system_facts(root, data_root);
    if (space && *space && (*space)->total_bytes > 0) {
        out.set_number("host.data_root.free_percent",
                       static_cast<std::int64_t>((*space)->available_bytes * 100 / (*space)->total_bytes), "statfs");
    } else {
        out.unknown("host.data_root.free_percent", space ? "the data root is not there" : space.error().message);
    }
}

}  // namespace

void EngineTotals::write(Facts& host, const host::Root& root) const {
    host.set("host.engine.answers", answered, "engine API");
    set_data_root(data_root, root, host);
    const auto count = [&](FieldKey field, std::int64_t number, const std::string& lost) {
        if (!answered)
            host.unknown(field, reason);
        else if (!lost.empty())
            host.unknown(field, lost);
        else
            host.set_number(field, number, "engine API");
    };
    const auto usage = [&](const std::string& lost) { return lost.empty() ? containers_lost : lost; };
    count("host.containers.total", containers, containers_lost);
    count("host.containers.running", running, containers_lost);
    count("host.containers.stopped", containers - running, containers_lost);
    count("host.images.total", images, images_lost);
    count("host.images.dangling", dangling, images_lost);
    count("host.images.unused", unused_images, usage(images_lost));
    count("host.volumes.unused", unused_volumes, usage(volumes_lost));
    count("host.networks.unused", unused_networks, usage(networks_lost));
}

std::vector<std::string> engine_binaries(const EngineHost& engines, const host::Root& root) {
    std::vector<std::string> all;
    const auto add = [&](const std::string& path) {
        const auto resolved = host::resolve(root, path);
        const std::string real = resolved && *resolved ? **resolved : std::string();
        if (!real.empty() && std::ranges::find(all, real) == all.end()) all.push_back(real);
    };
    for (const EngineProcess& process : engines.processes) add(process.executable);
    for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/"}) {
        for (const char* leaf : {"dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v1",
                                 "containerd-shim-runc-v2", "runc", "crun"})
            add(std::string(folder) + leaf);
    }
    return all;
}

}  // namespace plimsoll::posture
