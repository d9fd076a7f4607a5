#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/proof.h"
#include "ledger/tail.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

/// Gives subtree roots of a ledger that another process may be writing: from seals where they say them, else computed
/// from the records. What it computes for a page of a segment it keeps, so that asking again costs little. One thread.
class LedgerTree {
public:
    static Result<std::unique_ptr<LedgerTree>> open(const std::string& path);

    /// Looks again at seals and logs.
    Result<void> refresh();

    /// As RangeRoot. An error when records that are needed were pruned or cannot be read.
    Result<Hash> root(std::uint64_t begin, std::uint64_t end);

    /// The canonical bytes of a record.
    Result<std::string> row(RecordNumber number);

    /// The latest signed checkpoint, as a note.
    [[nodiscard]] Result<std::string> checkpoint() const;

    /// The `field` records that give these numbers their names, as far as they are still there.
    Result<std::map<FieldNumber, RecordNumber>> field_records(const std::vector<FieldNumber>& numbers);

private:
    explicit LedgerTree(std::string path) : path_(std::move(path)) {}
    Result<void> read_seals();
    Result<void> list();
    Result<Hash> leaf(RecordNumber number);
    Result<void> load_page(RecordNumber number);
    [[nodiscard]] std::optional<std::uint64_t> segment_of(RecordNumber number) const;

    struct Page {
        RecordNumber first = 0;
        std::vector<Hash> leaves;
    };

    std::string path_;
    std::map<std::pair<std::uint64_t, unsigned>, Hash> nodes_;  ///< by first leaf and level
    std::vector<RecordNumber> segments_;
    std::vector<std::unique_ptr<Tail>> tails_;
    std::map<RecordNumber, Page> pages_;  ///< computed lately
    std::size_t seal_bytes_ = 0;          ///< of checkpoints.log, read last
};

}  // namespace plimsoll::ledger
