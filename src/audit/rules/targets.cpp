#include "audit/rules/targets.h"

#include <algorithm>
#include <array>

#include "host/unit_files.h"

namespace plimsoll::audit {

namespace {

using Kind = Target::Kind;

constexpr std::string_view kPath[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/snap/bin"};

struct Program {
    std::string_view engine, name, key, what;
    std::string_view item;  ///< of the benchmark; with one, /usr/bin/NAME is watched even while it is not there
};
constexpr Program kPrograms[] = {
    {"docker", "dockerd", "plimsoll-docker-program", "the daemon was started, replaced or changed", "1.1.3"},
    {"docker", "docker", "plimsoll-docker-client", "somebody ran the client", ""},
    {"docker", "docker-compose", "plimsoll-docker-client", "somebody ran the client", ""},
    {"docker", "docker-init", "plimsoll-docker-program", "the init of containers was replaced", ""},
    {"docker", "docker-proxy", "plimsoll-docker-program", "the proxy of published ports was started or replaced", ""},
    {"docker", "buildkitd", "plimsoll-docker-program", "the builder was started or replaced", ""},
    {"containerd", "containerd", "plimsoll-containerd-program", "containerd was started, replaced or changed",
     "1.1.14"},
    {"containerd", "containerd-shim", "plimsoll-containerd-program", "a container was started; the program replaced",
     "1.1.15"},
    {"containerd", "containerd-shim-runc-v1", "plimsoll-containerd-program",
     "a container was started; the program replaced", "1.1.16"},
    {"containerd", "containerd-shim-runc-v2", "plimsoll-containerd-program",
     "a container was started (its id stands in the command line); the program replaced", "1.1.17"},
    {"containerd", "ctr", "plimsoll-containerd-client", "somebody went past the engine to containerd", ""},
    {"containerd", "nerdctl", "plimsoll-containerd-client", "somebody went past the engine to containerd", ""},
    {"containerd", "crictl", "plimsoll-containerd-client", "somebody went past the engine to containerd", ""},
    {"containerd", "runc", "plimsoll-runtime", "a container or an exec was set up; the program replaced, as escapes do",
     "1.1.18"},
    {"podman", "crun", "plimsoll-runtime", "a container or an exec was set up; the program replaced, as escapes do",
     ""},
    {"podman", "podman", "plimsoll-podman-client", "somebody ran podman", ""},
    {"podman", "conmon", "plimsoll-podman-program", "a container was started; the program replaced", ""},
};

struct Place {
    Kind kind;
    std::string_view engine, path, key, what, item;
};
constexpr Place kPlaces[] = {
    {Kind::socket, "docker", "/run/docker.sock", "plimsoll-docker-sock", "somebody connects to the engine", "1.1.9"},
    {Kind::socket, "docker", "/run/buildkit/buildkitd.sock", "plimsoll-docker-sock", "somebody connects to the builder",
     ""},
    {Kind::socket, "containerd", "/run/containerd/containerd.sock", "plimsoll-containerd-sock",
     "somebody connects to containerd, past the engine", "1.1.8"},
    {Kind::socket, "containerd", "/run/docker/containerd/containerd.sock", "plimsoll-containerd-sock",
     "somebody connects to containerd, past the engine", "1.1.8"},
    {Kind::socket, "podman", "/run/podman/podman.sock", "plimsoll-podman-sock", "somebody connects to podman", ""},
    {Kind::file, "docker", "/etc/docker/daemon.json", "plimsoll-docker-config",
     "how all containers are confined was changed", "1.1.11"},
    {Kind::file, "docker", "/etc/default/docker", "plimsoll-docker-config", "the daemon's flags were changed",
     "1.1.10"},
    {Kind::file, "docker", "/etc/sysconfig/docker", "plimsoll-docker-config", "the daemon's flags were changed",
     "1.1.13"},
    {Kind::file, "docker", "/root/.docker/config.json", "plimsoll-docker-config",
     "root's logins and credential helpers were changed", ""},
    {Kind::file, "containerd", "/etc/containerd/config.toml", "plimsoll-containerd-config",
     "runtimes or plugins were changed", "1.1.12"},
    {Kind::tree, "docker", "/etc/docker", "plimsoll-docker-config",
     "certificates, keys or plugins of the engine were changed", "1.1.6"},
    {Kind::tree, "docker", "/usr/libexec/docker/cli-plugins", "plimsoll-docker-plugin",
     "a program that the client runs was added or replaced", ""},
    {Kind::tree, "docker", "/usr/lib/docker/cli-plugins", "plimsoll-docker-plugin",
     "a program that the client runs was added or replaced", ""},
    {Kind::tree, "docker", "/usr/local/lib/docker/cli-plugins", "plimsoll-docker-plugin",
     "a program that the client runs was added or replaced", ""},
    {Kind::tree, "docker", "/root/.docker/cli-plugins", "plimsoll-docker-plugin",
     "a program that root's client runs was added or replaced", ""},
    {Kind::tree, "docker", "/usr/lib/docker/plugins", "plimsoll-docker-plugin",
     "a plugin of the engine (authorization among them) was added or replaced", ""},
    {Kind::tree, "docker", "/run/docker/plugins", "plimsoll-docker-plugin",
     "a plugin of the engine (authorization among them) was added or replaced", ""},
    {Kind::tree, "docker", "/etc/systemd/system/docker.service.d", "plimsoll-docker-unit",
     "the daemon's flags were changed", ""},
    {Kind::tree, "containerd", "/etc/containerd", "plimsoll-containerd-config",
     "runtimes, plugins or registries were changed", ""},
    {Kind::tree, "containerd", "/etc/cni/net.d", "plimsoll-containerd-config", "networks of containers were changed",
     ""},
    {Kind::directory, "containerd", "/run/containerd", "plimsoll-containerd-state",
     "containerd's state folder was changed", "1.1.4"},
    {Kind::tree, "podman", "/etc/containers", "plimsoll-podman-config", "storage, registries or policy were changed",
     ""},
};

struct Unit {
    std::string_view engine, name, item;
};
constexpr Unit kUnits[] = {{"docker", "docker.service", "1.1.7"},
                           {"docker", "docker.socket", "1.1.9"},
                           {"containerd", "containerd.service", ""},
                           {"podman", "podman.service", ""},
                           {"podman", "podman.socket", ""}};

std::pair<std::string, std::string> cut(const std::string& path) {
    const auto slash = path.rfind('/');
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

class Collector {
public:
    Collector(const host::Root& root, const std::vector<std::string>& engines) : root_(root), engines_(engines) {}

    [[nodiscard]] bool wants(std::string_view engine) const {
        return std::ranges::find(engines_, engine) != engines_.end();
    }

    /// Adds a path once; a second reason to watch it adds its item of the benchmark.
    void add(Kind kind, const std::string& path, std::string_view key, std::string_view what, std::string_view item) {
        Target target{.kind = kind, .path = path, .key = std::string(key), .what = std::string(what)};
        const auto [folder, leaf] = cut(path);
        if (const auto real = host::resolve(root_, folder); real && *real) {
            target.parent_exists = true;
            target.path = (**real == "/" ? "" : **real) + "/" + leaf;
        }
        const auto facts = host::file_facts(root_, target.path, host::Links::keep);
        target.exists = facts && *facts;
        if (!item.empty()) target.items.emplace_back(item);
        if (target.exists && (*facts)->type == host::FileType::symlink) {
            const auto real = host::resolve(root_, target.path);
            target.link = real && *real ? **real : "a file that does not exist";
            if (real && *real) add(kind, **real, key, what, item);
        }
        const auto known = std::ranges::find(all_, target.path, &Target::path);
        if (known == all_.end()) {
            all_.push_back(std::move(target));
        } else if (!item.empty() && std::ranges::find(known->items, item) == known->items.end()) {
            known->items.emplace_back(item);
        }
    }

    [[nodiscard]] bool exists(const std::string& path) const {
        const auto facts = host::file_facts(root_, path);
        return facts && *facts;
    }

    std::vector<Target> finish() {
        // A tree behind all that lies in it; a deeper tree before a higher one.
        std::ranges::stable_sort(all_, [](const Target& a, const Target& b) {
            const bool tree_a = a.kind == Kind::tree;
            const bool tree_b = b.kind == Kind::tree;
            if (tree_a != tree_b) return tree_b;
            return tree_a && a.path.size() > b.path.size();
        });
        return std::move(all_);
    }

private:
    host::Root root_;
    const std::vector<std::string>& engines_;
    std::vector<Target> all_;
};

void add_programs(const EngineTraces& traces, Collector& to) {
    for (const Program& program : kPrograms) {
        if (!to.wants(program.engine)) continue;
        const std::string name(program.name);
        if (!program.item.empty()) to.add(Kind::program, "/usr/bin/" + name, program.key, program.what, program.item);
        for (const std::string_view folder : kPath) {
            const std::string path = std::string(folder) + "/" + name;
            if (to.exists(path)) to.add(Kind::program, path, program.key, program.what, program.item);
        }
        for (const EngineTraces::Found& running : traces.programs) {
            if (cut(running.path).second == name && to.exists(running.path))
                to.add(Kind::program, running.path, program.key, program.what, program.item);
        }
    }
}

}  // namespace

std::vector<std::string> engines_here(const host::Root& root, const EngineTraces& traces) {
    std::vector<std::string> out;
    const auto here = [&](std::string_view engine, std::initializer_list<std::string_view> names) {
        bool found = std::ranges::find(traces.programs, engine, &EngineTraces::Found::engine) != traces.programs.end();
        for (const std::string_view folder : kPath) {
            for (const std::string_view name : names) {
                const auto facts = host::file_facts(root, std::string(folder) + "/" + std::string(name));
                found = found || (facts && *facts);
            }
        }
        if (found) out.emplace_back(engine);
    };
    here("docker", {"dockerd", "docker"});
    here("containerd", {"containerd", "runc"});
    here("podman", {"podman", "crio"});
    return out;
}

std::vector<Target> find_targets(const host::Root& root, const std::vector<std::string>& engines,
                                 const EngineTraces& traces) {
    Collector out(root, engines);
    for (const auto& socket : traces.sockets) {
        if (!out.wants(socket.engine)) continue;
        const bool docker = socket.engine == "docker";
        out.add(Kind::socket, socket.path, "plimsoll-" + socket.engine + "-sock",
                docker ? "somebody connects to the engine" : "somebody connects to " + socket.engine,
                docker                          ? "1.1.9"
                : socket.engine == "containerd" ? "1.1.8"
                                                : "");
    }
    for (const Place& place : kPlaces) {
        if (out.wants(place.engine) && place.kind == Kind::socket)
            out.add(place.kind, std::string(place.path), place.key, place.what, place.item);
    }
    add_programs(traces, out);
    for (const Unit& unit : kUnits) {
        if (!out.wants(unit.engine)) continue;
        const auto file = host::find_unit(root, unit.name);
        const std::string key = "plimsoll-" + std::string(unit.engine) + "-unit";
        if (file && *file && !(*file)->fragment.empty())
            out.add(Kind::file, (*file)->fragment, key, "how the daemon is started was changed", unit.item);
        else if (!unit.item.empty())
            out.add(Kind::file, "/usr/lib/systemd/system/" + std::string(unit.name), key,
                    "how the daemon is started was changed", unit.item);
    }
    for (const Place& place : kPlaces) {
        if (out.wants(place.engine) && place.kind != Kind::socket)
            out.add(place.kind, std::string(place.path), place.key, place.what, place.item);
    }
    for (const auto& config : traces.configs) {
        if (out.wants(config.engine))
            out.add(Kind::file, config.path, "plimsoll-" + config.engine + "-config",
                    "the daemon's settings were changed", config.engine == "docker" ? "1.1.11" : "1.1.12");
    }
    bool docker_root = false;
    for (const auto& data : traces.data_roots) {
        if (out.wants(data.engine))
            out.add(Kind::directory, data.path, "plimsoll-" + data.engine + "-data",
                    "the data root itself was changed, or something directly in it",
                    data.engine == "docker" ? "1.1.5" : "");
        docker_root = docker_root || data.engine == "docker";
    }
    if (!docker_root && out.wants("docker"))
        out.add(Kind::directory, "/var/lib/docker", "plimsoll-docker-data",
                "the data root itself was changed, or something directly in it", "1.1.5");
    return out.finish();
}

}  // namespace plimsoll::audit
