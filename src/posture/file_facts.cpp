#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "host/accounts.h"
#include "host/unit_files.h"
#include "posture/file_audit.h"
#include "posture/host_facts.h"
#include "posture/reach.h"

namespace plimsoll::posture {

namespace {

using model::Facts;
using model::FieldKey;

/// Modes that checks compare with, as bits: decimal comparison calls 0602 stricter than 0644.
constexpr std::array<std::string_view, 12> kMasks = {"400", "440", "444", "600", "640", "644",
                                                     "660", "700", "710", "711", "750", "755"};

struct Place {
    std::string path;
    std::string_view role;
};

std::string setting_or(const DaemonSettings* settings, std::string_view name, std::string_view otherwise) {
    const Setting* setting = settings == nullptr ? nullptr : settings->find(name);
    return setting == nullptr || setting->value.empty() ? std::string(otherwise) : setting->value;
}

std::string home_expanded(std::string path) {
    if (path.starts_with("~/")) path = "/root" + path.substr(1);
    return path;
}

std::string_view binary_role(std::string_view path) {
    const std::string_view leaf = path.substr(path.rfind('/') + 1);
    if (leaf.starts_with("containerd-shim-runc-v2")) return "shim-v2-binary";
    if (leaf.starts_with("containerd-shim-runc-v1")) return "shim-v1-binary";
    if (leaf.starts_with("containerd-shim")) return "shim-binary";
    if (leaf == "containerd") return "containerd-binary";
    if (leaf == "runc" || leaf == "crun") return "runc-binary";
    return "docker-binary";
}

std::vector<Place> places(const host::Root& root, const DaemonSettings* settings,
                          const std::vector<std::string>& binaries) {
    std::vector<Place> all;
    const auto unit = [&](std::string_view name, std::string_view role) {
        if (const auto file = host::find_unit(root, name); file && *file && !(*file)->fragment.empty())
            all.push_back({(*file)->fragment, role});
        else
            all.push_back({fmt::format("/usr/lib/systemd/system/{}", name), role});
    };
    unit("docker.service", "docker-service");
    unit("docker.socket", "docker-socket-unit");
    all.push_back({"/etc/docker", "docker-etc"});
    all.push_back({"/etc/default/docker", "docker-defaults"});
    all.push_back({"/etc/sysconfig/docker", "docker-sysconfig"});
    all.push_back(
        {settings == nullptr || settings->config_file.empty() ? "/etc/docker/daemon.json" : settings->config_file,
         "daemon-json"});
    all.push_back({"/etc/containerd/config.toml", "containerd-config"});
    all.push_back({"/run/containerd", "containerd-run"});
    all.push_back({setting_or(settings, "data-root", "/var/lib/docker"), "data-root"});

    std::string docker_socket = "/run/docker.sock";
    const std::string hosts = setting_or(settings, "hosts", "");
    if (const auto at = hosts.find("unix://"); at != std::string::npos)
        docker_socket = hosts.substr(at + 7, hosts.find(',', at) - at - 7);
    all.push_back({docker_socket, "docker-sock"});
    const std::string managed = setting_or(settings, "exec-root", "/var/run/docker") + "/containerd/containerd.sock";
    all.push_back({"/run/containerd/containerd.sock", "containerd-sock"});
    all.push_back({managed, "containerd-sock"});

    const bool tls = settings != nullptr && (settings->is_true("tls") || settings->is_true("tlsverify"));
    if (tls) {
        all.push_back({home_expanded(setting_or(settings, "tlscacert", "")), "tls-ca"});
        all.push_back({home_expanded(setting_or(settings, "tlscert", "")), "tls-cert"});
        all.push_back({home_expanded(setting_or(settings, "tlskey", "")), "tls-key"});
    }
    if (const auto registries = host::list_directory(root, "/etc/docker/certs.d"); registries && *registries) {
        for (const auto& registry : **registries) {
            const std::string folder = "/etc/docker/certs.d/" + registry.name;
            const auto files = host::list_directory(root, folder);
            if (!files || !*files) continue;
            for (const auto& file : **files) {
                if (file.name.ends_with(".key"))
                    all.push_back({folder + "/" + file.name, "tls-key"});
                else if (file.name.ends_with(".crt") || file.name.ends_with(".cert"))
                    all.push_back({folder + "/" + file.name, "registry-certs"});
            }
        }
    }
    for (const std::string& binary : binaries) all.push_back({binary, binary_role(binary)});
    return all;
}

void set_mode(const host::FileFacts& file, Facts& out) {
    out.set("file.mode", fmt::format("{:04o}", file.mode), "stat");
    out.absent("file.mode.beyond", "stat");
    for (const std::string_view mask : kMasks) {
        std::uint32_t allowed = 0;
        std::from_chars(mask.data(), mask.data() + mask.size(), allowed, 8);
        out.set_keyed("file.mode.beyond", mask, (file.mode & 0777U & ~allowed) != 0 || file.extended_acl, "stat");
    }
}

void set_owner(const host::FileFacts& file, const Result<host::Accounts>& accounts, Facts& out) {
    out.set_number("file.uid", file.uid, "stat");
    out.set_number("file.gid", file.gid, "stat");
    const host::User* user = accounts ? accounts->user(file.uid) : nullptr;
    const host::Group* group = accounts ? accounts->group(file.gid) : nullptr;
    out.set("file.owner", user == nullptr ? std::to_string(file.uid) : user->name, "stat, /etc/passwd");
    out.set("file.group", group == nullptr ? std::to_string(file.gid) : group->name, "stat, /etc/group");
}

}  // namespace

void gather_files(const host::Root& root, const DaemonSettings* settings, const std::vector<std::string>& binaries,
                  Inventory& inventory) {
    const auto accounts = host::read_accounts(root);
    const LoadedAudit audit = loaded_audit(root);
    if (audit.rules)
        inventory.host->set_number("host.audit.rules", static_cast<std::int64_t>(audit.rules->rules().size()),
                                   "audit netlink");
    else
        inventory.host->unknown("host.audit.rules", audit.problem);

    std::vector<std::string> seen;
    for (const Place& place : places(root, settings, binaries)) {
        const auto resolved = host::resolve(root, place.path);
        const std::string path = resolved && *resolved ? **resolved : normalized(place.path);
        const std::string key = path + " " + std::string(place.role);
        if (std::ranges::find(seen, key) != seen.end()) continue;
        seen.push_back(key);

        Facts& out = inventory.store.add(model::SubjectKind::file, path, path, inventory.host);
        out.set("file.path", path, "engine's settings");
        out.set("file.role", place.role, "engine's settings");
        const auto facts = host::file_facts(root, path);
        if (!facts || !*facts) {
            if (facts)
                out.set("file.exists", false, "stat");
            else
                out.unknown("file.exists", facts.error().message);
            for (const FieldKey field :
                 {FieldKey("file.type"), FieldKey("file.uid"), FieldKey("file.gid"), FieldKey("file.owner"),
                  FieldKey("file.group"), FieldKey("file.mode"), FieldKey("file.mode.beyond")}) {
                if (facts)
                    out.absent(field, "stat");
                else
                    out.unknown(field, facts.error().message);
            }
        } else {
            out.set("file.exists", true, "stat");
            out.set("file.type", host::to_text((*facts)->type), "stat");
            set_owner(**facts, accounts, out);
            set_mode(**facts, out);
        }
        set_audited(audit, root, path, place.role, out);
    }
}

}  // namespace plimsoll::posture
