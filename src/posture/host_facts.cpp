#include "posture/host_facts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "host/accounts.h"
#include "host/audit_netlink.h"
#include "host/firewall.h"
#include "host/kernel.h"
#include "host/os_release.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

/// Settings of the kernel that decide how much a container can learn, reach or break.
constexpr std::array<std::string_view, 27> kSysctls = {"kernel.kptr_restrict",
                                                       "kernel.dmesg_restrict",
                                                       "kernel.unprivileged_bpf_disabled",
                                                       "kernel.yama.ptrace_scope",
                                                       "kernel.unprivileged_userns_clone",
                                                       "kernel.perf_event_paranoid",
                                                       "kernel.randomize_va_space",
                                                       "kernel.kexec_load_disabled",
                                                       "kernel.modules_disabled",
                                                       "kernel.core_pattern",
                                                       "kernel.sysrq",
                                                       "kernel.panic_on_oops",
                                                       "kernel.io_uring_disabled",
                                                       "kernel.apparmor_restrict_unprivileged_userns",
                                                       "net.core.bpf_jit_harden",
                                                       "net.ipv4.ip_forward",
                                                       "net.ipv6.conf.all.forwarding",
                                                       "net.bridge.bridge-nf-call-iptables",
                                                       "net.bridge.bridge-nf-call-ip6tables",
                                                       "net.ipv4.conf.all.rp_filter",
                                                       "net.ipv4.conf.all.route_localnet",
                                                       "net.ipv4.tcp_syncookies",
                                                       "fs.protected_symlinks",
                                                       "fs.protected_hardlinks",
                                                       "fs.suid_dumpable",
                                                       "user.max_user_namespaces",
                                                       "vm.unprivileged_userfaultfd"};

void gather_system(const host::Root& root, Facts& out) {
    if (const auto release = host::read_os_release(root); release && *release) {
        out.set("host.os.id", (*release)->id, "/etc/os-release");
        out.set("host.os.version", (*release)->version_id, "/etc/os-release");
    } else {
        const std::string reason = release ? "there is no os-release file" : release.error().message;
        out.unknown("host.os.id", reason);
        out.unknown("host.os.version", reason);
    }
    if (const auto kernel = host::kernel_release(root))
        out.set("host.kernel", *kernel, "/proc/sys/kernel/osrelease");
    else
        out.unknown("host.kernel", kernel.error().message);

    const auto arguments = host::kernel_command_line(root);
    if (arguments) {
        std::string all;
        for (const std::string& argument : *arguments) all += (all.empty() ? "" : " ") + argument;
        out.set("host.kernel.cmdline", all, "/proc/cmdline");
        const bool on = std::ranges::find(*arguments, "audit=1") != arguments->end() ||
                        std::ranges::find(*arguments, "audit=on") != arguments->end();
        out.set("host.audit.from_boot", on, "/proc/cmdline");
    } else {
        out.unknown("host.kernel.cmdline", arguments.error().message);
        out.unknown("host.audit.from_boot", arguments.error().message);
    }

    const auto unified = host::file_facts(root, "/sys/fs/cgroup/cgroup.controllers");
    if (unified)
        out.set_number("host.cgroup.version", *unified ? 2 : 1, "/sys/fs/cgroup");
    else
        out.unknown("host.cgroup.version", unified.error().message);

    const auto reboot = host::reboot_request(root);
    if (reboot)
        out.set("host.reboot_required", reboot->has_value(), "/run/reboot-required");
    else
        out.unknown("host.reboot_required", reboot.error().message);

    const auto clock = host::clock_state();
    if (clock)
        out.set("host.clock.synchronised", clock->synchronised, "adjtimex");
    else
        out.unknown("host.clock.synchronised", clock.error().message);
}

void gather_kernel_security(const host::Root& root, Facts& out) {
    if (const auto modules = host::security_modules(root)) {
        const char* at = modules->exact ? "/sys/kernel/security/lsm" : "traces of security modules";
        out.set_list("host.lsm", modules->active, at);
        out.set("host.apparmor.enabled", modules->apparmor, at);
        out.set("host.selinux.enabled", modules->selinux, at);
        if (!modules->selinux)
            out.set("host.selinux.enforcing", false, at);
        else if (modules->selinux_enforcing)
            out.set("host.selinux.enforcing", *modules->selinux_enforcing, "/sys/fs/selinux/enforce");
        else
            out.unknown("host.selinux.enforcing", "selinuxfs is not mounted");
    } else {
        for (const FieldKey field : {FieldKey("host.lsm"), FieldKey("host.apparmor.enabled"),
                                     FieldKey("host.selinux.enabled"), FieldKey("host.selinux.enforcing")}) {
            out.unknown(field, modules.error().message);
        }
    }
    out.absent("host.sysctl", "/proc/sys");
    for (const std::string_view name : kSysctls) {
        if (const auto value = host::sysctl(root, name); value && *value)
            out.set_keyed("host.sysctl", name, **value, "/proc/sys");
    }
    const auto flaws = host::cpu_vulnerabilities(root);
    if (flaws && *flaws) {
        std::vector<std::string> open;
        for (const auto& flaw : **flaws) {
            if (flaw.vulnerable) open.push_back(flaw.name);
        }
        out.set_list("host.cpu.vulnerable", open, "/sys/devices/system/cpu/vulnerabilities");
    } else {
        out.unknown("host.cpu.vulnerable",
                    flaws ? "the kernel does not report processor flaws" : flaws.error().message);
    }
}

void gather_audit(Facts& out) {
    const auto status = host::audit_status();
    if (!status) {
        for (const FieldKey field :
             {FieldKey("host.audit.enabled"), FieldKey("host.audit.immutable"), FieldKey("host.audit.daemon"),
              FieldKey("host.audit.backlog_limit"), FieldKey("host.audit.lost")}) {
            out.unknown(field, status.error().message);
        }
    } else {
        const char* at = "audit netlink";
        out.set("host.audit.enabled", status->enabled != 0, at);
        out.set("host.audit.immutable", status->enabled == 2, at);
        out.set("host.audit.daemon", status->daemon_pid != 0, at);
        out.set_number("host.audit.backlog_limit", status->backlog_limit, at);
        out.set_number("host.audit.lost", status->lost, at);
    }
}

void gather_accounts(const host::Root& root, Facts& out) {
    const auto accounts = host::read_accounts(root);
    if (!accounts) {
        out.unknown("host.docker_group.exists", accounts.error().message);
        out.unknown("host.docker_group.members", accounts.error().message);
        return;
    }
    const host::Group* docker = accounts->group("docker");
    out.set("host.docker_group.exists", docker != nullptr, "/etc/group");
    if (docker == nullptr) {
        out.set_list("host.docker_group.members", {}, "/etc/group");
        return;
    }
    std::vector<std::string> members = accounts->members_of(docker->gid);
    std::erase(members, "root");
    out.set_list("host.docker_group.members", members, "/etc/group, /etc/passwd");
}

void gather_firewall(const host::Root& root, Facts& out) {
    const host::Firewall firewall = host::read_firewall(root);
    if (!firewall.unreadable.empty()) {
        for (const FieldKey field :
             {FieldKey("host.firewall.backends"), FieldKey("host.firewall.rules"),
              FieldKey("host.firewall.docker_chains"), FieldKey("host.firewall.docker_user_rules"),
              FieldKey("host.firewall.forward_drop")}) {
            out.unknown(field, firewall.unreadable.front());
        }
        return;
    }
    std::size_t rules = 0;
    std::size_t user_rules = 0;
    bool drops = false;
    std::set<std::string> backends;
    std::set<std::string> chains;
    for (const host::FirewallTable& table : firewall.tables) {
        for (const host::FirewallChain& chain : table.chains) {
            rules += chain.rules;
            if (chain.rules > 0)
                backends.emplace(table.backend == host::FirewallBackend::nftables ? "nftables"
                                 : table.family == "ip6"                          ? "ip6tables-legacy"
                                                                                  : "iptables-legacy");
            if (chain.name.starts_with("DOCKER")) chains.insert(chain.name);
            // The engine itself leaves one RETURN in the chain that it makes for the administrator.
            if (chain.name == "DOCKER-USER" && chain.rules > 1) user_rules = std::max(user_rules, chain.rules - 1);
            if (chain.hook == "forward" && table.family != "ip6" && chain.policy == "drop") drops = true;
        }
    }
    const char* at = "netlink, getsockopt";
    out.set_list("host.firewall.backends", {backends.begin(), backends.end()}, at);
    out.set_number("host.firewall.rules", static_cast<std::int64_t>(rules), at);
    out.set_list("host.firewall.docker_chains", {chains.begin(), chains.end()}, at);
    out.set_number("host.firewall.docker_user_rules", static_cast<std::int64_t>(user_rules), at);
    out.set("host.firewall.forward_drop", drops, at);
}

}  // namespace

void gather_host(const host::Root& root, Inventory& inventory) {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    inventory.host_name = name.data();
    Facts& out = inventory.store.add(model::SubjectKind::host, inventory.host_name, inventory.host_name, nullptr);
    inventory.host = &out;
    out.set("host.name", inventory.host_name, "gethostname");
    gather_system(root, out);
    gather_kernel_security(root, out);
    gather_audit(out);
    gather_accounts(root, out);
    gather_firewall(root, out);
}

void add_component(std::string_view name, std::string_view version, std::string_view origin, const LifeCycles& cycles,
                   Nanoseconds now, Inventory& inventory) {
    Facts& out =
        inventory.store.add(model::SubjectKind::component, name, fmt::format("{} {}", name, version), inventory.host);
    out.set("component.name", name, origin);
    out.set("component.version", version, origin);
    const char* data = "life-cycle data";
    const Cycle* cycle = cycles.find(name, version);
    if (cycle == nullptr) {
        const std::string reason = fmt::format("the shipped life-cycle data does not know {} {}", name, version);
        for (const FieldKey field :
             {FieldKey("component.cycle"), FieldKey("component.eol"), FieldKey("component.eol.passed"),
              FieldKey("component.eol.days"), FieldKey("component.standard_ended"), FieldKey("component.latest"),
              FieldKey("component.outdated")}) {
            out.unknown(field, reason);
        }
        return;
    }
    out.set("component.cycle", cycle->cycle, data);
    if (cycle->end) {
        out.set("component.eol", to_date(*cycle->end), data);
        out.set_number("component.eol.days", (*cycle->end - now) / kDay, data);
    } else {
        out.absent("component.eol", data);
        out.absent("component.eol.days", data);
    }
    out.set("component.eol.passed", cycle->end && *cycle->end < now, data);
    out.set("component.standard_ended", cycle->standard_end && *cycle->standard_end < now, data);
    out.set("component.latest", cycle->latest, data);
    // Distributions patch a version without raising its number, so an engine of theirs cannot be called outdated by it.
    const bool patched_by_distribution =
        version.find("dfsg") != std::string_view::npos || version.find("~ds") != std::string_view::npos ||
        version.find("+ds") != std::string_view::npos || version.find("ubuntu") != std::string_view::npos ||
        version.find(".el") != std::string_view::npos || version.find(".fc") != std::string_view::npos;
    if (version == cycle->cycle)
        out.absent("component.outdated", "only its release cycle is known");
    else if (patched_by_distribution)
        out.absent("component.outdated", "the distribution patches this version without a new number");
    else
        out.set("component.outdated", compare_versions(version, cycle->latest) < 0, data);
}

}  // namespace plimsoll::posture
