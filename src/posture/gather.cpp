#include "posture/gather.h"

#include <algorithm>
#include <optional>

#include "posture/daemon_facts.h"
#include "posture/engine_audit.h"
#include "posture/engine_host.h"
#include "posture/host_facts.h"

namespace plimsoll::posture {

namespace {

using model::FieldKey;

/// Distributions keep an old number and patch it: only a kernel of kernel.org itself can be judged by its number.
bool is_vanilla_kernel(std::string_view release) {
    for (const char* mark : {"-amd64", "-arm64", "-generic", "-cloud", "-aws", "-azure", "-gcp", ".el", ".fc", ".amzn",
                             "-default", "-lts", "-arch", "-pve"}) {
        if (release.find(mark) != std::string_view::npos) return false;
    }
    return true;
}

void add_system_components(const LifeCycles& cycles, Nanoseconds now, Inventory& inventory) {
    const std::string_view id = inventory.host->text("host.os.id");
    if (!id.empty())
        add_component(id, inventory.host->text("host.os.version"), "/etc/os-release", cycles, now, inventory);
    const std::string_view kernel = inventory.host->text("host.kernel");
    if (!kernel.empty() && is_vanilla_kernel(kernel))
        add_component("linux-kernel", kernel, "/proc/sys/kernel/osrelease", cycles, now, inventory);
}

/// Sockets of daemons that were not audited themselves belong to the host, and speak TLS as their own process was told.
void gather_other_listeners(const EngineHost& engines, const EngineTotals& totals, const host::Root& root,
                            Inventory& inventory) {
    for (const EngineProcess& process : engines.processes) {
        if (totals.judged_processes.contains(process.pid)) continue;
        std::optional<DaemonSettings> settings;
        if (process.kind == "docker") {
            settings = read_daemon_settings(process.command_line, "/etc/docker/daemon.json", "",
                                            [&](const std::string& path) { return host::read_if_exists(root, path); });
        }
        gather_listeners(engines, process, settings ? &*settings : nullptr, root, inventory, *inventory.host);
    }
}

}  // namespace

Inventory gather(const GatherOptions& options, const LifeCycles& cycles) {
    Inventory inventory;
    gather_host(options.root, inventory);
    add_system_components(cycles, options.now, inventory);
    const EngineHost engines = look_for_engines(options.root);
    inventory.problems.insert(inventory.problems.end(), engines.problems.begin(), engines.problems.end());

    EngineTotals totals;
    for (const host::Endpoint& endpoint : options.endpoints)
        audit_engine(endpoint, options, cycles, engines, inventory, totals);
    gather_other_listeners(engines, totals, options.root, inventory);
    totals.write(*inventory.host, options.root);
    if (!totals.files_gathered) gather_files(options.root, nullptr, engine_binaries(engines, options.root), inventory);
    return inventory;
}

}  // namespace plimsoll::posture
