#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/netlink.h"

namespace plimsoll::host {

/// One condition of a rule that has no place of its own in AuditRule.
struct AuditField {
    std::uint32_t number = 0;  ///< AUDIT_* of linux/audit.h
    std::string name;          ///< auditctl's word ("uid", "success"); "field#N" for one this program does not know
    std::string comparison;    ///< "=", "!=", "<", "<=", ">", ">=", "&", "&="
    std::string value;         ///< a number in decimal, or the text of fields that hold text
};

/// One kernel audit rule (struct audit_rule_data), decoded. Text in it comes from whoever loaded the rule.
struct AuditRule {
    std::string filter;  ///< "exit", "task", "user", "exclude", "filesystem", "io_uring"; "filter#N" otherwise
    std::string action;  ///< "always", "never", "possible"; "action#N" otherwise
    std::optional<std::string> path;  ///< what is watched, as the kernel holds it: one path, or a tree if is_directory
    bool is_directory = false;        ///< a dir= rule: the whole tree; otherwise the path alone
    bool path_negated = false;        ///< path!= or dir!=: everything but that
    std::string permissions;          ///< subset of "rwxa" in this order; empty: not limited by kind of access
    bool all_syscalls = false;
    std::vector<unsigned> syscalls;             ///< numbers, of the rule's architecture; empty when all_syscalls
    std::optional<std::uint32_t> architecture;  ///< AUDIT_ARCH_* that arch= demands
    std::optional<std::string> executable;      ///< exe=
    std::vector<std::string> keys;
    std::vector<AuditField> others;

    /// The rule in auditctl's notation, numbers for system calls and architectures; not escaped.
    [[nodiscard]] std::string to_text() const;
};

/// Decodes the payload of an AUDIT_LIST_RULES answer; an error says what does not fit.
[[nodiscard]] Result<AuditRule> decode_audit_rule(Bytes payload);

}  // namespace plimsoll::host
