#include "audit/rules/engine_host.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/json.h"
#include "host/listening_sockets.h"
#include "host/process.h"
#include "host/unit_files.h"

namespace plimsoll::audit {

namespace {

using Found = EngineTraces::Found;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kDaemons = {{{"dockerd", "docker"},
                                                                                    {"containerd", "containerd"},
                                                                                    {"buildkitd", "docker"},
                                                                                    {"docker-proxy", "docker"},
                                                                                    {"cri-dockerd", "docker"},
                                                                                    {"podman", "podman"},
                                                                                    {"conmon", "podman"},
                                                                                    {"crio", "podman"}}};

std::string_view leaf_of(std::string_view path) {
    if (path.ends_with(" (deleted)")) path.remove_suffix(10);
    return path.substr(path.rfind('/') + 1);
}

std::string_view engine_of(std::string_view executable) {
    const std::string_view leaf = leaf_of(executable);
    if (leaf.starts_with("containerd-shim")) return "containerd";
    for (const auto& [name, engine] : kDaemons) {
        if (leaf == name) return engine;
    }
    return {};
}

std::string resolved(const host::Root& root, const std::string& path) {
    const auto real = host::resolve(root, path);
    return real && *real ? **real : path;
}

void add(std::vector<Found>& to, std::string_view engine, std::string path) {
    if (path.empty() || path.front() != '/') return;
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (std::ranges::find(to, path, &Found::path) == to.end()) to.push_back({std::string(engine), std::move(path)});
}

/// The values of `--name value`, `--name=value` and the short form, in order.
std::vector<std::string> flag_values(const std::vector<std::string>& words, std::string_view name,
                                     std::string_view brief = {}) {
    std::vector<std::string> out;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const bool exact = word == name || (!brief.empty() && word == brief);
        if (exact && i + 1 < words.size()) out.push_back(words[++i]);
        if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=')
            out.emplace_back(word.substr(name.size() + 1));
    }
    return out;
}

void add_socket(EngineTraces& out, const host::Root& root, std::string_view engine, std::string_view address) {
    if (address.starts_with("unix://")) address.remove_prefix(7);
    if (address.starts_with('/')) add(out.sockets, engine, resolved(root, std::string(address)));
}

void read_daemon_json(const host::Root& root, const std::string& path, EngineTraces& out) {
    add(out.configs, "docker", resolved(root, path));
    const auto text = host::read_if_exists(root, path);
    if (!text) out.problems.push_back(text.error().message);
    if (!text || !*text) return;
    const auto document = JsonDocument::parse(**text);
    if (!document) {
        out.problems.push_back(path + ": " + document.error().message);
        return;
    }
    const Json settings = document->root();
    for (const char* name : {"data-root", "graph"}) {
        if (const auto value = settings[name].text())
            add(out.data_roots, "docker", resolved(root, std::string(*value)));
    }
    settings["hosts"].each([&](Json host) { add_socket(out, root, "docker", host.text_or("")); });
    if (const auto value = settings["exec-root"].text())
        add_socket(out, root, "containerd", std::string(*value) + "/containerd/containerd.sock");
}

void read_command_line(const host::Root& root, std::string_view name, const std::vector<std::string>& words,
                       EngineTraces& out) {
    if (name == "dockerd") {
        for (const auto& value : flag_values(words, "--data-root", "-g"))
            add(out.data_roots, "docker", resolved(root, value));
        for (const auto& value : flag_values(words, "--host", "-H")) add_socket(out, root, "docker", value);
        for (const auto& value : flag_values(words, "--exec-root"))
            add_socket(out, root, "containerd", value + "/containerd/containerd.sock");
        for (const auto& value : flag_values(words, "--containerd")) add_socket(out, root, "containerd", value);
        for (const auto& value : flag_values(words, "--config-file")) read_daemon_json(root, value, out);
    } else if (name == "containerd") {
        for (const auto& value : flag_values(words, "--address", "-a")) add_socket(out, root, "containerd", value);
        for (const auto& value : flag_values(words, "--config", "-c"))
            add(out.configs, "containerd", resolved(root, value));
        for (const auto& value : flag_values(words, "--root")) add(out.data_roots, "containerd", resolved(root, value));
    }
}

void read_unit(const host::Root& root, EngineTraces& out) {
    const auto service = host::find_unit(root, "docker.service");
    if (service && *service) {
        for (const std::string& start : (*service)->values("Service", "ExecStart"))
            read_command_line(root, "dockerd", host::unit_words(start), out);
    }
    for (const char* name : {"docker.socket", "podman.socket"}) {
        const auto unit = host::find_unit(root, name);
        if (!unit || !*unit) continue;
        for (const std::string& listen : (*unit)->values("Socket", "ListenStream"))
            add_socket(out, root, name[0] == 'd' ? "docker" : "podman", listen);
    }
}

void read_sockets(const host::Root& root, const std::map<pid_t, std::string>& engines, EngineTraces& out) {
    const auto sockets = host::listening_sockets();
    if (!sockets) {
        out.problems.push_back(sockets.error().message);
        return;
    }
    std::vector<pid_t> pids;
    for (const auto& [pid, engine] : engines) pids.push_back(pid);
    const host::SocketOwners owners = host::socket_owners(root, pids);
    out.problems.insert(out.problems.end(), owners.unread.begin(), owners.unread.end());
    for (const auto& socket : sockets->unix_sockets) {
        const auto owner = owners.pids.find(socket.inode);
        if (owner == owners.pids.end() || !socket.path.starts_with('/')) continue;
        const std::string path = resolved(root, socket.path);
        // Sockets of single containers, of networks and of metrics command nobody, and come and go.
        const std::string_view leaf = leaf_of(path);
        if (leaf == "docker.sock" || leaf.starts_with("containerd.sock") || leaf == "podman.sock" ||
            leaf == "buildkitd.sock" || leaf == "crio.sock" || leaf == "cri-dockerd.sock")
            add(out.sockets, engines.at(owner->second.front()), path);
    }
}

}  // namespace

EngineTraces find_engine_traces(const host::Root& root) {
    EngineTraces out;
    read_unit(root, out);
    read_daemon_json(root, "/etc/docker/daemon.json", out);
    const auto pids = host::process_ids(root);
    if (!pids) {
        out.problems.push_back(pids.error().message);
        return out;
    }
    std::map<pid_t, std::string> engines;
    for (const pid_t pid : *pids) {
        const auto process = host::read_process(root, pid, host::kExecutable | host::kCommandLine);
        if (!process || !*process || !(*process)->executable) continue;
        const std::string_view engine = engine_of(*(*process)->executable);
        if (engine.empty()) continue;
        const std::string name(leaf_of(*(*process)->executable));
        if (!(*process)->executable->ends_with(" (deleted)")) add(out.programs, engine, *(*process)->executable);
        if ((*process)->command_line) read_command_line(root, name, (*process)->command_line->arguments, out);
        if (!name.starts_with("containerd-shim")) engines.emplace(pid, engine);
    }
    // The socket tables are those of the running host, whatever tree is looked at.
    if (root.path == "/") read_sockets(root, engines, out);
    return out;
}

std::vector<WatchedProcess> find_watched_processes(const host::Root& root) {
    std::vector<WatchedProcess> out;
    const auto pids = host::process_ids(root);
    if (!pids) return out;
    for (const pid_t pid : *pids) {
        const auto process = host::read_process(root, pid, host::kExecutable | host::kStartTime);
        if (!process || !*process || !(*process)->executable || !(*process)->start_ticks) continue;
        const std::string_view name = leaf_of(*(*process)->executable);
        if (engine_of(*(*process)->executable).empty() && name != "sshd" && name != "sshd-session") continue;
        const auto started = host::start_seconds(root, *(*process)->start_ticks);
        if (started) out.push_back({pid, std::string(name), *started});
    }
    return out;
}

}  // namespace plimsoll::audit
