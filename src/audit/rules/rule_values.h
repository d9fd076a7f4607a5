#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/accounts.h"
#include "host/audit_rule.h"

namespace plimsoll::audit {

/// The number that a word means as a condition's value ("unset" of auid, "-EACCES" of exit, "CWD" of msgtype), as the
/// decimal text that host::AuditField holds; an error names the word. `surprise` is set when auditctl takes it for
/// something else than it says.
[[nodiscard]] Result<std::string> condition_value(std::uint32_t field, std::string_view word,
                                                  const host::Accounts* accounts, std::string& surprise);

/// The value as auditctl prints it ("-EACCES", "CWD", "-1").
[[nodiscard]] std::string condition_text(const host::AuditField& field);

/// -C: the kernel's number of "auid" compared with "obj_uid", in either order, and the pair of a number.
[[nodiscard]] std::optional<std::uint32_t> comparison_number(std::string_view left, std::string_view right);
[[nodiscard]] std::optional<std::pair<std::string_view, std::string_view>> comparison_pair(std::uint32_t number);

/// Operation of io_uring by name.
[[nodiscard]] std::optional<unsigned> uring_number(std::string_view name);

}  // namespace plimsoll::audit
