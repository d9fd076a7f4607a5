#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/catalogue.h"
#include "ledger/checkpoint_log.h"
#include "ledger/writer.h"

namespace plimsoll::ledger {

/// The sealed segments that a ledger keeps, in order: the files, the catalogue's rows of them, and which of them are
/// too old or too many. One thread.
class KeptSegments {
public:
    KeptSegments(std::string folder, std::unique_ptr<Catalogue> catalogue, std::vector<SegmentRow> segments,
                 RecordNumber first_kept);

    // The steps by which a segment that ended joins the others. The first two may be repeated after a failure.
    Result<SegmentRow> write(RecordNumber first, std::string_view bytes);      ///< the file
    Result<void> note(const SegmentRow& row) { return catalogue_->put(row); }  ///< in the catalogue
    void add(SegmentRow row) { segments_.push_back(std::move(row)); }

    /// Signs for the last segment when a crash cut that short: computes its tree again from its records.
    Result<void> attest_last(CheckpointLog& log) const;

    /// How many of the oldest the options do not keep.
    [[nodiscard]] std::size_t expired(const WriterOptions& options, Nanoseconds now) const;

    /// The record that says that the `count` oldest are removed; it must be on disk before `remove`.
    [[nodiscard]] model::Event prune_record(std::size_t count, Nanoseconds now) const;
    Result<void> remove(std::size_t count);

    [[nodiscard]] bool empty() const { return segments_.empty(); }
    [[nodiscard]] std::size_t size() const { return segments_.size(); }
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] RecordNumber first_kept() const { return first_kept_; }

private:
    std::string folder_;
    std::unique_ptr<Catalogue> catalogue_;
    std::vector<SegmentRow> segments_;
    RecordNumber first_kept_;
};

}  // namespace plimsoll::ledger
