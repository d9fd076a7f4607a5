#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/writer.h"

namespace plimsoll::ledger {

/// One sealed segment as the catalogue knows it. A pruned one keeps its row.
struct SegmentRow {
    RecordNumber first = 0;
    std::uint32_t rows = 0;
    Nanoseconds min_time = 0;
    Nanoseconds max_time = 0;
    std::uint64_t bytes = 0;
    std::string root;      ///< 32 bytes, of the tree up to the segment's last record
    std::string frontier;  ///< as Tree writes it
    bool pruned = false;
};

/// state.db: which segments there are and were. Everything about kept segments can be read again from their files; the
/// writer does so when the file is missing or damaged. Other rooms keep their cursors in tables of their own. One
/// thread.
class Catalogue {
public:
    /// Opens or makes DIR/state.db. A file that is no database is set aside (state.db.damaged) and begun anew.
    static Result<std::unique_ptr<Catalogue>> open(const std::string& directory);
    /// For readers: absent is nothing.
    static Result<std::unique_ptr<Catalogue>> open_read_only(const std::string& directory);
    ~Catalogue();
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;

    [[nodiscard]] Result<void> put(const SegmentRow& row);
    [[nodiscard]] Result<void> mark_pruned(RecordNumber first, RecordNumber last);  ///< segments whole within
    [[nodiscard]] Result<std::vector<SegmentRow>> segments();                       ///< in order, pruned ones too

private:
    struct Database;
    explicit Catalogue(std::unique_ptr<Database> database);
    std::unique_ptr<Database> database_;
};

}  // namespace plimsoll::ledger
