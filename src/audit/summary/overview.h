#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/record.h"
#include "audit/summary/distinct.h"
#include "base/time_words.h"

namespace plimsoll::audit {

struct OverviewOptions {
    std::optional<std::int64_t> since_ms;  ///< milliseconds since 1970, this one included
    std::optional<std::int64_t> until_ms;  ///< likewise included
    std::string node;                      ///< only this one; empty: all
    bool without_config = false;           ///< leaves CONFIG_CHANGE out
};

/// aureport's overview of a log, made from single records: nothing is put together, because what it counts stands in
/// one record each. An event is counted once, however its records are mixed with others' or doubled.
class Overview {
public:
    explicit Overview(const OverviewOptions& options);

    /// Reads whole lines. With `own` false they are only remembered: they belong to what another one counts.
    void read(std::string_view lines, bool own);

    /// There was an event at that time, whether it is counted or not.
    void saw(std::int64_t milliseconds);

    /// Forgets which events it has seen lately: the next lines are of another place.
    void forget();

    /// Adds what another one counted of other lines.
    void add(const Overview& other);

    [[nodiscard]] std::string text(Zone zone, bool iso_times) const;
    [[nodiscard]] std::string json() const;

    [[nodiscard]] std::uint64_t events() const { return counts_[0]; }
    [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

    /// Times of the first and the last event that was read; nothing when there was none.
    [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> range() const;

    /// The id of the record read last, as it stands there: the next one is of the same event more often than not.
    struct LastId {
        std::array<char, 48> text{};  ///< SECONDS.MILLIS:SERIAL): of `size` bytes; 0: none
        std::size_t size = 0;
        std::int64_t milliseconds = 0;
        std::uint64_t serial = 0;
    };

private:
    /// What is counted once for an event.
    enum Count : unsigned {
        kEvents,
        kConfig,
        kAccounts,
        kLogins,
        kFailedLogins,
        kAuths,
        kFailedAuths,
        kAvcs,
        kMacs,
        kFailedCalls,
        kAnomalies,
        kResponses,
        kCrypto,
        kIntegrity,
        kVirt,
        kCounts,
    };
    enum Set : unsigned { kUsers, kTerminals, kHosts, kExecutables, kCommands, kFiles, kKeys, kPids, kSets };

    struct Recent {
        std::uint64_t id = 0;
        std::uint32_t counted = 0;  ///< bits of Count
    };

    void line(std::string_view line);
    void record(std::uint32_t type, std::int64_t milliseconds, std::uint64_t serial, std::string_view node,
                std::string_view body);
    void call(std::string_view body);
    /// Reads fields of a SYSCALL record. With `to_ending` only up to its login user, and answers where that begins;
    /// else answers where an outcome stands, which is unusual there. npos: nowhere.
    std::size_t call_fields(std::string_view body, bool to_ending);
    void path(std::string_view body);
    void socket(std::string_view body);
    void other(std::uint32_t type, std::string_view body);
    void count(Count what);
    void add_value(Set set, std::string_view value) {
        if (own_ && !value.empty()) sets_[set].add(value);
    }
    void add_keys(std::string_view value, bool quoted);

    OverviewOptions options_;
    std::array<std::uint64_t, kCounts> counts_{};
    std::array<Distinct, kSets> sets_;
    std::vector<Recent> recent_;
    Recent* event_ = nullptr;  ///< that of the record being read
    bool own_ = true;
    std::uint64_t damaged_ = 0;
    std::int64_t first_ms_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t last_ms_ = std::numeric_limits<std::int64_t>::min();
    std::int64_t first_selected_ms_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t last_selected_ms_ = std::numeric_limits<std::int64_t>::min();
    std::string decoded_;
    std::vector<std::uint64_t> endings_;  ///< hashes of endings of SYSCALL records that are counted
    LastId last_id_;
};

}  // namespace plimsoll::audit
