#pragma once

#include <string>
#include <vector>

#include "audit/rules/engine_host.h"
#include "audit/rules/kernel_audit.h"
#include "host/file.h"

namespace plimsoll::audit {

/// What came of the act for one rule.
struct RuleProof {
    enum class Outcome : std::uint8_t {
        recorded,   ///< with the rule's key
        other_key,  ///< recorded, but by an earlier rule
        nothing,    ///< the rule does not fire
        left_out,   ///< nothing came, but the rule has conditions that this process may not meet
        not_tried,
    };
    std::string rule;
    std::string act;
    Outcome outcome = Outcome::not_tried;
    std::string reason;  ///< of not_tried, left_out, other_key
    std::string record;  ///< the SYSCALL record, as the kernel wrote it
};
[[nodiscard]] std::string_view to_text(RuleProof::Outcome outcome);

/// Whether the kernel audits a running daemon, tried by a connect to its socket.
struct ProcessProof {
    WatchedProcess process;
    bool audited = false;
    std::string reason;  ///< why it was not tried; empty when it was
    std::string record;
};

struct ProofReport {
    std::vector<RuleProof> rules;
    std::vector<ProcessProof> processes;
    bool switched_on = false;  ///< auditing was off, and is off again
    std::vector<std::string> unknown;
};

/// Acts for each loaded rule (only ours unless `all`), listens beside the audit daemon for the records that the acts
/// give, and says which came. Needs no daemon; auditing that is off is switched on meanwhile. Then tries engines'
/// daemons with a rule of their own that is deleted again. An error: nothing could be tried.
[[nodiscard]] Result<ProofReport> prove_rules(const host::Root& root, bool all, KernelAudit& kernel);

}  // namespace plimsoll::audit
