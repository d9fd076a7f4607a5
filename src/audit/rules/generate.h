#pragma once

#include <string>
#include <vector>

#include "audit/rules/targets.h"
#include "host/audit_rule.h"

namespace plimsoll::audit {

/// Every key of ours begins so; that is how apply knows its rules from everybody else's.
inline constexpr std::string_view kKeyPrefix = "plimsoll-";

enum class Profile : std::uint8_t {
    watch,  ///< who uses the engine and who changes its settings: sockets, clients, daemons' settings and units
    cis,    ///< that, and every item of section 1.1 of the CIS Docker Benchmark
    full,   ///< that, and system calls that escapes need, and commands of people who have logged in
};

/// One rule with its reasons.
struct GeneratedRule {
    host::AuditRule rule;
    std::string what;
    std::vector<std::string> items;
    std::string note;  ///< "does not exist yet …"; empty
};

struct GeneratedRules {
    std::vector<GeneratedRule> rules;   ///< in the order in which they have to be loaded
    std::vector<std::string> left_out;  ///< what was not made a rule, and why
};

/// The rules for these targets.
[[nodiscard]] GeneratedRules generate_rules(const std::vector<Target>& targets, Profile profile);

/// A file for /etc/audit/rules.d, with comments; rules that are late stand in it as comments. `with_command` writes
/// lines for a shell instead, all of them.
[[nodiscard]] std::string rules_file(const GeneratedRules& rules, bool with_command);

/// Whether the rule's folder is made when an engine starts, after the files of rules are read at boot: a line for it in
/// a file would be refused, and would stop the loading of all lines behind it.
[[nodiscard]] bool is_late(const host::AuditRule& rule);

/// Whether the rule was made by this program: all its keys say so.
[[nodiscard]] bool is_ours(const host::AuditRule& rule);

}  // namespace plimsoll::audit
