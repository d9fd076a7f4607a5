// The container, and what its labels tell of Kubernetes: container, k8s.

#include <fnmatch.h>

#include <algorithm>
#include <iterator>

#include "host/number.h"
#include "model/image_name.h"
#include "sensor/fields.h"

namespace plimsoll::sensor {

namespace {

using model::Reading;

constexpr std::size_t kShortId = 12;
constexpr std::uint32_t kHostPidNamespace = 0xeffffffcU;  // PROC_PID_INIT_INO
constexpr std::string_view kCgroupUnknown = "its cgroup belongs to a container that is not known";
constexpr std::string_view kUntold = "no engine has told of it yet";
constexpr std::string_view kNotTold = "the engine's answer does not say";

bool on_host(const EventView& v) { return v.process != nullptr && !v.process->in_container; }

const Container* container(const EventView& v) { return v.process == nullptr ? nullptr : v.process->container.get(); }

/// What `tell` says of a container that an engine has told of.
template <typename Tell>
Reading told(EventView& v, Tell tell) {
    const Container* const one = container(v);
    return one != nullptr && one->known ? tell(*one) : without_container(v);
}

template <std::string Container::*Member>
Reading text(EventView& v, std::string_view) {
    return told(v, [&](const Container& c) { return v.text_if(c.*Member); });
}

Reading id(EventView& v, std::size_t size) {
    const bool of_cgroup = v.is(WIRE_CGROUP_MADE) || v.is(WIRE_CGROUP_GONE);
    if (of_cgroup && v.raw.has(WIRE_CONTAINER)) return v.text(v.raw.string(WIRE_CONTAINER).substr(0, size));
    if (on_host(v)) return size == kShortId ? v.text("host") : Reading::missing();
    const Container* const one = container(v);
    return one == nullptr ? without_container(v) : v.text(std::string_view(one->id).substr(0, size));
}

Reading name(EventView& v, std::string_view) {
    if (on_host(v)) return v.text("host");
    return told(v, [&](const Container& c) {
        return c.name.empty() && !c.unnamed.empty() ? Reading::cannot_know(c.unnamed) : v.text_if(c.name);
    });
}

enum class Part : std::uint8_t { repository, tag, digest };

Reading image(EventView& v, Part part) {
    return told(v, [&](const Container& c) {
        if (part == Part::digest && !c.image_digest.empty()) return v.text(c.image_digest);
        const model::ImageName split = model::parse_image_name(c.image);
        if (part == Part::digest)
            return split.by_id || split.digest.empty() ? Reading::missing() : v.kept(split.digest);
        const std::string& wanted = part == Part::tag ? split.tag : split.repository;
        return wanted.empty() ? Reading::missing() : v.kept(wanted);
    });
}

Reading image_id(EventView& v, std::string_view) {
    return told(v, [&](const Container& c) {
        constexpr std::string_view kDigest = "sha256:";
        std::string_view text = c.image_id;
        if (text.starts_with(kDigest)) text.remove_prefix(kDigest.size());
        return v.text_if(text);
    });
}

void append_mount(const ContainerMount& mount, std::string& out) {
    out.append(mount.source).append(":").append(mount.destination).append(":").append(mount.mode);
    out.append(mount.writable ? ":true:" : ":false:").append(mount.propagation);
}

Reading mounts(EventView& v, std::string_view) {
    return told(v, [&](const Container& c) {
        std::string& out = v.builder();
        for (const ContainerMount& mount : c.mounts) {
            if (!out.empty()) out += ' ';
            append_mount(mount, out);
        }
        return v.kept(out);
    });
}

bool matches(const std::string& pattern, const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

/// The mount of that number, or the first whose source (or destination, where that is asked by) matches.
template <typename Tell>
Reading mount(EventView& v, std::string_view arg, std::string ContainerMount::*by, Tell tell) {
    return told(v, [&](const Container& c) {
        if (const auto number = host::number<std::size_t>(arg))
            return *number < c.mounts.size() ? tell(c.mounts[*number]) : Reading::missing();
        const std::string pattern(arg);
        const auto found =
            std::ranges::find_if(c.mounts, [&](const ContainerMount& each) { return matches(pattern, each.*by); });
        return found == c.mounts.end() ? Reading::missing() : tell(*found);
    });
}

template <std::string ContainerMount::*Member, std::string ContainerMount::*By>
Reading mount_text(EventView& v, std::string_view arg) {
    return mount(v, arg, By, [&](const ContainerMount& each) { return v.text(each.*Member); });
}

const std::string* label(const Container& c, std::string_view wanted) {
    const auto found = std::ranges::find_if(c.labels, [&](const auto& each) { return each.first == wanted; });
    return found == c.labels.end() ? nullptr : &found->second;
}

Reading of_label(EventView& v, std::string_view wanted, std::size_t most = std::string_view::npos) {
    return told(v, [&](const Container& c) {
        const std::string* const found = label(c, wanted);
        return found == nullptr ? Reading::missing() : v.text(std::string_view(*found).substr(0, most));
    });
}

Reading labels(EventView& v, std::string_view) {
    return told(v, [&](const Container& c) {
        std::string& out = v.builder();
        for (const auto& [key, value] : c.labels) {
            if (!out.empty()) out += ',';
            out.append(key).append(":").append(value);
        }
        return out.empty() ? Reading::missing() : v.kept(out);
    });
}

Reading duration(EventView& v, std::string_view) {
    return told(v, [&](const Container& c) {
        if (c.started == 0) return Reading::missing();
        return v.number(static_cast<std::uint64_t>(std::max<std::int64_t>(v.time() - c.started, 0)));
    });
}

Reading host_pid(EventView& v, std::string_view) {
    if (v.process == nullptr || !v.process->in_container) return Reading::missing();
    if (!v.knows_task() || v.process->task.pid_namespace == 0) return Reading::cannot_know(kUnseen);
    return v.truth(v.process->task.pid_namespace == kHostPidNamespace);
}

Reading untold(EventView& v, std::string_view) {
    return told(v, [](const Container&) { return Reading::cannot_know(kNotTold); });
}

/// Falco's own, of pods' owners and services: it gives none either any more.
Reading none(EventView&, std::string_view) { return Reading::missing(); }

constexpr auto kRows = std::to_array<FieldRow>({
    {"container.id", [](EventView& v, std::string_view) { return id(v, kShortId); }},
    {"container.full_id", [](EventView& v, std::string_view) { return id(v, std::string_view::npos); }},
    {"container.name", name},
    {"container.image", text<&Container::image>},
    {"container.image.id", image_id},
    {"container.type", text<&Container::engine>},
    {"container.privileged",
     [](EventView& v, std::string_view) { return told(v, [&](const Container& c) { return v.truth(c.privileged); }); }},
    {"container.mounts", mounts},
    {"container.mount",
     [](EventView& v, std::string_view arg) {
         return mount(v, arg, &ContainerMount::source, [&](const ContainerMount& each) {
             std::string& out = v.builder();
             append_mount(each, out);
             return v.kept(out);
         });
     }},
    {"container.mount.source", mount_text<&ContainerMount::source, &ContainerMount::destination>},
    {"container.mount.dest", mount_text<&ContainerMount::destination, &ContainerMount::source>},
    {"container.mount.mode", mount_text<&ContainerMount::mode, &ContainerMount::source>},
    {"container.mount.rdwr",
     [](EventView& v, std::string_view arg) {
         return mount(v, arg, &ContainerMount::source,
                      [&](const ContainerMount& each) { return v.text(each.writable ? "true" : "false"); });
     }},
    {"container.mount.propagation", mount_text<&ContainerMount::propagation, &ContainerMount::source>},
    {"container.image.repository", [](EventView& v, std::string_view) { return image(v, Part::repository); }},
    {"container.image.tag", [](EventView& v, std::string_view) { return image(v, Part::tag); }},
    {"container.image.digest", [](EventView& v, std::string_view) { return image(v, Part::digest); }},
    {"container.healthcheck", text<&Container::health_command>},
    {"container.liveness_probe", none},
    {"container.readiness_probe", none},
    {"container.start_ts",
     [](EventView& v, std::string_view) {
         return told(v, [&](const Container& c) {
             return c.started == 0 ? Reading::missing() : v.number(static_cast<std::uint64_t>(c.started));
         });
     }},
    {"container.duration", duration},
    {"container.ip", text<&Container::ip>},
    {"container.cni.json", none},
    {"container.host_pid", host_pid},
    {"container.host_network", untold},
    {"container.host_ipc", untold},
    {"container.label", [](EventView& v, std::string_view arg) { return of_label(v, arg); }},
    {"container.labels", labels},
    {"container.compose.project",
     [](EventView& v, std::string_view) { return of_label(v, "com.docker.compose.project"); }},
    {"container.compose.service",
     [](EventView& v, std::string_view) { return of_label(v, "com.docker.compose.service"); }},
    {"container.swarm.service",
     [](EventView& v, std::string_view) { return of_label(v, "com.docker.swarm.service.name"); }},
    {"k8s.ns.name", [](EventView& v, std::string_view) { return of_label(v, "io.kubernetes.pod.namespace"); }},
    {"k8s.pod.name", [](EventView& v, std::string_view) { return of_label(v, "io.kubernetes.pod.name"); }},
    {"k8s.pod.uid", [](EventView& v, std::string_view) { return of_label(v, "io.kubernetes.pod.uid"); }},
    {"k8s.pod.id", [](EventView& v, std::string_view) { return of_label(v, "io.kubernetes.sandbox.id", kShortId); }},
    {"k8s.pod.sandbox_id",
     [](EventView& v, std::string_view) { return of_label(v, "io.kubernetes.sandbox.id", kShortId); }},
    {"k8s.pod.full_sandbox_id", [](EventView& v, std::string_view) { return of_label(v, "io.kubernetes.sandbox.id"); }},
    {"k8s.pod.ip", none},
    {"k8s.pod.cni.json", none},
    {"k8s.pod.labels", none},
    {"k8s.pod.label", none},
});

}  // namespace

Reading without_container(const EventView& v) {
    if (v.process == nullptr || !v.process->in_container) return Reading::missing();
    const Container* const one = v.process->container.get();
    if (one == nullptr) return Reading::cannot_know(kCgroupUnknown);
    return Reading::cannot_know(one->unnamed.empty() ? kUntold : std::string_view(one->unnamed));
}

std::span<const FieldRow> container_fields() { return kRows; }

}  // namespace plimsoll::sensor
