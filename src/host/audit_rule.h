#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
    bool prepend = false;          ///< to be put before all rules of its list; never set in a listed rule
    std::vector<std::byte> bytes;  ///< as the kernel listed it, which is what deletes it; empty for a rule of our own

    /// The rule in auditctl's notation, numbers for system calls and architectures; not escaped.
    [[nodiscard]] std::string to_text() const;
};

/// Decodes the payload of an AUDIT_LIST_RULES answer; an error says what does not fit.
[[nodiscard]] Result<AuditRule> decode_audit_rule(Bytes payload);

/// The payload of AUDIT_ADD_RULE and AUDIT_DEL_RULE, always with the conditions in the same order: arch, path, perm,
/// exe, the others as they stand, keys. The kernel compares rules condition by condition, so a rule that somebody else
/// loaded is deleted by its `bytes`. An error names what has no encoding.
[[nodiscard]] Result<std::vector<std::byte>> encode_audit_rule(const AuditRule& rule);

/// A kind of condition: its number in linux/audit.h and auditctl's word for it.
struct AuditFieldName {
    std::uint32_t number;
    std::string_view name;
    bool text;  ///< the value is text, not a number
};
[[nodiscard]] std::span<const AuditFieldName> audit_field_names();

/// The lists of rules ("exit") and what a rule orders ("always") by the kernel's numbers; empty places have no name.
[[nodiscard]] std::span<const std::string_view> audit_filter_names();
[[nodiscard]] std::span<const std::string_view> audit_action_names();

}  // namespace plimsoll::host
