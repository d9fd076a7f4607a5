#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "posture/compose_parts.h"

namespace plimsoll::posture {

namespace {

using nlohmann::json;

std::string member(const ComposeNode& map, std::string_view key) {
    const ComposeNode* node = map.find(key);
    return node == nullptr ? std::string() : node->text;
}

bool is_on(const ComposeNode& map, std::string_view key, const ServiceDraft& draft) {
    const ComposeNode* node = map.find(key);
    return node != nullptr && truth_of(*node, key, draft) == true;
}

void add_tmpfs(const ComposeNode& volume, std::string_view key, ServiceDraft& draft) {
    const std::string target = member(volume, "target");
    const ComposeNode* options = volume.find("tmpfs");
    const ComposeNode* size = options == nullptr ? nullptr : options->find("size");
    json asked = {{"Type", "tmpfs"}, {"Target", target}};
    if (size != nullptr) asked["TmpfsOptions"]["SizeBytes"] = bytes_of(*size, key, draft).value_or(0);
    draft.host["Mounts"].push_back(asked);
    draft.mounts.push_back({{"Type", "tmpfs"}, {"Destination", target}, {"RW", !is_on(volume, "read_only", draft)}});
}

void add_bind(std::string_view source, std::string_view target, bool writable, std::string_view propagation,
              ServiceDraft& draft) {
    draft.mounts.push_back({{"Type", "bind"},
                            {"Source", source},
                            {"Destination", target},
                            {"RW", writable},
                            {"Propagation", propagation}});
}

void add_named(const ComposeNode& volume, std::string_view key, ServiceDraft& draft) {
    const std::string source = member(volume, "source");
    const auto name = draft.project.volumes.find(source);
    const auto driver = draft.project.volume_drivers.find(source);
    if (!source.empty() && name == draft.project.volumes.end())
        draft.problem(volume, key, fmt::format("the volume '{}' is not defined", source));
    draft.mounts.push_back({{"Type", "volume"},
                            {"Name", name == draft.project.volumes.end() ? source : name->second},
                            {"Driver", driver == draft.project.volume_drivers.end() ? "local" : driver->second},
                            {"Destination", member(volume, "target")},
                            {"RW", !is_on(volume, "read_only", draft)}});
}

/// The options of a mount's type, each under the type's name.
void report_volume_options(const ComposeNode& volume, const ServiceDraft& draft) {
    static constexpr std::array<std::string_view, 4> kBind = {"propagation", "create_host_path", "selinux",
                                                              "recursive"};
    static constexpr std::array<std::string_view, 3> kVolume = {"nocopy", "subpath", "labels"};
    static constexpr std::array<std::string_view, 2> kTmpfs = {"size", "mode"};
    static constexpr std::array<std::string_view, 1> kImage = {"subpath"};
    const auto check = [&](std::string_view part, std::span<const std::string_view> known) {
        const ComposeNode* options = volume.find(part);
        const std::string place = fmt::format("volumes.{}", part);
        if (options != nullptr && is_map_of(*options, place, draft)) report_unknown(*options, place, known, draft);
    };
    check("bind", kBind);
    check("volume", kVolume);
    check("tmpfs", kTmpfs);
    check("image", kImage);
}

void volumes(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    static constexpr std::array<std::string_view, 10> kRead = {"type",   "source", "target", "read_only",   "bind",
                                                               "volume", "tmpfs",  "image",  "consistency", "cluster"};
    for (const ComposeNode& volume : value.items) {
        if (volume.is_scalar()) continue;  // said when it was normalised
        if (!volume.is_map()) {
            draft.problem(volume, key, "an item that is neither text nor map");
            continue;
        }
        report_unknown(volume, key, kRead, draft);
        report_volume_options(volume, draft);
        const std::string type = member(volume, "type");
        if (member(volume, "target").empty()) {
            draft.problem(volume, key, "a mount without a target");
        } else if (type == "tmpfs") {
            add_tmpfs(volume, key, draft);
        } else if (type == "bind") {
            const ComposeNode* bind = volume.find("bind");
            const std::string propagation = bind == nullptr ? std::string() : member(*bind, "propagation");
            add_bind(member(volume, "source"), member(volume, "target"), !is_on(volume, "read_only", draft),
                     propagation.empty() ? "rprivate" : propagation, draft);
        } else if (type == "volume" || type.empty()) {
            add_named(volume, key, draft);
        } else if (type == "image" || type == "cluster") {
            draft.mounts.push_back({{"Type", type},
                                    {"Name", member(volume, "source")},
                                    {"Destination", member(volume, "target")},
                                    {"RW", type == "cluster"}});
        } else {
            draft.problem(volume, key, fmt::format("mounts of type '{}' are not judged", type));
        }
    }
}

void tmpfs(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const std::string& mount : texts_of(value, key, draft)) {
        const auto colon = mount.find(':');
        draft.host["Tmpfs"][mount.substr(0, colon)] = colon == std::string::npos ? "" : mount.substr(colon + 1);
    }
}

void ports(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    static constexpr std::array<std::string_view, 7> kRead = {"name",     "target",       "published", "host_ip",
                                                              "protocol", "app_protocol", "mode"};
    for (const ComposeNode& port : value.items) {
        report_unknown(port, key, kRead, draft);
        const std::string target = member(port, "target");
        if (target.empty()) {
            draft.problem(port, key, "a port without a target");
            continue;
        }
        draft.host["PortBindings"][target + "/" + member(port, "protocol")].push_back(
            {{"HostIp", member(port, "host_ip")}, {"HostPort", member(port, "published")}});
    }
}

void expose(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const std::string& port : texts_of(value, key, draft)) {
        draft.config["ExposedPorts"][port.find('/') == std::string::npos ? port + "/tcp" : port] = json::object();
    }
}

/// Reads the files one after another; later ones count more.
Variables read_env_files(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    Variables all;
    for (const ComposeNode& entry : value.items) {
        const std::string path = member(entry, "path");
        const ComposeNode* required = entry.find("required");
        const auto text = draft.context.read(path);
        if (!text) {
            if (required == nullptr || truth_of(*required, key, draft) != false)
                draft.problem(entry, key, text.error().message);
            continue;
        }
        std::vector<std::string> problems;
        for (auto& [name, found] : parse_env_file(*text, draft.context.variables, problems))
            all.insert_or_assign(name, std::move(found));
        for (const std::string& problem : problems) draft.problem(entry, key, fmt::format("{}: {}", path, problem));
    }
    return all;
}

/// A name without a value takes it from the environment, or is not set at all.
void set_variable(const std::string& name, const std::optional<std::string>& value, ServiceDraft& draft) {
    if (value) {
        draft.environment.insert_or_assign(name, value);
    } else if (const auto outside = draft.context.variables.find(name); outside != draft.context.variables.end()) {
        draft.environment.insert_or_assign(name, outside->second);
    }
}

void env_file(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, text] : read_env_files(value, key, draft)) set_variable(name, text, draft);
}

void environment(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, text] : value.entries) {
        if (!text.is_scalar() && !text.is_null())
            draft.problem(text, key, fmt::format("{} is no text", name.text));
        else
            set_variable(name.text, text.is_null() ? std::nullopt : std::optional(text.text), draft);
    }
}

void label_file(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, text] : read_env_files(value, key, draft))
        draft.labels.insert_or_assign(name, text.value_or(""));
}

void labels(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, text] : value.entries) draft.labels.insert_or_assign(name.text, text_of(text, key, draft));
}

void devices(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const ComposeNode& item : value.items) {
        std::string source = member(item, "source");
        std::string target = member(item, "target");
        std::string permissions = member(item, "permissions");
        if (item.is_scalar()) {
            const auto parts = split(item.text, ':');
            source = parts.empty() ? std::string() : std::string(parts[0]);
            if (parts.size() == 2 && !parts[1].starts_with('/'))
                permissions = parts[1];
            else if (parts.size() >= 2)
                target = parts[1];
            if (parts.size() == 3) permissions = parts[2];
            if (!source.starts_with('/') &&
                item.text.find('=') != std::string::npos) {  // a CDI name: vendor/class=device
                draft.host["DeviceRequests"].push_back(
                    {{"Driver", "cdi"}, {"Capabilities", json::array({json::array({item.text})})}});
                continue;
            }
        }
        if (source.empty())
            draft.problem(item, key, "a device without a source");
        else
            draft.host["Devices"].push_back({{"PathOnHost", source},
                                             {"PathInContainer", target.empty() ? source : target},
                                             {"CgroupPermissions", permissions.empty() ? "rwm" : permissions}});
    }
}

void device_cgroup_rules(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.host["DeviceCgroupRules"] = texts_of(value, key, draft);
}

void volumes_from(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.host["VolumesFrom"] = texts_of(value, key, draft);
}

void add_files(const ComposeNode& value, std::string_view key,
               const std::map<std::string, ComposeNode, std::less<>>& definitions, std::string_view folder,
               ServiceDraft& draft) {
    for (const ComposeNode& item : value.items) {
        const std::string source = member(item, "source");
        const auto definition = definitions.find(source);
        if (definition == definitions.end()) {
            draft.problem(item, key, fmt::format("'{}' is not defined", source));
            continue;
        }
        const std::string file = member(definition->second, "file");
        std::string target = member(item, "target");
        if (target.empty()) target = source;
        if (!target.starts_with('/')) target = std::string(folder) + target;
        if (!file.empty())
            add_bind(file, target, false, "rprivate", draft);
        else if (definition->second.find("external") != nullptr)
            draft.problem(item, key, fmt::format("'{}' is external, only the engine knows it", source));
    }
}

void configs(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    add_files(value, key, draft.project.configs, "/", draft);
}
void secrets(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    add_files(value, key, draft.project.secrets, "/run/secrets/", draft);
}

void use_api_socket(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (truth_of(value, key, draft) == true)
        add_bind("/var/run/docker.sock", "/var/run/docker.sock", true, "rprivate", draft);
}

void build(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    static constexpr std::array<std::string_view, 23> kKnown = {"context",
                                                                "dockerfile",
                                                                "dockerfile_inline",
                                                                "args",
                                                                "ssh",
                                                                "cache_from",
                                                                "cache_to",
                                                                "extra_hosts",
                                                                "isolation",
                                                                "privileged",
                                                                "labels",
                                                                "no_cache",
                                                                "pull",
                                                                "shm_size",
                                                                "target",
                                                                "secrets",
                                                                "tags",
                                                                "platforms",
                                                                "additional_contexts",
                                                                "network",
                                                                "ulimits",
                                                                "entitlements",
                                                                "no_cache_filter"};
    draft.config["Built"] = true;
    if (!is_map_of(value, key, draft)) return;
    report_unknown(value, key, kKnown, draft);
    for (const char* part : {"privileged", "entitlements"}) {
        if (const ComposeNode* node = value.find(part))
            draft.problem(*node, key, fmt::format("build.{} concerns the build and is not judged", part));
    }
}

}  // namespace

const std::vector<ServiceKey>& item_keys() {
    static const std::vector<ServiceKey> kKeys = {
        {"build", build},
        {"env_file", env_file},
        {"environment", environment},  // after env_file, which it overrides
        {"label_file", label_file},
        {"labels", labels},
        {"volumes", volumes},
        {"volumes_from", volumes_from},
        {"tmpfs", tmpfs},
        {"configs", configs},
        {"secrets", secrets},
        {"use_api_socket", use_api_socket},
        {"ports", ports},
        {"expose", expose},
        {"devices", devices},
        {"device_cgroup_rules", device_cgroup_rules},
    };
    return kKeys;
}

}  // namespace plimsoll::posture
