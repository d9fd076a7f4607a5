#include "audit/rules/kernel_audit.h"

#include "audit/rules/proof_listener.h"

namespace plimsoll::audit {

Result<std::uint64_t> KernelAudit::serial() {
    TRY(const auto listener, ProofListener::open());
    return listener.newest_serial();
}

}  // namespace plimsoll::audit
