#include "posture/engine_host.h"

#include <algorithm>
#include <array>

#include "host/process.h"

namespace plimsoll::posture {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kKinds = {
    {{"dockerd", "docker"}, {"containerd", "containerd"}, {"podman", "podman"}, {"crio", "crio"}}};

/// The kind by the executable's own name: a command line that merely mentions dockerd is not one.
std::string_view kind_of(std::string_view executable) {
    const std::string_view leaf = executable.substr(executable.rfind('/') + 1);
    for (const auto& [name, kind] : kKinds) {
        if (leaf == name || leaf == std::string(name) + " (deleted)") return kind;
    }
    return {};
}

std::optional<EngineProcess> read_engine(const host::Root& root, int pid) {
    const auto process = host::read_process(root, pid, host::kExecutable);
    if (!process || !*process || !(*process)->executable) return std::nullopt;
    const std::string_view kind = kind_of(*(*process)->executable);
    if (kind.empty()) return std::nullopt;
    const auto whole = host::read_process(root, pid, host::kCommandLine | host::kStartTime);
    if (!whole || !*whole) return std::nullopt;
    EngineProcess engine{.pid = pid, .kind = std::string(kind), .executable = *(*process)->executable};
    if ((*whole)->command_line) engine.command_line = (*whole)->command_line->arguments;
    if ((*whole)->start_ticks) {
        if (const auto seconds = host::start_seconds(root, *(*whole)->start_ticks)) engine.started = *seconds;
    }
    return engine;
}

void add_unix(const host::Root& root, const host::ListeningUnix& socket, const EngineProcess& process,
              EngineHost& out) {
    if (socket.path.empty() || socket.path.front() != '/') return;
    const auto resolved = host::resolve(root, socket.path);
    const std::string path = resolved && *resolved ? **resolved : socket.path;
    out.listeners.push_back({.path = path, .process = &process});
    EngineSocket known{.path = path, .word = process.kind + "-socket"};
    if (const auto facts = host::file_facts(root, path); facts && *facts) {
        known.inode = (*facts)->inode;
        known.device = (std::uint64_t{(*facts)->device_major} << 20U) | (*facts)->device_minor;
    }
    out.sockets.push_back(std::move(known));
}

}  // namespace

EngineHost look_for_engines(const host::Root& root) {
    EngineHost out;
    const auto pids = host::process_ids(root);
    if (!pids) {
        out.problems.push_back(pids.error().message);
        return out;
    }
    for (const pid_t pid : *pids) {
        if (auto engine = read_engine(root, pid)) out.processes.push_back(std::move(*engine));
    }
    std::vector<pid_t> candidates;
    for (const EngineProcess& process : out.processes) candidates.push_back(process.pid);
    const auto sockets = host::listening_sockets();
    if (!sockets) {
        out.problems.push_back(sockets.error().message);
        return out;
    }
    const host::SocketOwners owners = host::socket_owners(root, candidates);
    out.problems.insert(out.problems.end(), owners.unread.begin(), owners.unread.end());
    const auto owner = [&](std::uint64_t inode) -> const EngineProcess* {
        const auto found = owners.pids.find(inode);
        if (found == owners.pids.end()) return nullptr;
        const auto process = std::ranges::find(out.processes, found->second.front(), &EngineProcess::pid);
        return process == out.processes.end() ? nullptr : &*process;
    };
    for (const auto& socket : sockets->unix_sockets) {
        if (const EngineProcess* process = owner(socket.inode)) add_unix(root, socket, *process, out);
    }
    for (const auto& socket : sockets->tcp) {
        if (const EngineProcess* process = owner(socket.inode))
            out.listeners.push_back({.tcp = socket, .process = process});
    }
    return out;
}

const EngineProcess* EngineHost::behind(const host::Endpoint& endpoint, const host::Root& root) const {
    if (endpoint.tcp) {
        if (endpoint.name != "localhost" && endpoint.name != "::1" && !endpoint.name.starts_with("127."))
            return nullptr;
        const auto found =
            std::ranges::find_if(listeners, [&](const Listener& l) { return l.tcp && l.tcp->port == endpoint.port; });
        return found == listeners.end() ? nullptr : found->process;
    }
    const auto resolved = host::resolve(root, endpoint.path);
    const std::string path = resolved && *resolved ? **resolved : endpoint.path;
    const auto found = std::ranges::find_if(listeners, [&](const Listener& l) {
        return !l.path.empty() && l.path == path && l.process->kind != "containerd";
    });
    return found == listeners.end() ? nullptr : found->process;
}

}  // namespace plimsoll::posture
