#include "posture/live_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "host/accounts.h"
#include "host/capability.h"
#include "host/cgroup.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

constexpr std::size_t kMostProcesses = 4096;

struct Service {
    std::string_view program;
    std::string_view name;
};

/// Programs of a whole system that a container with one task has no use for.
constexpr std::array kServices = {
    Service{"systemd", "init"},
    Service{"init", "init"},
    Service{"upstart", "init"},
    Service{"openrc-init", "init"},
    Service{"runit", "init"},
    Service{"sshd", "sshd"},
    Service{"dropbear", "sshd"},
    Service{"cron", "cron"},
    Service{"crond", "cron"},
    Service{"anacron", "cron"},
    Service{"atd", "cron"},
    Service{"rsyslogd", "syslog"},
    Service{"syslogd", "syslog"},
    Service{"syslog-ng", "syslog"},
    Service{"klogd", "syslog"},
    Service{"systemd-journald", "syslog"},
    Service{"systemd-journal", "syslog"},
    Service{"udevd", "udev"},
    Service{"systemd-udevd", "udev"},
    Service{"dbus-daemon", "dbus"},
    Service{"dbus-broker", "dbus"},
    Service{"agetty", "getty"},
    Service{"getty", "getty"},
    Service{"mingetty", "getty"},
    Service{"telnetd", "telnet"},
    Service{"in.telnetd", "telnet"},
    Service{"vsftpd", "ftp"},
    Service{"proftpd", "ftp"},
    Service{"systemd-logind", "init"},
    Service{"xinetd", "inetd"},
    Service{"inetd", "inetd"},
};

std::string_view service_of(std::string_view name, std::string_view executable) {
    const std::string_view leaf = executable.substr(executable.rfind('/') + 1);
    for (const Service& service : kServices) {
        // A busybox applet has only its command name; "init" of an engine (docker-init, catatonit) is none of these.
        if (leaf == service.program || name == service.program) return service.name;
    }
    return {};
}

std::optional<std::int64_t> inside(std::uint32_t outside, const std::vector<host::IdRange>& map) {
    for (const host::IdRange& range : map) {
        if (outside >= range.outside && outside - range.outside < range.count)
            return range.inside + (outside - range.outside);
    }
    return std::nullopt;
}

void set_identity(const host::Process& process, const std::string& at, Facts& out) {
    const auto& status = *process.status;
    const std::uint32_t host_uid = status.uids[1];
    out.set_number("container.user.host_uid", host_uid, at);
    if (!process.id_maps) return;
    const auto uid = inside(host_uid, process.id_maps->uids);
    if (uid) {
        out.set_number("container.user.uid", *uid, at + ", uid_map");
        out.set("container.user.root", *uid == 0, at + ", uid_map");
        const auto is_root_group = [&](std::uint32_t gid) { return inside(gid, process.id_maps->gids) == 0; };
        const bool root_group = is_root_group(status.gids[1]) || std::ranges::any_of(status.groups, is_root_group);
        out.set("container.group.root", *uid != 0 && root_group, at + ", gid_map");
    }
    const auto root_outside = std::ranges::find(process.id_maps->uids, 0U, &host::IdRange::inside);
    if (root_outside != process.id_maps->uids.end())
        out.set("container.userns.remapped", root_outside->outside != 0, "uid_map of the live process");
}

/// Numbers of groups are the kernel's, so they are the host's whatever the user namespace shows inside.
void set_groups(const LiveContext& context, const host::Process& process, const std::string& at, Facts& out) {
    std::set<std::string> names;
    const auto add = [&](std::uint32_t gid) {
        const auto found = context.groups.find(gid);
        if (gid != 0 && found != context.groups.end()) names.insert(found->second);
    };
    add(process.status->gids[1]);
    for (const std::uint32_t gid : process.status->groups) add(gid);
    out.set_list("container.groups.host", {names.begin(), names.end()}, at + ", /etc/group");
}

void set_confinement(const host::Process& process, const std::string& at, Facts& out) {
    const auto& status = *process.status;
    out.set_list("container.caps.live", host::capability_names(status.bounding), at);
    if (status.seccomp) out.set_number("container.seccomp.live", *status.seccomp, at);
    if (status.seccomp == 0U && out.text("container.seccomp") != "unconfined")
        out.set("container.seccomp", "unconfined", at);
    if (status.no_new_privileges) out.set("container.no_new_privileges", *status.no_new_privileges, at);
    if (process.label && !out.text("container.apparmor").empty()) {
        const std::string_view label = *process.label;
        out.set("container.apparmor", label.substr(0, label.find(" (")), "attr/current of the live process");
    }
}

void set_namespaces(const host::Process& process, const host::Namespaces& own, Facts& out) {
    if (!process.namespaces) return;
    const host::Namespaces& its = *process.namespaces;
    std::vector<std::string> shared;
    const auto compare = [&](std::uint64_t a, std::uint64_t b, const char* name) {
        if (a != 0 && a == b) shared.emplace_back(name);
    };
    compare(its.cgroup, own.cgroup, "cgroup");
    compare(its.ipc, own.ipc, "ipc");
    compare(its.mount, own.mount, "mount");
    compare(its.network, own.network, "network");
    compare(its.pid, own.pid, "pid");
    compare(its.user, own.user, "user");
    compare(its.uts, own.uts, "uts");
    out.set_list("container.ns.host_live", shared, "ns links of the live process");
}

void add_process(const host::Root& root, int pid, const host::Process& first, model::FactStore& store,
                 const Facts& container, std::set<std::string>& services) {
    const auto read = host::read_process(root, pid, host::kStatus | host::kExecutable);
    if (!read || !*read || !(*read)->status) return;  // ended meanwhile
    const host::Process& process = **read;
    const std::string at = fmt::format("/proc/{}/status", pid);
    const std::string executable = process.executable.value_or("");
    Facts& out = store.add(model::SubjectKind::process, std::to_string(pid),
                           fmt::format("{} ({})", process.status->name, pid), &container);
    const std::uint32_t uid = process.status->uids[1];
    out.set_number("process.pid", pid, at);
    out.set("process.name", process.status->name, at);
    if (process.executable)
        out.set("process.exe", executable, fmt::format("/proc/{}/exe", pid));
    else
        out.unknown("process.exe", "its executable cannot be read");
    out.set_number("process.uid", uid, at);
    const std::int64_t mapped = first.id_maps ? inside(uid, first.id_maps->uids).value_or(-1) : -1;
    out.set("process.root", mapped == 0, at);
    out.set("process.host_user_ns", mapped == 0 && uid == 0, at);
    out.set_list("process.caps", host::capability_names(process.status->effective), at);
    out.set("process.deleted", executable.ends_with(" (deleted)"), fmt::format("/proc/{}/exe", pid));
    const std::string_view service = service_of(process.status->name, executable);
    if (service.empty()) {
        out.absent("process.service", at);
    } else {
        out.set("process.service", service, at);
        services.emplace(service);
    }
}

void set_processes_unknown(std::string_view reason, Facts& out) {
    for (const FieldKey field : {FieldKey("container.process.count"), FieldKey("container.process.services"),
                                 FieldKey("container.process.full_os")}) {
        out.unknown(field, reason);
    }
}

}  // namespace

LiveContext LiveContext::of_host(const host::Root& root) {
    LiveContext context{.root = root};
    if (const auto first = host::read_process(root, 1, host::kNamespaces); first && *first && (*first)->namespaces)
        context.own = *(*first)->namespaces;
    if (const auto mounts = host::read_mounts(root); mounts && *mounts)
        context.cgroups = host::cgroup_hierarchies(**mounts);
    if (const auto accounts = host::read_accounts(root)) {
        for (const host::Group& group : accounts->groups) context.groups.emplace(group.gid, group.name);
    }
    return context;
}

void add_live_facts(const LiveContext& context, int pid, model::FactStore& store, Facts& container) {
    const host::Root& root = context.root;
    const auto read = host::read_process(
        root, pid, host::kStatus | host::kNamespaces | host::kIdMaps | host::kLabel | host::kCgroups);
    if (!read || !*read || !(*read)->status) {
        const std::string reason =
            read ? fmt::format("process {} ended while it was being read", pid) : read.error().message;
        for (const FieldKey field : {FieldKey("container.caps.live"), FieldKey("container.seccomp.live"),
                                     FieldKey("container.ns.host_live"), FieldKey("container.user.host_uid")}) {
            container.unknown(field, reason);
        }
        set_processes_unknown(reason, container);
        return;
    }
    const host::Process& first = **read;
    const std::string at = fmt::format("/proc/{}/status", pid);
    set_identity(first, at, container);
    set_groups(context, first, at, container);
    set_confinement(first, at, container);
    set_namespaces(first, context.own, container);

    const auto memberships = first.cgroups.value_or(std::vector<host::CgroupMembership>());
    const auto limits = host::read_cgroup_limits(root, context.cgroups, memberships);
    if (limits.oom_kills && *limits.oom_kills > 0)
        container.set("container.oom_killed", true, "memory cgroup of the live process");

    const auto place = host::deepest_cgroup_place(context.cgroups, memberships);
    if (!place) return set_processes_unknown("its cgroup is not mounted where it could be read", container);
    const auto pids = host::cgroup_processes(root, place->directory, kMostProcesses);
    if (!pids) return set_processes_unknown(pids.error().message, container);
    if (!*pids) return set_processes_unknown("its cgroup vanished while it was being read", container);
    std::set<std::string> services;
    for (const pid_t each : **pids) add_process(root, each, first, store, container, services);
    container.set_number("container.process.count", static_cast<std::int64_t>((*pids)->size()), "cgroup.procs");
    container.set_list("container.process.services", {services.begin(), services.end()}, "cgroup.procs, /proc");
    container.set("container.process.full_os", services.contains("init") || services.size() >= 2,
                  "cgroup.procs, /proc");
}

void add_no_live_facts(Facts& container) {
    for (const FieldKey field : {FieldKey("container.process.count"), FieldKey("container.process.services"),
                                 FieldKey("container.process.full_os")}) {
        container.absent(field, "it does not run");
    }
}

}  // namespace plimsoll::posture
