#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "host/audit_listen.h"
#include "source/audit/audit_decoder.h"
#include "source/source.h"

namespace plimsoll::source {

struct AuditSourceOptions {
    host::AuditListenOptions listen;
    const ContainerDirectory* directory = nullptr;  ///< must outlive the source; may be null
    host::Root root;
    bool mask_secrets = true;
    std::size_t waiting_bytes = std::size_t{64} << 20U;  ///< of messages received and not yet decoded
    std::chrono::milliseconds retry{5000};               ///< between two attempts to get the records
};

/// Linux audit records, live. What is lost is counted from every sign there is (the kernel's own counter, the socket's
/// overrun, gaps in the serials, events that miss records) and recorded at most once a second.
class AuditSource final : public Source {
public:
    explicit AuditSource(AuditSourceOptions options);
    ~AuditSource() override;

    void run(Outlet& outlet, const std::stop_token& stop) override;
    [[nodiscard]] SourceStatus status() const override;

private:
    class Session;

    void set_fault(std::string fault, bool connected);

    AuditSourceOptions options_;
    mutable std::mutex mutex_;
    SourceStatus status_;  ///< guarded by mutex_
};

}  // namespace plimsoll::source
