#pragma once

#include <array>

#include "model/field.h"

namespace plimsoll::model {

inline constexpr std::uint8_t kEverywhere = from_posture | from_engine_event | from_kernel | from_audit_record;

/// The container that something belongs to. The first group has Falco's names and meaning; the rest is what the audit reads
/// beyond it, from inspect data (running or not) and, where a process lives, from the kernel.
inline constexpr std::array kContainerFields = {
    // Falco's
    Field{"container.id", Type::string, false, Arg::none, kEverywhere, "First twelve characters of the id; `host` for the host itself."},
    Field{"container.full_id", Type::string, false, Arg::none, kEverywhere, "The whole id."},
    Field{"container.name", Type::string, false, Arg::none, kEverywhere, "Name without the leading slash."},
    Field{"container.image", Type::string, false, Arg::none, kEverywhere, "Image as the container was created from: repository:tag or digest."},
    Field{"container.image.id", Type::string, false, Arg::none, kEverywhere, "Image id without `sha256:`."},
    Field{"container.type", Type::string, false, Arg::none, kEverywhere, "docker, podman, containerd, …"},
    Field{"container.privileged", Type::boolean, false, Arg::none, kEverywhere, "Started with --privileged."},
    Field{"container.mounts", Type::string, false, Arg::none, kEverywhere, "All mounts, as source:destination:mode:writable:propagation, blank between."},
    Field{"container.mount", Type::string, false, Arg::key_required, kEverywhere, "One mount by number or by source (globs allowed)."},
    Field{"container.mount.source", Type::string, false, Arg::key_required, kEverywhere, "Source of a mount, by number or destination."},
    Field{"container.mount.dest", Type::string, false, Arg::key_required, kEverywhere, "Destination of a mount, by number or source."},
    Field{"container.mount.mode", Type::string, false, Arg::key_required, kEverywhere, "Mode of a mount, by number or source."},
    Field{"container.mount.rdwr", Type::string, false, Arg::key_required, kEverywhere, "`true` when writable, by number or source."},
    Field{"container.mount.propagation", Type::string, false, Arg::key_required, kEverywhere, "Propagation of a mount, by number or source."},
    Field{"container.image.repository", Type::string, false, Arg::none, kEverywhere, "Image name without tag and digest, registry included."},
    Field{"container.image.tag", Type::string, false, Arg::none, kEverywhere, "Tag; absent when the image was named by digest alone."},
    Field{"container.image.digest", Type::string, false, Arg::none, kEverywhere, "Registry digest, sha256:…; absent when the image never came from a registry."},
    Field{"container.healthcheck", Type::string, false, Arg::none, kEverywhere, "Health check command; absent when there is none or it is disabled."},
    Field{"container.liveness_probe", Type::string, false, Arg::none, from_kernel | from_plugin, "Kubernetes liveness probe."},
    Field{"container.readiness_probe", Type::string, false, Arg::none, from_kernel | from_plugin, "Kubernetes readiness probe."},
    Field{"container.start_ts", Type::time, false, Arg::none, kEverywhere, "When it was last started."},
    Field{"container.duration", Type::duration, false, Arg::none, kEverywhere, "Time since it was last started."},
    Field{"container.ip", Type::string, false, Arg::none, kEverywhere, "First address of the container."},
    Field{"container.cni.json", Type::string, false, Arg::none, from_kernel | from_plugin, "CNI result of the pod."},
    Field{"container.host_pid", Type::boolean, false, Arg::none, kEverywhere, "Shares the host's pid namespace."},
    Field{"container.host_network", Type::boolean, false, Arg::none, kEverywhere, "Shares the host's network namespace."},
    Field{"container.host_ipc", Type::boolean, false, Arg::none, kEverywhere, "Shares the host's IPC namespace."},
    Field{"container.label", Type::string, false, Arg::key_or_suffix, kEverywhere, "Value of the label named in brackets."},
    Field{"container.labels", Type::string, false, Arg::none, kEverywhere, "All labels, key:value, comma between."},

    // State
    Field{"container.state", Type::string, false, Arg::none, from_posture, "created, running, paused, restarting, removing, exited or dead."},
    Field{"container.running", Type::boolean, false, Arg::none, from_posture, "Has processes: running, paused or restarting."},
    Field{"container.age_days", Type::int64, false, Arg::none, from_posture, "Whole days since it was created."},
    Field{"container.stopped_days", Type::int64, false, Arg::none, from_posture, "Whole days since it stopped, or since creation when it never ran; absent while it runs."},
    Field{"container.exit_code", Type::int64, false, Arg::none, from_posture, "Exit code of the last run; absent while it runs and when it never ran."},
    Field{"container.oom_killed", Type::boolean, false, Arg::none, from_posture, "The kernel killed it for memory in its last run, or its cgroup counts OOM kills."},
    Field{"container.error", Type::string, false, Arg::none, from_posture, "The engine's error for the last start; absent when there was none."},
    Field{"container.auto_remove", Type::boolean, false, Arg::none, from_posture, "Removed by the engine when it ends."},
    Field{"container.restart.policy", Type::string, false, Arg::none, from_posture, "no, on-failure, always or unless-stopped."},
    Field{"container.restart.max_retries", Type::int64, false, Arg::none, from_posture, "Retries allowed by on-failure; 0 is no limit."},
    Field{"container.restart.count", Type::int64, false, Arg::none, from_posture, "How often the engine restarted it."},
    Field{"container.restart.per_hour", Type::f64, false, Arg::none, from_posture, "Restarts per hour since creation, over at least one hour."},
    Field{"container.health.status", Type::string, false, Arg::none, from_posture, "starting, healthy or unhealthy; absent without a health check."},
    Field{"container.compose.project", Type::string, false, Arg::none, kEverywhere, "Compose project, from its label."},
    Field{"container.compose.service", Type::string, false, Arg::none, kEverywhere, "Compose service, from its label."},
    Field{"container.swarm.service", Type::string, false, Arg::none, kEverywhere, "Swarm service, from its label."},
    Field{"container.runtime", Type::string, false, Arg::none, from_posture, "OCI runtime that runs it."},
    Field{"container.init", Type::boolean, false, Arg::none, from_posture, "Has the engine's init as process 1."},
    Field{"container.tty", Type::boolean, false, Arg::none, from_posture, "Has a terminal."},

    // Who it runs as
    Field{"container.user", Type::string, false, Arg::none, from_posture, "User as configured, image default included; empty text means root."},
    Field{"container.user.uid", Type::int64, false, Arg::none, from_posture, "Uid inside the container: of the live first process, else the configured number; unknown when it is a name and no process lives."},
    Field{"container.user.root", Type::boolean, false, Arg::none, from_posture, "Runs as uid 0 inside, whatever the spelling: empty, root, 0, 00, 0:0, root:root."},
    Field{"container.user.host_uid", Type::int64, false, Arg::none, from_posture, "Uid of the first process as the host sees it, after user namespaces; absent when not running."},
    Field{"container.group.root", Type::boolean, false, Arg::none, from_posture, "Primary group is 0 or group 0 is among the additional groups, for a user other than root."},
    Field{"container.groups", Type::string, true, Arg::none, from_posture, "Additional groups as configured."},
    Field{"container.userns.remapped", Type::boolean, false, Arg::none, from_posture, "Uid 0 inside is another uid outside."},

    // What it may do
    Field{"container.caps", Type::string, true, Arg::none, from_posture, "Capabilities its processes can hold: default set, plus added, less dropped; all when privileged. CAP_ prefix."},
    Field{"container.caps.added", Type::string, true, Arg::none, from_posture, "Capabilities given with --cap-add, also those that the default set holds; ALL stands for all."},
    Field{"container.caps.dropped_all", Type::boolean, false, Arg::none, from_posture, "ALL was dropped (others may have been added back)."},
    Field{"container.caps.live", Type::string, true, Arg::none, from_posture, "Bounding set of the live first process, from the kernel; absent when not running."},
    Field{"container.seccomp", Type::string, false, Arg::none, from_posture, "default, unconfined or custom."},
    Field{"container.seccomp.live", Type::uint64, false, Arg::none, from_posture, "Seccomp mode of the live first process: 0 off, 1 strict, 2 filter; absent when not running."},
    Field{"container.seccomp.permissive", Type::boolean, false, Arg::none, from_posture, "A custom profile that allows by default, or allows nearly everything; absent without a custom profile."},
    Field{"container.seccomp.dangerous", Type::string, true, Arg::none, from_posture, "Dangerous system calls that a custom profile allows without condition."},
    Field{"container.apparmor", Type::string, false, Arg::none, from_posture, "AppArmor profile in force; unconfined or empty when none."},
    Field{"container.selinux.disabled", Type::boolean, false, Arg::none, from_posture, "SELinux separation switched off by label=disable or a spc_t type."},
    Field{"container.no_new_privileges", Type::boolean, false, Arg::none, from_posture, "no_new_privs in force: of the live process, else option or daemon default; `no-new-privileges:false` is false."},
    Field{"container.paths.unmasked", Type::boolean, false, Arg::none, from_posture, "The engine's masked or read-only /proc and /sys paths were lifted, fully or in part."},
    Field{"container.paths.missing", Type::string, true, Arg::none, from_posture, "Default masked or read-only paths that are not protected."},
    Field{"container.rootfs.readonly", Type::boolean, false, Arg::none, from_posture, "Root file system is read-only."},
    Field{"container.devices", Type::string, true, Arg::none, from_posture, "Host devices given, by host path."},
    Field{"container.device_requests", Type::string, true, Arg::none, from_posture, "Device requests (GPUs), driver:capabilities."},
    Field{"container.sysctls", Type::string, true, Arg::none, from_posture, "Kernel settings given, name=value."},
    Field{"container.annotations", Type::string, true, Arg::none, from_posture, "OCI annotations given, name=value."},

    // Namespaces
    Field{"container.ns.pid", Type::string, false, Arg::none, from_posture, "private, host or container:NAME."},
    Field{"container.ns.ipc", Type::string, false, Arg::none, from_posture, "private, shareable, none, host or container:NAME."},
    Field{"container.ns.network", Type::string, false, Arg::none, from_posture, "Network mode: bridge, none, host, container:NAME or a network's name."},
    Field{"container.ns.uts", Type::string, false, Arg::none, from_posture, "private or host."},
    Field{"container.ns.user", Type::string, false, Arg::none, from_posture, "host when switched off for this container, else private or default."},
    Field{"container.ns.cgroup", Type::string, false, Arg::none, from_posture, "private or host."},
    Field{"container.ns.host_live", Type::string, true, Arg::none, from_posture, "Namespaces of the live first process that are the host's own, from the kernel."},
    Field{"container.networks", Type::string, true, Arg::none, from_posture, "Networks it is joined to."},
    Field{"container.network.default_bridge", Type::boolean, false, Arg::none, from_posture, "Joined to the engine's default bridge."},
    Field{"container.links", Type::string, true, Arg::none, from_posture, "Legacy links."},
    Field{"container.volumes_from", Type::string, true, Arg::none, from_posture, "Containers whose volumes it takes."},

    // Limits
    Field{"container.memory.limited", Type::boolean, false, Arg::none, from_posture, "Has a hard memory limit."},
    Field{"container.memory.limit", Type::uint64, false, Arg::none, from_posture, "Hard memory limit in bytes; absent without one."},
    Field{"container.swap.unlimited", Type::boolean, false, Arg::none, from_posture, "May use all swap of the host."},
    Field{"container.cpu.limited", Type::boolean, false, Arg::none, from_posture, "Has a CPU limit in any form: quota, nano CPUs, realtime, cpuset or a share below or above the default."},
    Field{"container.pids.limited", Type::boolean, false, Arg::none, from_posture, "Has a process limit."},
    Field{"container.pids.limit", Type::int64, false, Arg::none, from_posture, "Process limit; absent without one."},
    Field{"container.ulimits", Type::string, true, Arg::none, from_posture, "Ulimits of its own, name=soft:hard."},
    Field{"container.oom.kill_disabled", Type::boolean, false, Arg::none, from_posture, "The OOM killer is switched off for it."},
    Field{"container.oom.score_adj", Type::int64, false, Arg::none, from_posture, "OOM score adjustment."},
    Field{"container.cgroup.parent", Type::string, false, Arg::none, from_posture, "Cgroup parent of its own; empty for the default."},
    Field{"container.storage.limited", Type::boolean, false, Arg::none, from_posture, "Its writable layer has a size limit."},
    Field{"container.shm_size", Type::uint64, false, Arg::none, from_posture, "Size of /dev/shm in bytes."},

    // Logs
    Field{"container.log.driver", Type::string, false, Arg::none, from_posture, "Log driver in force."},
    Field{"container.log.rotated", Type::boolean, false, Arg::none, from_posture, "Logs kept on this host are bounded in size; absent for drivers that keep none here."},

    // Image
    Field{"container.image.pinned", Type::boolean, false, Arg::none, from_posture, "Created from a digest."},
    Field{"container.image.latest", Type::boolean, false, Arg::none, from_posture, "Created from the tag latest, named or implied."},
    Field{"container.image.moved", Type::boolean, false, Arg::none, from_posture, "The tag now names another image than the one running."},
    Field{"container.image.present", Type::boolean, false, Arg::none, from_posture, "Its image still exists on the host."},
    Field{"container.image.age_days", Type::int64, false, Arg::none, from_posture, "Whole days since its image was built; unknown when the image states none."},
    Field{"container.image.os.eol.passed", Type::boolean, false, Arg::none, from_posture, "Support of the distribution in its image has ended, long-term support included; absent when the image has none."},

    // What runs and listens
    Field{"container.process.count", Type::uint64, false, Arg::none, from_posture, "Processes in its pid cgroup; absent when not running."},
    Field{"container.process.services", Type::string, true, Arg::none, from_posture, "Processes that belong to a whole system: init, sshd, cron, syslog, udev, dbus, …"},
    Field{"container.process.full_os", Type::boolean, false, Arg::none, from_posture, "Looks like a whole operating system: an init system or at least two system services."},
    Field{"container.ports.published", Type::uint64, false, Arg::none, from_posture, "Ports published on the host."},
    Field{"container.ports.exposed_wildcard", Type::boolean, false, Arg::none, from_posture, "A port is published on all addresses of the host, in IPv4 or IPv6, or the host's network is shared."},
    Field{"container.ports.all", Type::boolean, false, Arg::none, from_posture, "Publishes every exposed port (-P)."},
    Field{"container.mounts.sockets", Type::string, true, Arg::none, from_posture, "Engine sockets that its mounts reach: docker, containerd, podman, crio."},
    Field{"container.mounts.reach", Type::string, true, Arg::none, from_posture, "All that its mounts reach on the host; the words of mount.reaches."},
    Field{"container.mounts.reach_writable", Type::string, true, Arg::none, from_posture, "The same, for writable mounts only."},
    Field{"container.origin", Type::string, false, Arg::none, from_posture, "engine, or the compose file that it was read from."},
};

}  // namespace plimsoll::model
