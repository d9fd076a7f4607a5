#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/event.h"
#include "audit/log/log_file.h"
#include "audit/log/query.h"
#include "base/result.h"
#include "host/accounts.h"

namespace plimsoll::audit {

/// What a scan read, and what was wrong with it.
struct ScanCounts {
    std::uint64_t bytes = 0;    ///< unpacked
    std::uint64_t lines = 0;    ///< read, padding included
    std::uint64_t events = 0;   ///< put together; of a search by literals only those near a hit
    std::uint64_t matched = 0;  ///< events that the query asked for
    std::uint64_t undecided = 0;
    std::uint64_t duplicates = 0;                   ///< equal lines of one event, dropped
    std::uint64_t incomplete = 0;                   ///< events put together that lack a record
    std::array<std::uint64_t, kDamages> damaged{};  ///< lines that are no record, by Damage
    std::array<std::uint64_t, kDamages> mended{};   ///< records that were hard to read, by Damage

    void add(const ScanCounts& other);
    [[nodiscard]] std::uint64_t damaged_lines() const;  ///< without padding
    [[nodiscard]] std::uint64_t mended_lines() const;
};

struct ScanReport {
    ScanCounts counts;
    std::vector<std::string> faults;  ///< what could not be read, and why
    bool by_literals = false;         ///< only the surroundings of hits were read as records
    bool stopped = false;             ///< by a taker that had enough
};

/// Where an event stands.
struct EventPlace {
    std::size_t file = 0;  ///< index among the files
};

/// Takes the events that a query asks for. Each thread of a scan has one of its own and gives it one piece of the log
/// after another: `event` for each event of the piece, in the order of their first records, then `deliver`.
class EventTaker {
public:
    virtual ~EventTaker() = default;
    virtual void event(const LogEvent& event, const EventPlace& place) = 0;

    /// Called for pieces in the order of the log, by one thread at a time; false ends the scan.
    virtual bool deliver() { return true; }
};

struct ScanOptions {
    unsigned threads = 0;                   ///< 0: one for each processor, at most 8
    bool by_literals = true;                ///< false: reads all as records, whatever is asked
    bool by_time = true;                    ///< false: reads all, even if only a range of time is asked for
    std::size_t first_file = 0;             ///< files before it are left out
    std::uint64_t first_byte = 0;           ///< of it, which must be seekable then: lines before are left out
    std::size_t piece = 0;                  ///< bytes that a thread takes at once; 0: by the number of threads
    int patience_ms = 2000;                 ///< after which a silent pipe's last events count as finished
    const host::Accounts* names = nullptr;  ///< borrowed
};

using TakerFactory = std::function<std::unique_ptr<EventTaker>()>;

/// Reads the files in order and hands over what the query asks for. The answer does not depend on the number of
/// threads, nor on whether literals were used. An error is a fault of the query; what could not be read is in the
/// report.
[[nodiscard]] Result<ScanReport> scan(const std::vector<LogFile>& files, const Query& query, const TakerFactory& make,
                                      const ScanOptions& options = {});

}  // namespace plimsoll::audit
