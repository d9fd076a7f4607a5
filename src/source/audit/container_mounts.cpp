#include "source/audit/container_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <ranges>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "source/audit/runtime_command.h"

namespace plimsoll::source {

namespace {

constexpr std::size_t kMostSpans = 8;  // of one device; numbers are used again and again
constexpr std::size_t kMostDevices = 65536;
constexpr std::size_t kMostLayers = 65536;
constexpr std::int64_t kNanosecondsPerMs = 1'000'000;
constexpr std::int64_t kLate = 2000;             // milliseconds that an event may be older than its mount was seen
constexpr std::int64_t kRemembered = 3'600'000;  // of what was unmounted

std::uint64_t device_number(std::uint32_t major, std::uint32_t minor) {
    return static_cast<std::uint64_t>(major) << 32U | minor;
}

std::optional<std::uint64_t> parse_device(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto hex = [](std::string_view part, std::uint32_t& out) {
        const auto [at, error] = std::from_chars(part.data(), part.data() + part.size(), out, 16);
        return error == std::errc{} && at == part.data() + part.size();
    };
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    if (!hex(text.substr(0, colon), major) || !hex(text.substr(colon + 1), minor)) return std::nullopt;
    return device_number(major, minor);
}

/// `<root>/overlay2/<layer>/merged`: the engine's root and the layer.
struct LayerPath {
    std::string root;
    std::string_view layer;
};
std::optional<LayerPath> layer_path(std::string_view point, std::string_view driver) {
    const std::string middle = "/" + std::string(driver) + "/";
    const auto at = point.find(middle);
    if (at == std::string_view::npos || !point.ends_with("/merged")) return std::nullopt;
    const std::string_view layer = point.substr(at + middle.size(), point.size() - at - middle.size() - 7);
    if (layer.empty() || layer.find('/') != std::string_view::npos) return std::nullopt;
    return LayerPath{std::string(point.substr(0, at)), layer};
}

std::string layer_key(std::string_view root, std::string_view layer) {
    return std::string(root) + '\n' + std::string(layer);
}

}  // namespace

void ContainerMounts::follow() {
    if (!watch_) {
        auto fd = host::open_if_exists(root_, "/proc/1/mountinfo", O_RDONLY);
        if (!fd || !*fd) {  // not allowed to look at others: our own namespace follows the host's, as a rule
            process_ = 0;
            fd = host::open_if_exists(root_, "/proc/self/mountinfo", O_RDONLY);
        }
        if (!fd || !*fd) return;
        watch_ = std::move(**fd);
    }
    const std::int64_t time = now() / kNanosecondsPerMs;
    if (known_) {
        pollfd changed{.fd = watch_.get(), .events = POLLPRI, .revents = 0};
        if (::poll(&changed, 1, 0) <= 0 || (changed.revents & (POLLPRI | POLLERR)) == 0) {
            looked_ = time;
            return;
        }
    }
    known_ = false;  // a change is told once: should the table not be readable now, the next call tries again
    const auto mounts = host::read_mounts(root_, process_);
    if (!mounts || !*mounts) return;
    known_ = true;
    update(**mounts, now() / kNanosecondsPerMs);
    looked_ = time;  // what came between the poll and the reading is told by the next poll
}

void ContainerMounts::update(const host::MountTable& mounts, std::int64_t time) {
    std::unordered_map<std::uint64_t, const host::Mount*> present;
    for (const host::Mount& mount : mounts.mounts) {
        if (mount.device_major != 0) continue;  // a disk of the host
        if (mount.type.starts_with("fuse") && mount.super_option("user_id").value_or("0") != "0")
            continue;  // a user's own program says what is in it
        const bool overlay = mount.type == "overlay" || mount.type == "fuse.fuse-overlayfs";
        if (overlay || (mount.type == "tmpfs" && !container_id_in(mount.point).empty()))
            present.emplace(device_number(mount.device_major, mount.device_minor), &mount);
    }
    for (auto& [device, spans] : spans_) {
        Span& last = spans.back();
        const auto found = present.find(device);
        const bool same =
            found != present.end() && found->second->id == last.mount && found->second->point == last.point;
        if (!same && last.until == INT64_MAX) {
            last.sure_until = std::max(looked_, last.from);
            last.until = time;
        }
        if (same && last.until == INT64_MAX) present.erase(found);
    }
    std::erase_if(spans_, [&](const auto& item) { return item.second.back().until < time - kRemembered; });
    for (const auto& [device, mount] : present) {
        std::string id = container_of(*mount);
        if (id.empty() || (spans_.size() >= kMostDevices && !spans_.contains(device))) continue;
        auto& spans = spans_[device];
        if (spans.size() >= kMostSpans) spans.erase(spans.begin());
        const auto born = mounted_at(*mount);
        const std::int64_t from = std::min(born.value_or(time), time);
        // The one before was unmounted between two looks at the table, and before this one was mounted.
        if (!spans.empty()) spans.back().until = std::min(spans.back().until, from - 1);
        spans.push_back(
            {.id = std::move(id), .point = mount->point, .mount = mount->id, .from = from, .exact = born.has_value()});
    }
    looked_ = time;
}

/// When an overlay was mounted: the kernel makes its working folder anew each time.
std::optional<std::int64_t> ContainerMounts::mounted_at(const host::Mount& mount) const {
    const auto work = mount.super_option("workdir");
    if (!work) return std::nullopt;
    const auto folder = host::open_if_exists(root_, std::string(*work) + "/work", O_PATH | O_DIRECTORY);
    if (!folder || !*folder) return std::nullopt;
    struct statx facts {};
    if (::statx((*folder)->get(), "", AT_EMPTY_PATH, STATX_BTIME, &facts) != 0) return std::nullopt;
    if ((facts.stx_mask & STATX_BTIME) == 0) return std::nullopt;
    const std::int64_t born = facts.stx_btime.tv_sec * 1000 + facts.stx_btime.tv_nsec / kNanosecondsPerMs;
    return born > 0 ? std::optional(born) : std::nullopt;
}

std::optional<ContainerMounts::Hit> ContainerMounts::find(std::string_view device, std::int64_t time) const {
    const auto number = parse_device(device);
    if (!number) return std::nullopt;
    const auto found = spans_.find(*number);
    if (found == spans_.end()) return std::nullopt;
    const auto& spans = found->second;
    for (const Span& span : std::ranges::reverse_view(spans)) {
        // Whoever came first on a number may have used it before the table was read.
        const bool early = !span.exact && &span == &spans.front();
        const std::int64_t from = early ? span.from - kLate : span.from;
        if (time >= from && (span.until == INT64_MAX || time <= span.until))
            return Hit{span.id, span.point, time <= span.sure_until};
    }
    return std::nullopt;
}

std::string ContainerMounts::container_of(const host::Mount& mount) {
    if (const auto layer = layer_path(mount.point, "overlay2")) return of_docker_layer(layer->root, layer->layer);
    if (const auto layer = layer_path(mount.point, "overlay")) return of_podman_layer(layer->root, layer->layer);
    return std::string(container_id_in(mount.point));
}

/// Docker keeps, for each container, a file that names the folder of its file system.
std::string ContainerMounts::of_docker_layer(const std::string& root, std::string_view layer) {
    const std::string place = layer_key(root, layer);
    if (const auto known = layers_.find(place); known != layers_.end()) return known->second;
    const std::string folder = root + "/image/overlay2/layerdb/mounts";
    const auto containers = host::list_directory(root_, folder);
    if (!containers || !*containers) return {};
    if (layers_.size() + (*containers)->size() > kMostLayers) layers_.clear();
    for (const host::DirectoryEntry& entry : **containers) {
        if (container_id_in(entry.name) != entry.name) continue;
        const auto text = host::read_if_exists(root_, folder + "/" + entry.name + "/mount-id", 4096);
        if (text && *text) layers_.insert_or_assign(layer_key(root, trim(**text)), entry.name);
    }
    const auto found = layers_.find(place);
    return found == layers_.end() ? std::string() : found->second;
}

/// Podman keeps one list of all containers with their layers.
std::string ContainerMounts::of_podman_layer(const std::string& root, std::string_view layer) {
    const std::string place = layer_key(root, layer);
    if (const auto known = layers_.find(place); known != layers_.end()) return known->second;
    const auto text = host::read_if_exists(root_, root + "/overlay-containers/containers.json", std::size_t{64} << 20U);
    if (!text || !*text) return {};
    const auto document = JsonDocument::parse(**text);
    if (!document) return {};
    if (layers_.size() > kMostLayers) layers_.clear();
    document->root().each([&](Json container) {
        const std::string_view id = container["id"].text_or("");
        const std::string_view its = container["layer"].text_or("");
        if (container_id_in(id) == id && !id.empty() && !its.empty())
            layers_.insert_or_assign(layer_key(root, its), std::string(id));
    });
    const auto found = layers_.find(place);
    return found == layers_.end() ? std::string() : found->second;
}

}  // namespace plimsoll::source
