#include "posture/compose_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "posture/compose_parts.h"

namespace plimsoll::posture {

namespace {

using nlohmann::json;

/// Keys that say nothing about what a container may do to its host or its neighbours.
constexpr std::array<std::string_view, 28> kWithoutMeaning = {
    "attach",      "blkio_config",      "command",        "cpu_count",
    "cpu_percent", "credential_spec",   "depends_on",     "develop",
    "dns",         "dns_opt",           "dns_search",     "domainname",
    "entrypoint",  "extends",           "extra_hosts",    "hostname",
    "isolation",   "mac_address",       "mem_swappiness", "models",
    "platform",    "profiles",          "pull_policy",    "pull_refresh_after",
    "scale",       "stop_grace_period", "stop_signal",    "working_dir"};

constexpr std::int64_t kDefaultShm = 64 * 1024 * 1024;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

bool is_read(std::string_view key) {
    const auto holds = [&](const std::vector<ServiceKey>& keys) {
        return std::ranges::find(keys, key, &ServiceKey::key) != keys.end();
    };
    return holds(privilege_keys()) || holds(limit_keys()) || holds(item_keys());
}

void read_keys(const ComposeNode& service, ServiceDraft& draft) {
    for (const auto& [key, value] : service.entries) {
        if (!is_read(key.text) && std::ranges::find(kWithoutMeaning, key.text) == kWithoutMeaning.end())
            draft.problem(key, key.text, "this key is not read");
    }
    for (const auto* keys : {&privilege_keys(), &limit_keys(), &item_keys()}) {
        for (const auto& [key, read] : *keys) {
            const ComposeNode* value = service.find(key);
            if (value != nullptr && !value->is_null() && value->tag != "!reset") read(*value, key, draft);
        }
    }
}

void add_network(ServiceDraft& draft) {
    if (draft.host.contains("NetworkMode")) return;
    if (draft.networks.empty()) {
        const auto common = draft.project.networks.find("default");
        draft.networks[common == draft.project.networks.end() ? draft.project.name + "_default" : common->second] =
            json::object();
    }
    draft.host["NetworkMode"] = draft.networks.begin().key();
}

/// What compose and the engine put in when the file says nothing, by their documentation.
void add_defaults(ServiceDraft& draft) {
    const auto otherwise = [&](const char* member, json value) {
        if (!draft.host.contains(member)) draft.host[member] = std::move(value);
    };
    otherwise("LogConfig", {{"Type", "json-file"}, {"Config", json::object()}});
    otherwise("RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", 0}});
    otherwise("ShmSize", kDefaultShm);
    otherwise("Runtime", "runc");
    if (!draft.config.contains("Image")) draft.config["Image"] = fmt::format("{}-{}", draft.project.name, draft.name);
    draft.labels.insert_or_assign("com.docker.compose.project", draft.project.name);
    draft.labels.insert_or_assign("com.docker.compose.service", std::string(draft.name));
}

void read_options(const ComposeNode& definition, json& out) {
    out["Options"] = json::object();
    out["Labels"] = json::object();
    if (const ComposeNode* options = definition.find("driver_opts")) {
        for (const auto& [name, value] : options->entries) out["Options"][name.text] = value.text;
    }
    if (const ComposeNode* labels = definition.find("labels")) {
        for (const auto& [name, value] : labels->entries) out["Labels"][name.text] = value.text;
    }
}

/// Says which keys of a definition are not read.
void report_unread(const ComposeNode& definition, std::string_view what, std::span<const std::string_view> known,
                   ComposeContext& context) {
    for (const auto& [key, value] : definition.entries) {
        if (std::ranges::find(known, key.text) == known.end() && !key.text.starts_with("x-")) {
            context.log.problem(key.at, fmt::format("{}.{}: this key is not read", what, key.text));
        }
    }
}

bool is_on(const ComposeNode& definition, std::string_view key) {
    const ComposeNode* node = definition.find(key);
    return node != nullptr &&
           (node->text == "true" || node->text == "yes" || node->text == "on" || node->text == "True");
}

}  // namespace

std::string inspect_of_service(std::string_view name, const ComposeNode& service, const ComposeProject& project,
                               ComposeContext& context) {
    ServiceDraft draft{.name = name, .project = project, .context = context, .environment = {}, .labels = {}};
    read_keys(service, draft);
    add_network(draft);
    add_defaults(draft);
    for (const auto& [key, value] : draft.environment) draft.config["Env"].push_back(key + "=" + value.value_or(""));
    draft.config["Labels"] = draft.labels;
    const json inspect = {{"Id", ""},
                          {"Name", draft.config.value("ContainerName", std::string(name))},
                          {"Image", ""},
                          {"State", {{"Status", "compose"}}},
                          {"Config", draft.config},
                          {"HostConfig", draft.host},
                          {"Mounts", draft.mounts},
                          {"NetworkSettings", {{"Networks", draft.networks}}}};
    return dumped(inspect);
}

std::string json_of_network(std::string_view name, const ComposeNode& network, ComposeContext& context) {
    static constexpr std::array<std::string_view, 11> kRead = {
        "name",     "driver",      "driver_opts", "labels", "internal", "attachable",
        "external", "enable_ipv6", "enable_ipv4", "ipam",   "x-"};
    report_unread(network, fmt::format("networks.{}", name), kRead, context);
    json out = {{"Name", name}, {"Driver", "bridge"}, {"Scope", "local"}};
    if (const ComposeNode* driver = network.find("driver"); driver != nullptr && driver->is_scalar())
        out["Driver"] = driver->text;
    if (out["Driver"] == "overlay") out["Scope"] = "swarm";
    out["Internal"] = is_on(network, "internal");
    out["Attachable"] = is_on(network, "attachable");
    out["EnableIPv6"] = is_on(network, "enable_ipv6");
    read_options(network, out);
    return dumped(out);
}

std::string json_of_volume(std::string_view name, const ComposeNode& volume, ComposeContext& context) {
    static constexpr std::array<std::string_view, 5> kRead = {"name", "driver", "driver_opts", "labels", "external"};
    report_unread(volume, fmt::format("volumes.{}", name), kRead, context);
    json out = {{"Name", name}, {"Driver", "local"}};
    if (const ComposeNode* driver = volume.find("driver"); driver != nullptr && driver->is_scalar())
        out["Driver"] = driver->text;
    read_options(volume, out);
    return dumped(out);
}

}  // namespace plimsoll::posture
