#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/assembler.h"
#include "audit/field_facts.h"
#include "host/accounts.h"
#include "model/event.h"
#include "source/audit/attribution.h"
#include "source/audit/serial_watch.h"

namespace plimsoll::source {

struct DecoderOptions {
    AttributionOptions attribution;
    audit::AssemblerLimits assembler;
    bool mask_secrets = true;
    pid_t own_pid = 0;     ///< system calls of this process are left out: recording them would cause more; 0: none are
    std::string imported;  ///< file that the records come from; empty for the kernel's stream
};

struct DecoderCounts {
    std::uint64_t events = 0;
    std::uint64_t malformed = 0;   ///< kept raw
    std::uint64_t incomplete = 0;  ///< events that miss records
    std::uint64_t own = 0;         ///< left out
    std::uint64_t contained = 0;   ///< of processes in containers
    std::uint64_t unattributed = 0;
};

/// From audit records to events as the recorder keeps them: assembled, typed, attributed to containers, secrets masked,
/// forgeries marked. One thread.
class AuditDecoder final : private audit::EventHandler {
public:
    AuditDecoder(DecoderOptions options, std::function<void(model::Event)> put);

    /// Takes over the processes and accounts of this machine as they are now.
    void seed();

    /// A message of the kernel.
    void message(std::uint32_t type, std::string_view payload);

    /// An event of a log, put together already.
    void log_event(const audit::LogEvent& event) { this->event(event); }

    /// Time passes, milliseconds since 1970: finishes events that wait in vain.
    void tick(std::int64_t now);
    void flush() { assembler_.flush(); }

    /// Another file of the same import.
    void set_imported(std::string file) { options_.imported = std::move(file); }

    [[nodiscard]] const DecoderCounts& counts() const { return counts_; }
    [[nodiscard]] const audit::AssemblerCounts& assembled() const { return assembler_.counts(); }
    [[nodiscard]] SerialWatch& serials() { return serials_; }
    [[nodiscard]] std::int64_t newest() const { return newest_; }  ///< milliseconds; 0 before the first event

private:
    void event(const audit::LogEvent& event) override;
    [[nodiscard]] bool is_own() const;
    [[nodiscard]] std::string forgery(const Attributed& where);
    void read_accounts();

    DecoderOptions options_;
    std::function<void(model::Event)> put_;
    audit::Assembler assembler_;
    Attribution attribution_;
    audit::EventFacts facts_;
    model::Event made_;  ///< the event being made; what is handed on is a copy of just the right size
    SerialWatch serials_;
    std::optional<host::Accounts> accounts_;
    std::int64_t accounts_changed_ = 0;
    std::int64_t accounts_looked_ = 0;
    std::int64_t newest_ = 0;
    DecoderCounts counts_;
};

/// Whether a type is a record, not an answer of the kernel to a question.
[[nodiscard]] bool is_record_type(std::uint32_t type);

}  // namespace plimsoll::source
