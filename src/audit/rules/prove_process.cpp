#include "audit/rules/prove_process.h"

#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "audit/rules/rule_text.h"
#include "audit/tables.h"
#include "host/fd.h"
#include "host/listening_sockets.h"

namespace plimsoll::audit {

namespace {

using host::AuditRule;

constexpr int kAttempts = 3;
constexpr unsigned kFirstWait = 100'000;  // microseconds for the daemon to take the connection; doubled each time

/// A rule that is loaded as long as this lives.
class TemporaryRule {
public:
    static Result<TemporaryRule> load(AuditRule rule, KernelAudit& kernel) {
        TRY(const auto done, kernel.add(rule));
        static_cast<void>(done);  // left over from a run that was killed: deleted at the end all the same
        return TemporaryRule(std::move(rule), kernel);
    }
    TemporaryRule(TemporaryRule&& other) noexcept
        : rule_(std::move(other.rule_)), kernel_(std::exchange(other.kernel_, nullptr)) {}
    TemporaryRule& operator=(TemporaryRule&&) = delete;
    ~TemporaryRule() {
        if (kernel_ != nullptr) static_cast<void>(kernel_->remove(rule_));
    }

private:
    TemporaryRule(AuditRule rule, KernelAudit& kernel) : rule_(std::move(rule)), kernel_(&kernel) {}
    AuditRule rule_;
    KernelAudit* kernel_;
};

/// A rule before all others that records how this process takes a connection.
AuditRule probe(pid_t pid) {
    AuditRule rule;
    rule.filter = "exit";
    rule.action = "always";
    rule.prepend = true;
    rule.architecture = native_arch();
    for (const char* name : {"accept", "accept4"}) {
        if (const auto number = syscall_number(native_arch(), name)) rule.syscalls.push_back(*number);
    }
    std::ranges::sort(rule.syscalls);
    rule.others.push_back({AUDIT_PID, "pid", "=", std::to_string(pid)});
    rule.keys = {std::string(kProbeKey)};
    return rule;
}

/// Connects, and closes; who listens there, as the kernel tells (the process that began to), or 0.
pid_t connect_to(const std::string& path) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) return 0;
    address.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    const host::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 0;
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

/// Sockets that this process surely answers: it began to listen there, or holds a socket that another made for it.
std::vector<std::string> own_sockets(const host::Root& root, pid_t pid, const EngineTraces& traces) {
    std::vector<std::string> out;
    const auto listening = host::listening_sockets();
    const host::SocketOwners owners = host::socket_owners(root, std::array{pid});
    for (const auto& known : traces.sockets) {
        bool own = connect_to(known.path) == pid;
        for (std::size_t i = 0; listening && !own && i < listening->unix_sockets.size(); ++i) {
            const auto& socket = listening->unix_sockets[i];
            if (!socket.path.starts_with("/")) continue;
            const auto real = host::resolve(root, socket.path);
            own = real && *real == known.path && owners.pids.contains(socket.inode);
        }
        if (own) out.push_back(known.path);
    }
    return out;
}

Result<ProcessProof> prove_process(const WatchedProcess& process, const std::vector<std::string>& sockets,
                                   ProofListener& listener, KernelAudit& kernel) {
    ProcessProof proof{.process = process};
    TRY(const auto rule, TemporaryRule::load(probe(process.pid), kernel));
    // A daemon may take a connection late; it is asked again before it is called blind.
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        for (const std::string& socket : sockets) static_cast<void>(connect_to(socket));
        ::usleep(kFirstWait << attempt);
        TRY(const auto heard, listener.all_until_now());
        for (const HeardRecord& record : heard) {
            if (record.pid != process.pid || record.keys != std::vector{std::string(kProbeKey)}) continue;
            proof.audited = true;
            proof.record = record.text;
            return proof;
        }
    }
    return proof;
}

}  // namespace

std::vector<ProcessProof> prove_processes(const host::Root& root, ProofListener& listener, KernelAudit& kernel) {
    std::vector<ProcessProof> out;
    const EngineTraces traces = find_engine_traces(root);
    for (const WatchedProcess& process : find_watched_processes(root)) {
        if (process.name != "dockerd" && process.name != "containerd") continue;
        const std::vector<std::string> sockets = own_sockets(root, process.pid, traces);
        if (sockets.empty()) continue;
        auto proof = prove_process(process, sockets, listener, kernel);
        if (proof)
            out.push_back(std::move(*proof));
        else
            out.push_back({.process = process, .reason = proof.error().message});
    }
    return out;
}

}  // namespace plimsoll::audit
