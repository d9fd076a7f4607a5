#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/audit_rule.h"

namespace plimsoll::host {

/// State of the kernel's audit subsystem (struct audit_status); fields that an old kernel does not send are 0.
struct AuditStatus {
    std::uint32_t enabled = 0;     ///< 0 off, 1 on, 2 on and locked until reboot
    std::uint32_t failure = 0;     ///< when records cannot be kept: 0 silent, 1 printk, 2 panic
    std::uint32_t daemon_pid = 0;  ///< 0: nobody takes the records
    std::uint32_t rate_limit = 0;  ///< records per second; 0 unlimited
    std::uint32_t backlog_limit = 0;
    std::uint32_t lost = 0;  ///< records lost since boot
    std::uint32_t backlog = 0;
    std::uint32_t backlog_wait_time = 0;     ///< in ticks of the kernel's clock
    std::uint32_t backlog_wait_actual = 0;   ///< ticks that audited processes have waited for the backlog since boot
    std::uint32_t feature_bitmap = 0;        ///< AUDIT_FEATURE_BITMAP_*
    std::optional<bool> loginuid_immutable;  ///< unknown when the kernel has no such feature or does not say
};

/// The rules loaded now, and those that could not be decoded.
struct AuditRules {
    std::vector<AuditRule> rules;
    std::vector<std::string> undecoded;  ///< why, one text for each rule
};

/// Asks the kernel with AUDIT_GET. Needs CAP_AUDIT_CONTROL in the initial user namespace, and errors say so; a kernel
/// without audit is an error that says that.
[[nodiscard]] Result<AuditStatus> audit_status();

/// Asks the kernel with AUDIT_LIST_RULES; needs what audit_status needs. Rules come in the order in which the kernel
/// tries them.
[[nodiscard]] Result<AuditRules> audit_rules();

/// Whether this process is in the host's first network namespace, the only one in which the kernel sends records to
/// listeners; unknown when /proc does not tell.
[[nodiscard]] std::optional<bool> in_host_network();

/// What came of a change that the kernel took.
enum class AuditChange : std::uint8_t {
    done,
    already,  ///< the rule to be added was there, the rule to be deleted was not
};

/// Appends a rule to its list (or puts it before the others, `prepend`). Needs what audit_status needs; the kernel's
/// refusal is an error in words: a folder that does not exist, a condition it does not know, rules that are locked.
[[nodiscard]] Result<AuditChange> add_audit_rule(const AuditRule& rule);

/// Deletes the rule with these `bytes`, or without them the one that equals its encoding.
[[nodiscard]] Result<AuditChange> delete_audit_rule(const AuditRule& rule);

/// Switches auditing off (0) or on (1). From then on every new process carries an audit context until the next boot.
[[nodiscard]] Result<void> set_audit_enabled(std::uint32_t enabled);

}  // namespace plimsoll::host
