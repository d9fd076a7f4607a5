#pragma once

#include <vector>

#include "audit/rules/kernel_audit.h"
#include "audit/rules/proof_listener.h"
#include "audit/rules/prove.h"

namespace plimsoll::audit {

/// Key of the rule that is loaded for a moment.
inline constexpr std::string_view kProbeKey = "plimsoll-probe";

/// Tries dockerd and containerd processes: a rule that records how the process takes a connection, a connect to a
/// socket that is surely its own, and a look whether the record came. Those whose sockets are not known are left out.
[[nodiscard]] std::vector<ProcessProof> prove_processes(const host::Root& root, ProofListener& listener,
                                                        KernelAudit& kernel);

}  // namespace plimsoll::audit
