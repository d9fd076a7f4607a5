#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/segment.h"
#include "ledger/tail.h"

namespace plimsoll::ledger {

/// A sealed segment as a reader knows it before it opens it.
struct SegmentFile {
    RecordNumber first = 0;
    std::uint32_t rows = 0;
    Nanoseconds min_time = 0;
    Nanoseconds max_time = 0;
    std::string fault;  ///< why not even its footer could be read; the rest is then what its neighbours say

    [[nodiscard]] RecordNumber end() const { return first + rows; }
};

/// Rows of a log that no segment holds.
struct TailPart {
    std::shared_ptr<const Tail> tail;
    RecordNumber first = 0;  ///< those before are in a segment
};

/// Which parts hold the records at one moment, each record once, in order: segments first, then logs.
struct Snapshot {
    std::vector<SegmentFile> segments;
    std::vector<TailPart> tails;
    std::vector<std::string> faults;  ///< records that no part holds
    RecordNumber first = 0;
    RecordNumber end = 0;
};

/// The files of a ledger that another process writes, seals and prunes. Keeps what it learned of them. One thread at a
/// time, but `open` and `gone` any thread.
class LedgerFiles {
public:
    explicit LedgerFiles(std::string path) : path_(std::move(path)) {}

    /// Looks at the folder until what it sees fits together.
    [[nodiscard]] Result<Snapshot> look();

    /// Opens the segment, or gives the one opened before.
    [[nodiscard]] Result<std::shared_ptr<const Segment>> open(RecordNumber first);

    /// Whether the segment's file is gone, as after pruning.
    [[nodiscard]] bool gone(RecordNumber first) const;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    struct Names {
        std::vector<RecordNumber> segments;
        std::vector<RecordNumber> logs;
    };
    [[nodiscard]] Result<Names> list() const;
    [[nodiscard]] Result<Snapshot> try_to_look(bool& again);
    void learn(const std::vector<RecordNumber>& segments);
    [[nodiscard]] std::string file(RecordNumber first) const;

    std::string path_;
    std::map<RecordNumber, SegmentFile> known_;
    std::map<RecordNumber, bool> expected_;  ///< of the catalogue: kept segments
    std::mutex lock_;                        ///< of open_
    std::map<RecordNumber, std::shared_ptr<const Segment>> open_;
    std::map<RecordNumber, std::shared_ptr<Tail>> tails_;
    std::vector<std::string> settled_;  ///< what was missing last time and will hardly come back
};

}  // namespace plimsoll::ledger
