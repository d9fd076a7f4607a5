#include "app/kernel_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/secret_mask.h"
#include "enrich/engine_request.h"

namespace plimsoll::app {

namespace {

constexpr std::size_t kMostLine = 4096;
constexpr std::size_t kMostCommand = 4096;
constexpr std::size_t kIdLength = 64;
constexpr int kMostGenerations = 64;
constexpr int kMostRuntimes = 6;  ///< processes of the runtime between a session's first process and its shim
constexpr std::uint32_t kNone = 0xffffffffU;

/// Questions that give more away than a list, or that act though they only ask.
bool tells(const enrich::EngineRequest& request) {
    if (request.method != "GET" && request.method != "HEAD") return !request.path.empty();
    static constexpr std::array<std::string_view, 6> kTelling = {"archive", "export", "logs", "ws", "attach", "get"};
    return !request.path.empty() && std::ranges::find(kTelling, request.path.back()) != kTelling.end();
}

/// Method and target of "POST /v1.41/containers/create?name=web HTTP/1.1"; nothing when it is no such line. `cut`: its
/// end is not there.
std::pair<std::string_view, std::string_view> first_line(std::string_view data, bool cut) {
    data = data.substr(0, std::min(data.find_first_of("\r\n"), kMostLine));
    const auto method = data.find(' ');
    if (method == std::string_view::npos) return {};
    const std::string_view rest = data.substr(method + 1);
    const auto end = rest.find(' ');
    if (end == std::string_view::npos ? !cut : !rest.substr(end).starts_with(" HTTP/1.")) return {};
    return {data.substr(0, method), rest.substr(0, end)};
}

/// The target with what a build is given hidden: passwords and tokens are often among its arguments.
std::string without_secrets(std::string_view target) {
    static constexpr std::array<std::string_view, 3> kHidden = {"buildargs=", "changes=", "labels="};
    std::string out(target);
    for (const std::string_view name : kHidden) {
        for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + 1)) {
            if (at == 0 || (out[at - 1] != '?' && out[at - 1] != '&')) continue;
            const auto value = at + name.size();
            out.replace(value, std::min(out.find('&', value), out.size()) - value, kMasked);
        }
    }
    return out;
}

bool is_id(std::string_view text) {
    return text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string terminal(std::uint32_t device) {
    constexpr std::uint32_t kFirstPts = 136, kLastPts = 143, kConsoles = 4;
    const std::uint32_t major = device >> 8U & 0xfffU;
    const std::uint32_t minor = (device & 0xffU) | (device >> 12U & 0xfff00U);
    if (major >= kFirstPts && major <= kLastPts) return fmt::format("pts/{}", minor + 256 * (major - kFirstPts));
    if (major == kConsoles) return fmt::format("tty{}", minor);
    return {};
}

bool is_runtime(std::string_view path) {
    static constexpr std::array<std::string_view, 6> kNames = {"runc",        "crun",   "youki",
                                                               "docker-runc", "conmon", "containerd-shim-runc-v2"};
    if (path.starts_with("/memfd:runc_cloned")) return true;
    return std::ranges::find(kNames, path.substr(path.rfind('/') + 1)) != kNames.end();
}

}  // namespace

std::optional<model::Event> request_record(const sensor::RawEvent& raw, const sensor::ProcessTable& table,
                                           const sensor::Surroundings& surroundings, std::uint32_t own_pid) {
    if (raw.socket == nullptr || raw.socket->peer_pid == own_pid) return std::nullopt;
    // An engine that is not root's is believed about its own user alone: any program can call itself one.
    if (raw.head->euid != 0 && raw.socket->peer_uid != raw.head->euid) return std::nullopt;
    const auto [method, target] = first_line(raw.string(WIRE_DATA), raw.has(WIRE_CUT));
    if (method.empty()) return std::nullopt;
    if (!std::ranges::all_of(method, [](char c) { return c >= 'A' && c <= 'Z'; })) return std::nullopt;
    const enrich::EngineRequest request = enrich::engine_request(method, target);
    if (!tells(request)) return std::nullopt;

    model::Event out(static_cast<Nanoseconds>(raw.head->time) + surroundings.boot_offset);
    out.set("record.kind", "event");
    out.set("evt.source", "syscall");
    out.set("evt.type", "request");
    out.set("api.method", method);
    out.set("api.path", without_secrets(target));
    out.set_number("who.pid", raw.socket->peer_pid);
    out.set_unsigned("who.uid", raw.socket->peer_uid);
    const sensor::Process* engine = table.find(raw.head->pid);
    if (engine != nullptr && engine->program != nullptr) out.set("proc.exepath", engine->program->exepath);
    out.set_number("proc.pid", raw.head->pid);
    const sensor::Process* peer = table.find(raw.socket->peer_pid);
    std::string person = fmt::format("user {}", raw.socket->peer_uid);
    if (peer != nullptr) {
        const std::uint32_t login = peer->credentials.loginuid;
        if (surroundings.users != nullptr && !peer->in_container) {
            const std::uint32_t uid = raw.socket->peer_uid;
            const auto names = surroundings.users->names({}, raw.socket->peer_pid, uid, 0);
            if (!names.user.empty()) out.set("user.name", names.user);
            if (!names.user.empty()) person = names.user;
            if (login != kNone) {
                const auto of_login = surroundings.users->names({}, raw.socket->peer_pid, login, 0);
                person = of_login.user.empty() ? fmt::format("user {}", login) : std::string(of_login.user);
            }
        }
        out.set_number("who.loginuid", login == kNone ? -1 : static_cast<std::int64_t>(login));
        out.set_number("who.session",
                       peer->task.login_session == kNone ? -1 : static_cast<std::int64_t>(peer->task.login_session));
        if (const std::string tty = terminal(peer->task.tty); !tty.empty()) out.set("who.tty", tty);
        if (peer->program != nullptr) {
            out.set("who.exe", peer->program->exepath);
            SecretMasker masker;
            const std::string command(peer->program->cmdline.substr(0, kMostCommand));
            out.set("who.command", masker.text(command).value_or(command));
        }
        if (peer->in_container && peer->container != nullptr) {
            out.set("container.id", std::string_view(peer->container->id).substr(0, 12));
            out.set("container.full_id", peer->container->id);
            const std::string& name = peer->container->name.empty() ? peer->container->id : peer->container->name;
            out.set("container.name", name);
            person = "container " + name;
        }
    }
    out.set("who.name", person);
    out.set("who.strength", "proved");
    out.set("record.summary",
            fmt::format("{} asked {} (process {}{}{})", person, request.to_text(), raw.socket->peer_pid,
                        out.text("who.exe").empty() ? "" : " ", out.text("who.exe")));
    return out;
}

bool is_set_up(const sensor::Process& process) {
    if (!process.in_container || process.program == nullptr || process.program->mount_namespace == 0) return false;
    // A container without mounts of its own would look the same: the program must be a runtime's, and one of the host.
    if (!is_runtime(process.program->exepath)) return false;
    const sensor::Process* at = process.parent.get();
    for (int generation = 0; at != nullptr && generation < kMostGenerations; ++generation) {
        if (!at->in_container) return at->task.mount_namespace == process.program->mount_namespace;
        // What the container's own programs start is none of the runtime's, wherever they took it from.
        if (at->program == nullptr || !is_runtime(at->program->exepath)) return false;
        at = at->parent.get();
    }
    return false;
}

std::string exec_session_of(const sensor::Process& process) {
    if (!process.in_container || process.container == nullptr) return {};
    const std::string& container = process.container->id;
    const sensor::Process* at = &process;
    int outside = 0;
    for (int generation = 0; at != nullptr && generation < kMostGenerations; ++generation) {
        if (!at->in_container && at->program != nullptr) {
            // The shim gives each session a file for its process id, named by the session's id. Only root's runtime is
            // believed, at work for this container: any program can be given such words.
            const auto& words = at->program->arguments;
            const bool believed = at->credentials_known && at->credentials.euid == 0 &&
                                  is_runtime(at->program->exepath) &&
                                  std::ranges::find(words, container) != words.end();
            if (!believed) {
                if (++outside > kMostRuntimes) return {};
                at = at->parent.get();
                continue;
            }
            for (std::size_t i = 0; i + 1 < words.size(); ++i) {
                if (words[i] != "--pid-file") continue;
                std::string_view file = words[i + 1];
                file = file.substr(file.rfind('/') + 1);
                if (file.ends_with(".pid") && is_id(file.substr(0, file.size() - 4)))
                    return std::string(file.substr(0, file.size() - 4));
            }
            if (++outside > kMostRuntimes) return {};
        }
        at = at->parent.get();
    }
    return {};
}

}  // namespace plimsoll::app
