#include "posture/reach.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace plimsoll::posture {

namespace {

/// How a mount of `path` relates to a place.
enum class Relation : std::uint8_t { none, is, part, holds };

bool is_below(std::string_view path, std::string_view folder) {
    if (folder == "/") return path.size() > 1;
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

Relation relation(std::string_view path, std::string_view place) {
    if (path == place) return Relation::is;
    if (is_below(path, place)) return Relation::part;
    if (is_below(place, path)) return Relation::holds;
    return Relation::none;
}

struct Place {
    std::string_view path;
    std::string_view word;
};

/// Where a Linux host keeps what matters. A place that holds another is listed with its own word as well.
constexpr std::array kPlaces = {
    Place{"/etc", "etc"},
    Place{"/etc/cron.d", "etc-exec"},
    Place{"/etc/cron.hourly", "etc-exec"},
    Place{"/etc/cron.daily", "etc-exec"},
    Place{"/etc/cron.weekly", "etc-exec"},
    Place{"/etc/cron.monthly", "etc-exec"},
    Place{"/etc/crontab", "etc-exec"},
    Place{"/etc/systemd", "etc-exec"},
    Place{"/etc/init.d", "etc-exec"},
    Place{"/etc/rc.local", "etc-exec"},
    Place{"/etc/profile", "etc-exec"},
    Place{"/etc/profile.d", "etc-exec"},
    Place{"/etc/bash.bashrc", "etc-exec"},
    Place{"/etc/sudoers", "etc-exec"},
    Place{"/etc/sudoers.d", "etc-exec"},
    Place{"/etc/pam.d", "etc-exec"},
    Place{"/etc/ld.so.preload", "etc-exec"},
    Place{"/etc/ld.so.conf.d", "etc-exec"},
    Place{"/etc/udev", "etc-exec"},
    Place{"/etc/apt/apt.conf.d", "etc-exec"},
    Place{"/etc/modprobe.d", "etc-exec"},
    Place{"/etc/passwd", "etc-exec"},
    Place{"/etc/docker", "etc-exec"},
    Place{"/etc/containerd", "etc-exec"},
    Place{"/var/spool/cron", "etc-exec"},
    Place{"/run/systemd/system", "etc-exec"},
    Place{"/usr/lib/systemd", "etc-exec"},
    Place{"/lib/systemd", "etc-exec"},
    Place{"/etc/environment", "etc-exec"},
    Place{"/etc/ld.so.conf", "etc-exec"},
    Place{"/root/.bashrc", "etc-exec"},
    Place{"/root/.profile", "etc-exec"},
    Place{"/root/.bash_profile", "etc-exec"},
    Place{"/root/.zshrc", "etc-exec"},
    Place{"/var/lib/dpkg", "etc-exec"},
    Place{"/var/lib/rpm", "etc-exec"},
    Place{"/usr/local/bin", "etc-exec"},
    Place{"/usr/local/sbin", "etc-exec"},
    Place{"/etc/shadow-", "credentials"},
    Place{"/etc/gshadow-", "credentials"},
    Place{"/etc/shadow", "credentials"},
    Place{"/etc/gshadow", "credentials"},
    Place{"/etc/ssl/private", "credentials"},
    Place{"/etc/pki/tls/private", "credentials"},
    Place{"/etc/letsencrypt", "credentials"},
    Place{"/etc/krb5.keytab", "credentials"},
    Place{"/etc/kubernetes", "credentials"},
    Place{"/root/.aws", "credentials"},
    Place{"/root/.kube", "credentials"},
    Place{"/root/.docker", "credentials"},
    Place{"/root/.config/gcloud", "credentials"},
    Place{"/root/.azure", "credentials"},
    Place{"/root/.gnupg", "credentials"},
    Place{"/var/lib/kubelet", "credentials"},
    Place{"/etc/ssh", "ssh-keys"},
    Place{"/root/.ssh", "ssh-keys"},
    Place{"/root", "root-home"},
    Place{"/home", "home"},
    Place{"/run", "run"},
    Place{"/run/dbus/system_bus_socket", "dbus-socket"},
    Place{"/run/systemd/private", "dbus-socket"},
    Place{"/run/docker.sock", "docker-socket"},
    Place{"/run/containerd/containerd.sock", "containerd-socket"},
    Place{"/run/docker/containerd/containerd.sock", "containerd-socket"},
    Place{"/run/podman/podman.sock", "podman-socket"},
    Place{"/run/crio/crio.sock", "crio-socket"},
    Place{"/var/lib/docker", "engine-data"},
    Place{"/var/lib/containerd", "engine-data"},
    Place{"/var/lib/containers", "engine-data"},
    Place{"/var/lib/kubelet", "kubelet"},
    Place{"/etc/kubernetes", "kubelet"},
    Place{"/proc", "proc"},
    Place{"/sys", "sys"},
    Place{"/sys/fs/cgroup", "cgroup"},
    Place{"/sys/kernel/debug", "debugfs"},
    Place{"/sys/kernel/tracing", "debugfs"},
    Place{"/dev", "dev"},
    Place{"/boot", "boot"},
    Place{"/lib/modules", "modules"},
    Place{"/usr/lib/modules", "modules"},
    Place{"/usr", "binaries"},
    Place{"/bin", "binaries"},
    Place{"/sbin", "binaries"},
    Place{"/lib", "binaries"},
    Place{"/lib64", "binaries"},
    Place{"/opt", "binaries"},
    Place{"/var/log", "var-log"},
    Place{"/var/log/audit", "audit-log"},
    Place{"/var/spool", "spool"},
    Place{"/tmp", "tmp"},
    Place{"/var/tmp", "tmp"},
};

/// Parts of places that everybody may know and nothing is run from: mounting one alone says nothing.
constexpr std::array<std::string_view, 17> kHarmless = {
    "/etc/localtime",      "/etc/timezone",    "/etc/hosts",
    "/etc/hostname",       "/etc/resolv.conf", "/etc/machine-id",
    "/etc/os-release",     "/etc/ssl/certs",   "/etc/ca-certificates",
    "/etc/pki/ca-trust",   "/usr/share",       "/usr/local/share",
    "/usr/lib/os-release", "/dev/null",        "/dev/zero",
    "/dev/urandom",        "/dev/shm"};

/// Folders in any user's home that hold keys.
constexpr std::array kInHomes = {
    Place{"/.ssh", "ssh-keys"},       Place{"/.aws", "credentials"},           Place{"/.kube", "credentials"},
    Place{"/.docker", "credentials"}, Place{"/.config/gcloud", "credentials"}, Place{"/.azure", "credentials"},
    Place{"/.gnupg", "credentials"}};

bool looks_like_secret(std::string_view path) {
    const std::string leaf = lowered(path.substr(path.rfind('/') + 1));
    static constexpr std::array<std::string_view, 9> kEndings = {".pem",      ".key",  ".p12",    ".pfx", ".jks",
                                                                 ".keystore", ".kdbx", ".keytab", ".ovpn"};
    static constexpr std::array<std::string_view, 14> kNames = {
        "id_rsa",    "id_ed25519", "id_ecdsa",         "id_dsa", ".netrc",  ".pgpass", "credentials",
        ".htpasswd", "kubeconfig", ".git-credentials", ".npmrc", ".pypirc", "shadow",  ".env"};
    const bool certificate = leaf.find("cert") != std::string::npos || leaf.find("chain") != std::string::npos ||
                             leaf.starts_with("ca.") || leaf.starts_with("ca-") ||
                             leaf.find("public") != std::string::npos;
    if (std::ranges::find(kNames, leaf) != kNames.end()) return true;
    return !certificate && std::ranges::any_of(kEndings, [&](auto ending) { return leaf.ends_with(ending); });
}

class Words {
public:
    explicit Words(std::string_view path) : path_(path) {}

    void consider(std::string_view place, std::string_view word) {
        const Relation how = relation(path_, place);
        if (how == Relation::none) return;
        words_.emplace(word);
        exact_ = exact_ || how == Relation::is;
    }
    void add(std::string_view word) {
        words_.emplace(word);
        exact_ = true;
    }
    [[nodiscard]] bool exact() const { return exact_; }
    [[nodiscard]] bool has(std::string_view word) const { return words_.contains(word); }
    [[nodiscard]] std::vector<std::string> take() && { return {words_.begin(), words_.end()}; }

private:
    std::string_view path_;
    std::set<std::string, std::less<>> words_;
    bool exact_ = false;
};

void consider_homes(std::string_view path, Words& words) {
    if (!is_below(path, "/home")) return;
    const auto end = path.find('/', 6);
    const std::string home(path.substr(0, end));
    for (const Place& place : kInHomes) words.consider(home + std::string(place.path), place.word);
}

/// An engine's socket at a place of its own, by the name that engines give it: what is left when the host cannot be
/// asked.
void consider_socket_name(std::string_view path, Words& words) {
    static constexpr std::array kNames = {Place{"docker.sock", "docker-socket"},
                                          Place{"containerd.sock", "containerd-socket"},
                                          Place{"podman.sock", "podman-socket"}, Place{"crio.sock", "crio-socket"}};
    for (const Place& name : kNames) {
        if (path.substr(path.rfind('/') + 1) == name.path) words.add(name.word);
    }
}

}  // namespace

std::string normalized(std::string_view path) {
    std::vector<std::string_view> parts;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else {
            parts.push_back(part);
        }
    }
    std::string out;
    for (const std::string_view part : parts) out.append("/").append(part);
    return out.empty() ? "/" : out;
}

namespace {

/// By path alone.
Reach reach_of_path(std::string_view path, const SourceFacts& source, const HostPlaces& places) {
    Words words(path);
    const bool harmless =
        std::ranges::any_of(kHarmless, [&](auto place) { return path == place || is_below(path, place); });
    if (path == "/") words.add("host-root");
    if (!harmless) {
        for (const Place& place : kPlaces) words.consider(place.path, place.word);
        consider_homes(path, words);
    }
    for (const std::string& root : places.data_roots) {
        words.consider(root, "engine-data");
        for (const char* leaf : {"/volumes", "/containers", "/overlay2"}) {
            if (relation(path, root + leaf) == Relation::is || is_below(path, root + leaf))
                words.consider(root + leaf, "container-data");
        }
    }
    for (const EngineSocket& socket : places.sockets) {
        words.consider(socket.path, socket.word);
        if (source.socket && source.inode != 0 && source.inode == socket.inode && source.device == socket.device)
            words.add(socket.word);
    }
    consider_socket_name(path, words);
    if (source.socket && !words.has("docker-socket") && !words.has("containerd-socket") &&
        !words.has("podman-socket") && !words.has("crio-socket") && !words.has("dbus-socket")) {
        words.add("other-socket");
    }
    if (source.block_device) words.add("disk-device");
    Reach reach{.exact = words.exact(), .secret = looks_like_secret(path)};
    reach.words = std::move(words).take();
    return reach;
}

}  // namespace

Reach reach_of(std::string_view path, const SourceFacts& source, const HostPlaces& places) {
    Reach reach = reach_of_path(path, source, places);
    for (const std::string& other : source.also) {
        const Reach more = reach_of_path(other, {}, places);
        reach.words.insert(reach.words.end(), more.words.begin(), more.words.end());
        reach.exact = reach.exact || more.exact;
        reach.secret = reach.secret || more.secret;
    }
    std::ranges::sort(reach.words);
    reach.words.erase(std::ranges::unique(reach.words).begin(), reach.words.end());
    return reach;
}

}  // namespace plimsoll::posture
