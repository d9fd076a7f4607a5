#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/event_queue.h"
#include "base/result.h"
#include "model/event.h"

namespace plimsoll::app {

/// What `plimsoll auditd import` was asked for.
struct ImportRequest {
    std::vector<std::string> files;  ///< as audit::open_logs takes them
    std::string ledger;
    std::string socket;  ///< of the agent, which writes the ledger while it runs
    bool mask_secrets = true;
    bool dry_run = false;
};

/// What an import did.
struct ImportReport {
    std::uint64_t events = 0;     ///< that the logs hold
    std::uint64_t added = 0;      ///< or would be
    std::uint64_t known = 0;      ///< in the ledger already, imported or recorded live
    std::uint64_t contained = 0;  ///< of containers, as far as the log itself tells
    std::uint64_t incomplete = 0;
    std::uint64_t damaged = 0;        ///< lines that are no record
    bool by_agent = false;            ///< the agent wrote them
    std::vector<std::string> faults;  ///< what could not be read
};

/// Brings the events of audit logs into the ledger, each once: what the ledger holds already, by host, time, serial and
/// records, is left out, so that a log may be given again when it has grown. Times are those of the events. Rules do
/// not judge what is imported.
[[nodiscard]] Result<ImportReport> import_audit_logs(const ImportRequest& request);

/// Events as the body of POST /v1/import: for each a length (4 bytes, little endian) and a row of the ledger's format,
/// which begins with the assignments of its fields.
class ImportBody {
public:
    static constexpr std::size_t kMostBytes = std::size_t{768} * 1024;

    /// False when it does not fit any more; an error for an event that no body could hold.
    [[nodiscard]] Result<bool> add(const model::Event& event);
    [[nodiscard]] std::string take();
    [[nodiscard]] bool empty() const { return text_.empty(); }
    ImportBody();
    ~ImportBody();

private:
    struct Numbers;
    std::unique_ptr<Numbers> numbers_;
    std::string text_;
};

/// The agent's side: records what a body holds, and answers when it is synced. Only events of imported audit logs are
/// taken. The number of events; an error when the body is malformed (nothing of it is recorded then) or the ledger
/// refuses.
[[nodiscard]] Result<std::uint64_t> record_import(std::string_view body, EventQueue& queue);

}  // namespace plimsoll::app
