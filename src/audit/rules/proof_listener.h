#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "host/audit_listen.h"

namespace plimsoll::audit {

/// What the kernel wrote of one system call or io_uring operation.
struct HeardRecord {
    pid_t pid = 0;
    std::vector<std::string> keys;
    std::string text;
};

/// Hears records until a mark: a second listener's leaving, which the kernel records behind everything that happened
/// before. So that nothing came is known, not waited for.
class ProofListener {
public:
    /// An error also in another network namespace than the host's, where the kernel lets us join and sends nothing.
    [[nodiscard]] static Result<ProofListener> open();

    /// All records of system calls since `open` or the last call. An error when the mark does not come, or records were
    /// dropped.
    [[nodiscard]] Result<std::vector<HeardRecord>> all_until_now();

    /// The number of the event that the last mark was.
    [[nodiscard]] std::uint64_t newest_serial() const { return newest_; }

private:
    explicit ProofListener(std::unique_ptr<host::AuditListener> listener) : listener_(std::move(listener)) {}
    std::unique_ptr<host::AuditListener> listener_;
    std::uint64_t newest_ = 0;
};

}  // namespace plimsoll::audit
