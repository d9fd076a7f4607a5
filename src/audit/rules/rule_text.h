#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/accounts.h"
#include "host/audit_rule.h"

namespace plimsoll::audit {

// The notation of auditctl(8) and of the files in /etc/audit/rules.d. A rule's text comes from whoever wrote the file.

/// One line of a file of rules, and what it means.
struct RuleLine {
    enum class Kind : std::uint8_t {
        blank,    ///< nothing, or a comment
        rule,     ///< adds a rule
        removal,  ///< -d, -W: takes one away
        control,  ///< -D, -b 8192, -e 2, …
        broken,   ///< `problem` says why; auditctl refuses it as well
    };

    std::size_t number = 0;  ///< from 1
    Kind kind = Kind::blank;
    std::string text;  ///< as written, without blanks at the ends
    host::AuditRule rule;
    bool watch = false;    ///< written as -w: auditctl makes it a tree if the path is a folder at that moment
    std::string option;    ///< of a control line: "-b"
    std::string value;     ///< of a control line: "8192"
    std::string problem;   ///< why it is broken
    std::string surprise;  ///< it is taken, but does not mean what it seems to (`saddr_fam=local`)
};

inline constexpr std::size_t kLongestRuleLine = 16384;
inline constexpr std::size_t kMostRuleLines = 20000;

/// Reads a whole file. Never fails: what cannot be read is a broken line. `accounts` resolves names of users and
/// groups; null: they are broken. Beyond kMostRuleLines one broken line says that the rest was left out.
[[nodiscard]] std::vector<RuleLine> parse_rule_lines(std::string_view text, const host::Accounts* accounts);

/// Reads one line.
[[nodiscard]] RuleLine parse_rule_line(std::string_view line, const host::Accounts* accounts);

/// The rule as `auditctl -l` prints it: `-w PATH -p wa -k KEY` for watches, names for system calls.
[[nodiscard]] std::string listed_text(const host::AuditRule& rule);

/// The rule as a line of a file that auditctl 2 to 4 reads: always `-a`, blanks of the path escaped. An error when the
/// path or key has bytes that no file can carry.
[[nodiscard]] Result<std::string> file_text(const host::AuditRule& rule);

/// Equal for rules that order the same: keys apart, order of conditions and of system calls aside; with `watch`, path
/// and tree count as the same. Empty when the rule has no encoding.
[[nodiscard]] std::string rule_identity(const host::AuditRule& rule, bool watch);

/// AUDIT_ARCH_* of arch=b64 and arch=b32 on this machine.
[[nodiscard]] std::uint32_t native_arch();
[[nodiscard]] std::optional<std::uint32_t> compat_arch();

}  // namespace plimsoll::audit
