#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace plimsoll::host {

/// How an audit listener gets the kernel's records.
enum class AuditMode : std::uint8_t {
    multicast,  ///< beside whoever is the audit daemon (AUDIT_NLGRP_READLOG); needs CAP_AUDIT_READ
    daemon,     ///< as the audit daemon itself (AUDIT_SET with our pid); needs CAP_AUDIT_CONTROL
};
[[nodiscard]] std::string_view to_text(AuditMode mode);

struct AuditListenOptions {
    AuditMode mode = AuditMode::multicast;
    std::size_t buffer_bytes = std::size_t{64} << 20U;  ///< of the socket, as SO_RCVBUFFORCE takes it
    std::uint32_t backlog_limit = 8192;                 ///< daemon: the kernel's queue is made at least this long
};

/// Receives audit records from the kernel (netlink(7), audit(7)). As the daemon it switches auditing on and lengthens
/// the kernel's queue, and puts both back as they were when it ends. One thread.
class AuditListener {
public:
    /// Errors say what is missing: the capability, audit in the kernel, or that another daemon is registered.
    [[nodiscard]] static Result<std::unique_ptr<AuditListener>> open(const AuditListenOptions& options);
    ~AuditListener();
    AuditListener(const AuditListener&) = delete;
    AuditListener& operator=(const AuditListener&) = delete;

    struct Batch {
        std::size_t messages = 0;
        bool overrun = false;  ///< the kernel dropped messages for this socket since the last call (ENOBUFS)
    };
    /// Called with the type and the payload of each message; the payload is valid during the call.
    using Take = std::function<void(std::uint32_t type, std::string_view payload)>;

    /// What waits, or what comes within `most`; an empty batch when nothing does.
    [[nodiscard]] Result<Batch> receive(std::chrono::milliseconds most, const Take& take);

    /// What the socket's buffer really holds, as the kernel counts it; less than asked for without CAP_NET_ADMIN.
    [[nodiscard]] std::size_t buffer_bytes() const;

private:
    class Impl;
    explicit AuditListener(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::host
