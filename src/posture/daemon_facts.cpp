#include "posture/daemon_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "host/accounts.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

/// SecurityOptions of /info: "name=seccomp,profile=default", "name=apparmor", "name=rootless".
std::optional<std::string> security_option(const Json& info, std::string_view name) {
    for (const std::string& option : strings(info["SecurityOptions"])) {
        const auto parts = split(option, ',');
        if (parts.front() != fmt::format("name={}", name) && option != name) continue;
        for (const std::string_view part : parts) {
            if (part.starts_with("profile=")) return std::string(part.substr(8));
        }
        return std::string();
    }
    return std::nullopt;
}

/// Sets facts of the daemon from its settings, or says why they cannot be known.
class SettingWriter {
public:
    SettingWriter(const DaemonSettings* settings, std::string reason, Facts& out)
        : settings_(settings), reason_(std::move(reason)), out_(out) {}

    void flag(FieldKey field, std::string_view name) {
        if (const Setting* setting = find(name))
            out_.set(field, setting->value == "true", setting->origin);
        else
            out_.unknown(field, reason_);
    }
    void text(FieldKey field, std::string_view name) {
        if (const Setting* setting = find(name))
            out_.set(field, setting->value, setting->origin);
        else
            out_.unknown(field, reason_);
    }
    void list(FieldKey field, std::string_view name) {
        const Setting* setting = find(name);
        if (setting == nullptr) return out_.unknown(field, reason_);
        std::vector<std::string> items;
        for (const std::string_view item : split(setting->value, ',')) {
            if (!item.empty()) items.emplace_back(item);
        }
        out_.set_list(field, items, setting->origin);
    }
    [[nodiscard]] const Setting* find(std::string_view name) const {
        return settings_ == nullptr ? nullptr : settings_->find(name);
    }

private:
    const DaemonSettings* settings_;
    std::string reason_;
    Facts& out_;
};

void set_identity(const DaemonReading& in, const EngineView& view, Facts& out) {
    const auto& info = in.info;
    out.set("daemon.engine", view.engine, "GET /version");
    out.set("daemon.endpoint", in.endpoint.to_text(), in.endpoint.source);
    out.set("daemon.version", in.version["Version"].text_or(""), "GET /version");
    out.set("daemon.api_version", in.version["ApiVersion"].text_or(""), "GET /version");
    if (in.process != nullptr) {
        const auto same = std::ranges::count(in.engines.processes, in.process->kind, &EngineProcess::kind);
        out.set_number("daemon.pid", in.process->pid, "socket inode, /proc");
        out.set_number("daemon.processes", same, "/proc");
    } else {
        out.unknown("daemon.pid", in.reason);
        out.unknown("daemon.processes", in.reason);
    }
    out.set("daemon.rootless",
            security_option(info, "rootless").has_value() || info.at("host.security.rootless").truth_or(false),
            "GET /info SecurityOptions");
}

void set_from_info(const Json& info, Facts& out) {
    const auto text = [&](FieldKey field, std::string_view key) {
        if (const auto value = info[key].text())
            out.set(field, *value, fmt::format("GET /info {}", key));
        else
            out.unknown(field, fmt::format("the engine's /info has no {}", key));
    };
    text("daemon.data_root", "DockerRootDir");
    text("daemon.storage_driver", "Driver");
    text("daemon.log_driver", "LoggingDriver");
    text("daemon.cgroup.driver", "CgroupDriver");
    text("daemon.default_runtime", "DefaultRuntime");
    out.set("daemon.debug", info["Debug"].truth_or(false), "GET /info Debug");
    out.set("daemon.live_restore", info["LiveRestoreEnabled"].truth_or(false), "GET /info LiveRestoreEnabled");
    out.set("daemon.experimental", info["ExperimentalBuild"].truth_or(false), "GET /info ExperimentalBuild");
    out.set_number("daemon.cgroup.version", info["CgroupVersion"].text_or("1") == "2" ? 2 : 1,
                   "GET /info CgroupVersion");
    std::vector<std::string> runtimes;
    info["Runtimes"].each_member([&](std::string_view name, Json) { runtimes.emplace_back(name); });
    out.set_list("daemon.runtimes", runtimes, "GET /info Runtimes");
    out.set_list("daemon.warnings", strings(info["Warnings"]), "GET /info Warnings");
    out.set_list("daemon.authorization_plugins", strings(info.at("Plugins.Authorization")), "GET /info Plugins");
    const std::string_view swarm = info.at("Swarm.LocalNodeState").text_or("inactive");
    out.set("daemon.swarm", swarm.empty() ? "inactive" : swarm, "GET /info Swarm");

    std::vector<std::string> insecure;
    for (const std::string& block : strings(info.at("RegistryConfig.InsecureRegistryCIDRs"))) {
        if (!block.starts_with("127.") && block != "::1/128") insecure.push_back(block);
    }
    info.at("RegistryConfig.IndexConfigs").each_member([&](std::string_view name, Json index) {
        if (!index["Secure"].truth_or(true)) insecure.emplace_back(name);
    });
    out.set_list("daemon.registries.insecure", insecure, "GET /info RegistryConfig");
    const auto mirrors = strings(info.at("RegistryConfig.Mirrors"));
    std::vector<std::string> plain;
    std::ranges::copy_if(mirrors, std::back_inserter(plain),
                         [](const std::string& mirror) { return mirror.starts_with("http://"); });
    out.set_list("daemon.registries.mirrors", mirrors, "GET /info RegistryConfig.Mirrors");
    out.set_list("daemon.registries.mirrors_plain", plain, "GET /info RegistryConfig.Mirrors");
    bool credentials = false;
    for (const char* key : {"HttpProxy", "HttpsProxy"}) {
        const std::string_view proxy = info[key].text_or("");
        credentials =
            credentials ||
            (proxy.find('@') != std::string_view::npos && proxy.find("xxxxx:xxxxx@") == std::string_view::npos) ||
            proxy.find("xxxxx:xxxxx@") != std::string_view::npos;
    }
    out.set("daemon.proxy_credentials", credentials, "GET /info HttpProxy, HttpsProxy");
}

void set_tcp_listener(const host::ListeningTcp& socket, const DaemonSettings* settings, Facts& out) {
    const char* at = "kernel's socket table";
    out.set("listener.kind", "tcp", at);
    out.set_number("listener.port", socket.port, at);
    out.set("listener.loopback", socket.loopback(), at);
    out.set("listener.wildcard", socket.wildcard(), at);
    if (settings != nullptr) {
        const bool verify = settings->is_true("tlsverify");
        out.set("listener.tls", verify || settings->is_true("tls"), settings->find("tls")->origin);
        out.set("listener.tls_verify", verify, settings->find("tlsverify")->origin);
    } else {
        out.unknown("listener.tls", "only Docker's settings tell whether a socket speaks TLS");
        out.unknown("listener.tls_verify", "only Docker's settings tell whether a socket asks for a certificate");
    }
    for (const FieldKey field : {FieldKey("listener.uid"), FieldKey("listener.gid"), FieldKey("listener.group"),
                                 FieldKey("listener.mode"), FieldKey("listener.world")}) {
        out.absent(field, at);
    }
}

void set_unix_listener(const std::string& path, const Result<host::Accounts>& accounts, const host::Root& root,
                       Facts& out) {
    out.set("listener.kind", "unix", "kernel's socket table");
    for (const FieldKey field : {FieldKey("listener.port"), FieldKey("listener.tls"), FieldKey("listener.tls_verify"),
                                 FieldKey("listener.wildcard")}) {
        out.absent(field, "unix socket");
    }
    out.set("listener.loopback", true, "unix socket");
    const auto facts = host::file_facts(root, path);
    if (!facts || !*facts) {
        const std::string reason = facts ? path + " is no longer there" : facts.error().message;
        for (const FieldKey field : {FieldKey("listener.uid"), FieldKey("listener.gid"), FieldKey("listener.group"),
                                     FieldKey("listener.mode"), FieldKey("listener.world")}) {
            out.unknown(field, reason);
        }
        return;
    }
    const host::Group* group = accounts ? accounts->group((*facts)->gid) : nullptr;
    out.set_number("listener.uid", (*facts)->uid, "stat");
    out.set_number("listener.gid", (*facts)->gid, "stat");
    out.set("listener.group", group == nullptr ? std::to_string((*facts)->gid) : group->name, "stat, /etc/group");
    out.set("listener.mode", fmt::format("{:04o}", (*facts)->mode), "stat");
    out.set("listener.world", ((*facts)->mode & 0002U) != 0, "stat");
}

bool log_is_bounded(std::string_view driver, const Setting* options) {
    if (driver == "local" || driver == "journald") return true;
    return options != nullptr && options->value.find("max-size=") != std::string::npos &&
           options->value.find("max-size=-1") == std::string::npos;
}

void set_log_rotation(const Json& info, const SettingWriter& settings, const std::string& reason, Facts& out) {
    const std::string_view driver = info["LoggingDriver"].text_or("");
    const bool local = driver == "json-file" || driver == "local" || driver == "journald" || driver == "k8s-file";
    const Setting* options = settings.find("log-opts");
    if (!local)
        out.absent("daemon.log_rotated", "GET /info LoggingDriver");
    else if (driver == "json-file" && options == nullptr)
        out.unknown("daemon.log_rotated", reason);
    else
        out.set("daemon.log_rotated", log_is_bounded(driver, options),
                options == nullptr ? "GET /info LoggingDriver" : options->origin);
}

void set_confinement(const Json& info, const DaemonSettings* settings, const std::string& reason, Facts& out,
                     EngineView& view) {
    const char* at = "GET /info SecurityOptions";
    const auto seccomp = security_option(info, "seccomp");
    std::string profile = !seccomp ? "unconfined" : *seccomp;
    if (profile.empty() || profile == "builtin") profile = "default";
    out.set("daemon.seccomp", profile, at);
    out.set("daemon.apparmor", security_option(info, "apparmor").has_value(), at);
    out.set("daemon.selinux", security_option(info, "selinux").has_value(), at);
    const bool remapped = security_option(info, "userns").has_value() || security_option(info, "rootless").has_value();
    out.set("daemon.userns_remap", remapped, at);
    view.seccomp = profile;
    view.apparmor = security_option(info, "apparmor").has_value();
    view.selinux = security_option(info, "selinux").has_value();
    view.userns_remap = remapped;

    if (security_option(info, "no-new-privileges"))
        view.no_new_privileges = true;
    else if (settings != nullptr)
        view.no_new_privileges = settings->is_true("no-new-privileges");
    else if (view.engine == "podman")
        view.no_new_privileges = false;
    if (view.no_new_privileges) {
        const Setting* setting = settings == nullptr ? nullptr : settings->find("no-new-privileges");
        out.set("daemon.no_new_privileges", *view.no_new_privileges,
                setting == nullptr ? std::string(at) : setting->origin);
    } else {
        out.unknown("daemon.no_new_privileges", reason);
    }
    view.defaults_reason = reason;
}

}  // namespace

void gather_daemon(const DaemonReading& in, const host::Root& root, Inventory& inventory, Facts& daemon,
                   EngineView& view) {
    set_identity(in, view, daemon);
    set_from_info(in.info, daemon);
    set_confinement(in.info, in.settings, in.reason, daemon, view);

    SettingWriter writer(in.settings, in.reason, daemon);
    writer.text("daemon.log_level", "log-level");
    writer.flag("daemon.icc", "icc");
    writer.flag("daemon.iptables", "iptables");
    writer.flag("daemon.ip6tables", "ip6tables");
    writer.flag("daemon.ip_forward", "ip-forward");
    writer.flag("daemon.userland_proxy", "userland-proxy");
    writer.text("daemon.cgroup.parent", "cgroup-parent");
    writer.list("daemon.storage_opts", "storage-opts");
    writer.list("daemon.default_ulimits", "default-ulimits");
    writer.text("daemon.default_bind", "ip");
    set_log_rotation(in.info, writer, in.reason, daemon);
    if (in.settings == nullptr) {
        daemon.unknown("daemon.config_file", in.reason);
        daemon.unknown("daemon.settings.conflicts", in.reason);
        daemon.unknown("daemon.setting", in.reason);
    } else {
        const DaemonSettings& settings = *in.settings;
        auto conflicts = settings.conflicts;
        const auto file = host::file_facts(root, settings.config_file);
        if (file && *file && in.process != nullptr && in.process->started &&
            (*file)->modified > *in.process->started + 2) {
            conflicts.push_back(settings.config_file +
                                " was changed after the daemon started; the daemon may not have read it");
        }
        daemon.set("daemon.config_file", settings.config_file, "command line");
        daemon.set_list("daemon.settings.conflicts", conflicts, settings.config_file);
        daemon.absent("daemon.setting", "command line, " + settings.config_file);
        for (const auto& [name, setting] : settings.all)
            daemon.set_keyed("daemon.setting", name, setting.value, setting.origin);
    }
    if (in.process != nullptr) gather_listeners(in.engines, *in.process, in.settings, root, inventory, daemon);
}

void gather_listeners(const EngineHost& engines, const EngineProcess& process, const DaemonSettings* settings,
                      const host::Root& root, Inventory& inventory, const Facts& owner) {
    const auto accounts = host::read_accounts(root);
    for (const EngineHost::Listener& listener : engines.listeners) {
        if (listener.process != &process) continue;
        const std::string name = listener.tcp ? listener.tcp->to_text() : listener.path;
        Facts& out = inventory.store.add(model::SubjectKind::listener, name,
                                         fmt::format("{} ({})", name, listener.process->kind), &owner);
        out.set("listener.engine", listener.process->kind, "/proc");
        out.set("listener.address", name, "kernel's socket table");
        listener.tcp ? set_tcp_listener(*listener.tcp, listener.process->kind == "docker" ? settings : nullptr, out)
                     : set_unix_listener(listener.path, accounts, root, out);
    }
}

}  // namespace plimsoll::posture
