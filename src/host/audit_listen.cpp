#include "host/audit_listen.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "host/audit_netlink.h"
#include "host/fd.h"
#include "host/process.h"
#include "host/system_error.h"

namespace plimsoll::host {

namespace {

constexpr std::size_t kBatch = 128;                 // messages of one system call
constexpr std::size_t kLongest = 9216;              // the kernel's MAX_AUDIT_MESSAGE_LENGTH is 8970, with header
constexpr std::chrono::milliseconds kAnswer{3000};  // the kernel answers at once, behind what it sent before

/// "pid 812 (auditd)".
std::string daemon_name(std::uint32_t pid) {
    const auto process = read_process({}, static_cast<pid_t>(pid), kStatus);
    if (!process || !*process || !(*process)->status) return fmt::format("pid {}", pid);
    return fmt::format("pid {} ({})", pid, printable((*process)->status->name));
}

Error refused(std::string_view doing, int number) {
    const Error error = system_error(doing, "", number);
    switch (number) {
        case EPERM: return {error.message + " (needs CAP_AUDIT_CONTROL; or the rules are locked until reboot)"};
        case EEXIST: return {error.message + " (another audit daemon is registered)"};
        case ECONNREFUSED: return {error.message + " (only the initial user and pid namespace may ask)"};
        default: return error;
    }
}

}  // namespace

std::string_view to_text(AuditMode mode) { return mode == AuditMode::multicast ? "multicast" : "daemon"; }

class AuditListener::Impl {
public:
    ~Impl() { give_back(); }

    Result<void> open(const AuditListenOptions& options) {
        fd_ = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
        if (!fd_) {
            const Error error = system_error("opening netlink", "audit");
            if (errno == EPROTONOSUPPORT) return Error{error.message + " (this kernel has no audit)"};
            return error;
        }
        set_buffer(options.buffer_bytes);
        sockaddr_nl address{};
        address.nl_family = AF_NETLINK;
        if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            return system_error("binding netlink", "audit");
        buffer_.resize(kBatch * kLongest);
        for (std::size_t i = 0; i < kBatch; ++i) {
            parts_[i] = {.iov_base = buffer_.data() + i * kLongest, .iov_len = kLongest};
            heads_[i].msg_hdr.msg_iov = &parts_[i];
            heads_[i].msg_hdr.msg_iovlen = 1;
            heads_[i].msg_hdr.msg_name = &senders_[i];
        }
        return options.mode == AuditMode::multicast ? join() : become_daemon(options);
    }

    Result<Batch> receive(std::chrono::milliseconds most, const Take& take) {
        Batch batch;
        pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(most.count()));
        if (ready < 0 && errno != EINTR) return system_error("waiting for netlink", "audit");
        if (ready <= 0) return batch;
        for (mmsghdr& head : heads_) head.msg_hdr.msg_namelen = sizeof(sockaddr_nl);
        const int count = ::recvmmsg(fd_.get(), heads_.data(), kBatch, MSG_DONTWAIT, nullptr);
        if (count < 0) {
            batch.overrun = errno == ENOBUFS;
            if (batch.overrun || errno == EAGAIN || errno == EINTR) return batch;
            return system_error("receiving from netlink", "audit");
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            if (heads_[i].msg_hdr.msg_namelen != sizeof(sockaddr_nl) || senders_[i].nl_pid != 0) continue;
            const std::size_t size = std::min<std::size_t>(heads_[i].msg_len, kLongest);
            nlmsghdr header{};
            if (size < sizeof header) continue;
            const char* const begin = buffer_.data() + i * kLongest;
            std::memcpy(&header, begin, sizeof header);
            // The length in the header is not to be relied on: the kernel leaves its own size out for some (audit.c).
            take(header.nlmsg_type, {begin + sizeof header, size - sizeof header});
            ++batch.messages;
        }
        return batch;
    }

    [[nodiscard]] std::size_t buffer_bytes() const {
        int size = 0;
        socklen_t length = sizeof size;
        if (::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, &length) != 0) return 0;
        return static_cast<std::size_t>(std::max(size, 0));
    }

private:
    void set_buffer(std::size_t bytes) {
        const int size = static_cast<int>(std::min<std::size_t>(bytes, INT32_MAX / 2));
        // Without CAP_NET_ADMIN as much as net.core.rmem_max allows; the source says how much that is.
        if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
            static_cast<void>(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
    }

    Result<void> join() {
        const int group = AUDIT_NLGRP_READLOG;
        if (::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0) return {};
        const int number = errno;
        const Error error = system_error("joining the audit records' multicast group", "", number);
        return number == EPERM ? Error{error.message + " (needs CAP_AUDIT_READ)"} : error;
    }

    Result<void> become_daemon(const AuditListenOptions& options) {
        TRY(const AuditStatus before, host::audit_status());
        if (before.daemon_pid != 0)
            return Error{fmt::format("another audit daemon is registered: {}; stop it, or set audit.mode to multicast",
                                     daemon_name(before.daemon_pid))};
        if (before.enabled == 2)
            return Error{"auditing is locked until reboot (auditctl -e 2): nobody can register now"};
        ::audit_status wanted{};
        wanted.mask = AUDIT_STATUS_PID | AUDIT_STATUS_ENABLED | AUDIT_STATUS_BACKLOG_LIMIT;
        wanted.enabled = 1;
        wanted.pid = static_cast<std::uint32_t>(::getpid());
        wanted.backlog_limit = before.backlog_limit == 0 ? 0 : std::max(before.backlog_limit, options.backlog_limit);
        TRY_VOID(set(wanted, "registering as the audit daemon"));
        before_ = before;
        return {};
    }

    void give_back() {
        if (!before_) return;
        ::audit_status old{};
        old.mask = AUDIT_STATUS_PID | AUDIT_STATUS_ENABLED | AUDIT_STATUS_BACKLOG_LIMIT;
        old.enabled = before_->enabled;
        old.backlog_limit = before_->backlog_limit;
        before_.reset();
        // Nobody is left to tell; the kernel forgets a daemon whose socket is closed in any case.
        static_cast<void>(set(old, "leaving the place of the audit daemon"));
    }

    /// Asks the kernel with AUDIT_SET and waits for its acknowledgement; records that come meanwhile wait no longer
    /// than for it and are dropped: there are none before registration, and none are wanted after.
    Result<void> set(const ::audit_status& status, std::string_view doing) {
        struct {
            nlmsghdr header;
            ::audit_status body;
        } request{};
        request.header.nlmsg_len = sizeof request;
        request.header.nlmsg_type = AUDIT_SET;
        request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        request.header.nlmsg_seq = ++sequence_;
        request.body = status;
        if (::send(fd_.get(), &request, sizeof request, 0) < 0) return refused(doing, errno);
        const auto until = std::chrono::steady_clock::now() + kAnswer;
        std::optional<int> answer;
        while (!answer && std::chrono::steady_clock::now() < until) {
            TRY(const Batch batch,
                receive(std::chrono::milliseconds(100), [&](std::uint32_t type, std::string_view payload) {
                    if (type != NLMSG_ERROR || payload.size() < sizeof(nlmsgerr)) return;
                    nlmsgerr error{};
                    std::memcpy(&error, payload.data(), sizeof error);
                    if (error.msg.nlmsg_seq == sequence_) answer = -error.error;
                }));
            static_cast<void>(batch);
        }
        if (!answer) return Error{fmt::format("{}: the kernel does not answer", doing)};
        if (*answer != 0) return refused(doing, *answer);
        return {};
    }

    Fd fd_;
    std::vector<char> buffer_;
    std::array<iovec, kBatch> parts_{};
    std::array<mmsghdr, kBatch> heads_{};
    std::array<sockaddr_nl, kBatch> senders_{};
    std::uint32_t sequence_ = 0;
    std::optional<AuditStatus> before_;  ///< set while we are the daemon
};

AuditListener::AuditListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AuditListener::~AuditListener() = default;

Result<std::unique_ptr<AuditListener>> AuditListener::open(const AuditListenOptions& options) {
    auto impl = std::make_unique<Impl>();
    TRY_VOID(impl->open(options));
    return std::unique_ptr<AuditListener>(new AuditListener(std::move(impl)));
}

Result<AuditListener::Batch> AuditListener::receive(std::chrono::milliseconds most, const Take& take) {
    return impl_->receive(most, take);
}

std::size_t AuditListener::buffer_bytes() const { return impl_->buffer_bytes(); }

}  // namespace plimsoll::host
