#include "host/containerd_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"

namespace plimsoll::host {

namespace {

constexpr std::string_view kTasks = "/run/containerd/io.containerd.runtime.v2.task";
constexpr std::string_view kDockers = "moby";
constexpr std::size_t kMostSpaces = 256;
constexpr std::size_t kMostMounts = 256;
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostId = 128;

std::string cut(std::string_view text) { return std::string(text.substr(0, kMostText)); }

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= kMostId && text.front() != '.' && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
               c == '.';
    });
}

ContainerdMount mount_of(const Json& mount) {
    ContainerdMount out{.source = cut(mount["source"].text_or("")),
                        .destination = cut(mount["destination"].text_or(""))};
    mount["options"].each([&](Json option) {
        const std::string_view word = option.text_or("");
        if (word == "ro") out.writable = false;
        if (word.ends_with("private") || word.ends_with("slave") || word.ends_with("shared")) out.propagation = word;
        if (out.options.size() < kMostText) out.options.append(out.options.empty() ? "" : ",").append(cut(word));
    });
    return out;
}

bool is_bind(const Json& mount) {
    bool bind = mount["type"].text_or("") == "bind";
    mount["options"].each([&](Json option) { bind = bind || option.text_or("") == "rbind"; });
    return bind;
}

bool is_privileged(const Json& config) {
    bool everything = false;
    config.at("linux.resources.devices").each([&](Json rule) {
        const bool all = rule["type"].text_or("a") == "a" && rule["major"].integer().value_or(-1) == -1;
        everything = everything || (rule["allow"].truth_or(false) && all);
    });
    bool admin = false;
    config.at("process.capabilities.bounding").each([&](Json name) {
        admin = admin || name.text_or("") == "CAP_SYS_ADMIN";
    });
    return everything && admin;
}

}  // namespace

std::optional<ContainerdTask> decode_containerd_task(std::string_view config) {
    const auto document = JsonDocument::parse(config);
    if (!document || !document->root().is_object()) return std::nullopt;
    const Json root = document->root();
    const Json annotations = root["annotations"];
    const auto told = [&](std::string_view name) { return cut(annotations[name].text_or("")); };
    ContainerdTask out;
    const bool sandbox = told("io.kubernetes.cri.container-type") == "sandbox";
    out.name = told(sandbox ? "io.kubernetes.cri.sandbox-name" : "io.kubernetes.cri.container-name");
    if (out.name.empty()) out.name = told("nerdctl/name");
    out.image = told("io.kubernetes.cri.image-name");
    constexpr auto kLabels = std::to_array<std::pair<std::string_view, std::string_view>>(
        {{"io.kubernetes.cri.container-name", "io.kubernetes.container.name"},
         {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"},
         {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"},
         {"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"},
         {"io.kubernetes.cri.sandbox-id", "io.kubernetes.sandbox.id"}});
    for (const auto& [from, to] : kLabels) {
        if (std::string value = told(from); !value.empty()) out.labels.emplace(to, std::move(value));
    }
    out.privileged = is_privileged(root);
    root["mounts"].each([&](Json mount) {
        if (is_bind(mount) && out.mounts.size() < kMostMounts) out.mounts.push_back(mount_of(mount));
    });
    return out;
}

std::optional<ContainerdTask> find_containerd_task(const Root& root, std::string_view id) {
    if (!is_id(id)) return std::nullopt;
    const auto spaces = list_directory(root, kTasks, kMostSpaces);
    if (!spaces || !*spaces) return std::nullopt;
    for (const DirectoryEntry& space : **spaces) {
        if (space.name == kDockers) continue;
        const std::string path = fmt::format("{}/{}/{}/config.json", kTasks, space.name, id);
        const auto config = read_if_exists(root, path);
        if (!config || !*config) continue;
        auto task = decode_containerd_task(**config);
        if (!task) continue;
        task->space = space.name;
        if (const auto facts = file_facts(root, path); facts && *facts) task->made = (*facts)->modified;
        return task;
    }
    return std::nullopt;
}

}  // namespace plimsoll::host
