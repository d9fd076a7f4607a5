#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/writer.h"
#include "model/event.h"
#include "rule/expression.h"

namespace plimsoll::ledger {

/// What to look for. Everything given must hold.
struct Query {
    rule::ExpressionPtr condition;     ///< resolved (rule::resolve); empty: every record
    std::optional<Nanoseconds> since;  ///< inclusive
    std::optional<Nanoseconds> until;  ///< exclusive
    RecordNumber first = 0;            ///< inclusive
    std::optional<RecordNumber> last;  ///< inclusive
    bool newest_first = false;
    std::optional<std::uint64_t> limit;
    std::vector<model::FieldId> fields;  ///< only these need be filled in; empty: all
    unsigned threads = 0;                ///< 0: as many as there are processors
    bool as_seen = false;  ///< what was seen for such a query before will do, where it holds something from `first` on
};

/// One stored record. `event` holds `record.number` too.
struct StoredRecord {
    RecordNumber number = 0;
    model::Event event;
};

/// What a scan did and could not do.
struct ScanReport {
    std::uint64_t matched = 0;
    std::uint64_t unknown = 0;        ///< records for which the condition is neither true nor false
    std::uint64_t records = 0;        ///< records that the time and number range held
    std::uint64_t scanned = 0;        ///< of these, in segments that had to be opened
    std::uint64_t segments = 0;       ///< opened
    std::uint64_t skipped = 0;        ///< segments that zone maps, blooms or postings ruled out
    std::vector<std::string> faults;  ///< parts that could not be read, each with the range of records it held
    RecordNumber next = 0;            ///< first number not looked at; a tail goes on from here
    RecordNumber end = 0;             ///< number behind the last record that was seen to be there
    RecordNumber first_kept = 0;      ///< oldest record that was there; what a tail wanted before it was pruned
};

struct Progress {
    std::uint64_t done = 0;  ///< records
    std::uint64_t total = 0;
};

/// Count of the records of one group.
struct Count {
    Nanoseconds bucket = 0;          ///< begin of the time bucket; 0 without one
    std::vector<std::string> group;  ///< value of each field asked for; "" when absent
    std::uint64_t count = 0;
};

/// Reads a ledger that another process may be writing. What the writer has acknowledged is seen at the next `scan`.
/// One thread at a time; a scan uses several inside. What a scan visits may ask the same reader again.
class Reader {
public:
    static Result<std::unique_ptr<Reader>> open(const std::string& path);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// Calls `visit` for each match, in order of record number (or the reverse), on the calling thread, until it
    /// returns false or the limit is reached. A damaged part is reported and skipped.
    Result<ScanReport> scan(const Query& query, const std::function<bool(const StoredRecord&)>& visit,
                            const std::function<void(Progress)>& progress = {});

    /// Counts matches by the texts of these fields and, when `bucket` is not 0, by time in steps of it (nanoseconds,
    /// aligned to 1970). Ordered by bucket, then group. Several values of a field stand in one text with commas, keyed
    /// ones as KEY=VALUE. What could not be read is told in `report`; without one it is an error.
    Result<std::vector<Count>> count(const Query& query, const std::vector<model::FieldId>& by, Nanoseconds bucket,
                                     ScanReport* report = nullptr);

    [[nodiscard]] Result<std::optional<StoredRecord>> record(RecordNumber number);

    /// Number that the next record will get, as far as can be seen now.
    [[nodiscard]] RecordNumber size();
    [[nodiscard]] RecordNumber first_kept();
    [[nodiscard]] const std::string& origin() const;  ///< the ledger's name in checkpoints

private:
    class Impl;
    explicit Reader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::ledger
