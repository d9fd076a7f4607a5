#include <fmt/format.h>

#include "posture/compose_parts.h"

namespace plimsoll::posture {

namespace {

template <const char* Member>
void host_truth(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (const auto truth = truth_of(value, key, draft)) draft.host[Member] = *truth;
}

template <const char* Member>
void host_list(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.host[Member] = texts_of(value, key, draft);
}

template <const char* Member>
void host_text(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.host[Member] = text_of(value, key, draft);
}

/// host, none, shareable, `service:NAME`, `container:NAME`: a service's container goes by the service's name here.
template <const char* Member>
void host_namespace(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    std::string mode = text_of(value, key, draft);
    if (mode.starts_with("service:")) mode = "container:" + mode.substr(8);
    draft.host[Member] = mode;
}

void user(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.config["User"] = text_of(value, key, draft);
}

template <const char* Member>
void config_truth(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    if (const auto truth = truth_of(value, key, draft)) draft.config[Member] = *truth;
}

template <const char* Member>
void host_map(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, text] : value.entries) draft.host[Member][name.text] = text_of(text, key, draft);
}

void security_options(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    std::vector<std::string> options = texts_of(value, key, draft);
    for (std::string& option : options) {
        if (!option.starts_with("seccomp=/")) continue;
        if (auto body = draft.context.read(option.substr(8)))
            option = "seccomp=" + *body;
        else
            draft.problem(value, key, fmt::format("the seccomp profile cannot be judged: {}", body.error().message));
    }
    draft.host["SecurityOpt"] = options;
}

void links(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const std::string& link : texts_of(value, key, draft)) draft.host["Links"].push_back(link);
}

void networks(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    for (const auto& [name, options] : value.entries) {
        const auto found = draft.project.networks.find(name.text);
        if (found == draft.project.networks.end()) {
            draft.problem(name, key, fmt::format("the network '{}' is not defined", name.text));
            continue;
        }
        nlohmann::json endpoint = nlohmann::json::object();
        if (const ComposeNode* address = options.find("ipv4_address")) endpoint["IPAddress"] = address->text;
        draft.networks[found->second] = endpoint;
    }
}

void container_name(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.config["ContainerName"] = text_of(value, key, draft);
}

void image(const ComposeNode& value, std::string_view key, ServiceDraft& draft) {
    draft.config["Image"] = text_of(value, key, draft);
}

constexpr char kPrivileged[] = "Privileged";
constexpr char kCapAdd[] = "CapAdd";
constexpr char kCapDrop[] = "CapDrop";
constexpr char kReadonlyRootfs[] = "ReadonlyRootfs";
constexpr char kNetworkMode[] = "NetworkMode";
constexpr char kPidMode[] = "PidMode";
constexpr char kIpcMode[] = "IpcMode";
constexpr char kUtsMode[] = "UTSMode";
constexpr char kUsernsMode[] = "UsernsMode";
constexpr char kCgroupnsMode[] = "CgroupnsMode";
constexpr char kCgroupParent[] = "CgroupParent";
constexpr char kRuntime[] = "Runtime";
constexpr char kInit[] = "Init";
constexpr char kGroupAdd[] = "GroupAdd";
constexpr char kTty[] = "Tty";
constexpr char kOpenStdin[] = "OpenStdin";
constexpr char kSysctls[] = "Sysctls";
constexpr char kAnnotations[] = "Annotations";
constexpr char kStorageOpt[] = "StorageOpt";

}  // namespace

const std::vector<ServiceKey>& privilege_keys() {
    static const std::vector<ServiceKey> kKeys = {
        {"image", image},
        {"container_name", container_name},
        {"user", user},
        {"group_add", host_list<kGroupAdd>},
        {"privileged", host_truth<kPrivileged>},
        {"cap_add", host_list<kCapAdd>},
        {"cap_drop", host_list<kCapDrop>},
        {"security_opt", security_options},
        {"read_only", host_truth<kReadonlyRootfs>},
        {"network_mode", host_namespace<kNetworkMode>},
        {"networks", networks},
        {"links", links},
        {"external_links", links},
        {"pid", host_namespace<kPidMode>},
        {"ipc", host_namespace<kIpcMode>},
        {"uts", host_text<kUtsMode>},
        {"userns_mode", host_text<kUsernsMode>},
        {"cgroup", host_text<kCgroupnsMode>},
        {"cgroup_parent", host_text<kCgroupParent>},
        {"runtime", host_text<kRuntime>},
        {"init", host_truth<kInit>},
        {"tty", config_truth<kTty>},
        {"stdin_open", config_truth<kOpenStdin>},
        {"sysctls", host_map<kSysctls>},
        {"annotations", host_map<kAnnotations>},
        {"storage_opt", host_map<kStorageOpt>},
    };
    return kKeys;
}

}  // namespace plimsoll::posture
