#pragma once

#include <cstdint>

#include "host/audit_netlink.h"

namespace plimsoll::audit {

/// The kernel's audit system as apply and prove change it; a fake in tests refuses what it is told to.
class KernelAudit {
public:
    virtual ~KernelAudit() = default;
    [[nodiscard]] virtual Result<host::AuditStatus> status() { return host::audit_status(); }
    [[nodiscard]] virtual Result<host::AuditRules> rules() { return host::audit_rules(); }
    [[nodiscard]] virtual Result<host::AuditChange> add(const host::AuditRule& rule) {
        return host::add_audit_rule(rule);
    }
    [[nodiscard]] virtual Result<host::AuditChange> remove(const host::AuditRule& rule) {
        return host::delete_audit_rule(rule);
    }
    /// The number of the newest event since boot; auditing is on. Small: nothing was audited before.
    [[nodiscard]] virtual Result<std::uint64_t> serial();
    [[nodiscard]] virtual Result<void> enable(std::uint32_t enabled) { return host::set_audit_enabled(enabled); }
};

/// Events that the kernel numbers before anything of interest: joinings of listeners, changes of settings and rules.
inline constexpr std::uint64_t kFirstSerials = 256;

}  // namespace plimsoll::audit
