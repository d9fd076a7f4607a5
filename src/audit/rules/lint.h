#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/rules/coverage.h"
#include "audit/rules/engine_host.h"
#include "audit/rules/log_evidence.h"
#include "audit/rules/rule_text.h"
#include "host/audit_netlink.h"
#include "model/finding.h"

namespace plimsoll::audit {

/// One thing that is wrong with this host's audit rules.
struct RuleFinding {
    std::string id;  ///< "socket-unrecorded"; docs/auditd.md lists them
    model::Severity severity = model::Severity::low;
    std::string subject;  ///< the rule, path or setting; not escaped
    std::string what;
    std::string why;
    std::string remedy;
    bool inferred = false;  ///< concluded from traces, not seen
};

struct RuleFile {
    std::string path;
    std::vector<RuleLine> lines;
};

/// Everything that lint looks at, so that it can be judged without a kernel.
struct LintInput {
    host::Root root;
    std::optional<host::AuditStatus> status;
    std::optional<std::vector<host::AuditRule>> loaded;
    std::optional<std::vector<RuleFile>> files;  ///< of /etc/audit/rules.d in the order in which they are loaded
    std::optional<std::vector<std::string>> parameters;  ///< of the kernel
    std::vector<std::string> engines;
    EngineTraces traces;
    LogEvidence log;
    std::vector<RuleLine> applied;  ///< rules of ours that the last `apply` of this boot loaded
    std::vector<WatchedProcess> processes;
    std::optional<std::int64_t>
        enabled_at;                    ///< seconds; when `apply` switched auditing on for the first time since boot
    std::map<int, bool> proven;        ///< pid → whether it is audited, by experiment
    std::vector<std::string> unknown;  ///< what could not be read, and why
};

struct LintReport {
    std::vector<RuleFinding> findings;  ///< worst first
    std::vector<std::string> unknown;   ///< what could not be found out, and why
    bool kernel_unread = false;         ///< the kernel told neither its state nor its rules
    std::size_t rules = 0;
    std::size_t walked = 0;  ///< rules that are tried on each system call
    std::string cost;        ///< "low", "moderate", "high", from the measurements in docs/auditd.md
};

/// Reads the kernel, /etc/audit, the audit log, /proc.
[[nodiscard]] LintInput gather_lint_input(const host::Root& root, std::string_view log = kAuditLog);

[[nodiscard]] LintReport lint(const LintInput& input);

/// When this host's process `pid` began, compared with the time auditing was first switched on.
enum class Audited : std::uint8_t { yes, no, unknown };
struct AuditedVerdict {
    Audited audited = Audited::unknown;
    std::string why;
};
[[nodiscard]] AuditedVerdict is_audited(const WatchedProcess& process, const LintInput& input);

// The parts of lint, each adding its findings.
void lint_kernel(const LintInput& input, LintReport& report);
void lint_processes(const LintInput& input, LintReport& report);
void lint_paths(const LintInput& input, const RuleSet& set, LintReport& report);
void lint_sockets(const LintInput& input, const RuleSet& set, LintReport& report);
void lint_set(const RuleSet& set, LintReport& report);
void lint_files(const LintInput& input, LintReport& report);
void lint_removed(const LintInput& input, LintReport& report);

}  // namespace plimsoll::audit
