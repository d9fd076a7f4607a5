#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/checkpoint_log.h"
#include "ledger/row.h"
#include "ledger/verify.h"

// The steps of verify(), in the order in which it takes them.
namespace plimsoll::ledger {

/// A checkpoint whose signature holds.
struct KnownRoot {
    std::uint64_t size = 0;
    Hash root{};
    std::size_t key = 0;  ///< that signed it: index into Evidence::keys
    bool anchor = false;  ///< comes from elsewhere
    std::optional<SealStatement> seal;
};

/// What a ledger's folder says about itself, and what of it is signed.
struct Evidence {
    std::string path;
    std::string origin;
    std::vector<KeyLine> keys;
    std::vector<KnownRoot> roots;        ///< by size
    std::vector<RecordNumber> segments;  ///< by the names of the files, ascending
    std::vector<RecordNumber> logs;      ///< the same
    std::vector<Fault> faults;
    std::optional<std::uint64_t> anchor_size;
    bool key_trusted = false;
    std::string look;  ///< differs when the folder changed: names of segments and logs, state of `keys`

    /// The seal of the segment that begins there.
    [[nodiscard]] const SealStatement* seal(RecordNumber first) const;
    /// The tree of that many records, as a seal signs it.
    [[nodiscard]] const Tree* tree(std::uint64_t size) const;
    /// The checkpoints of that many records.
    [[nodiscard]] std::span<const KnownRoot> of_size(std::uint64_t size) const;
    /// How many records more than `size` the next checkpoint covers; the greatest number when there is none.
    [[nodiscard]] std::uint64_t until_known(std::uint64_t size) const;
};

/// A record that concerns the ledger itself.
struct OwnRecord {
    RecordNumber number = 0;
    std::string row;
};

/// One part of the records, recomputed.
struct Part {
    RecordNumber first = 0;
    std::uint64_t rows = 0;      ///< computed
    std::optional<Tree> before;  ///< from where it was computed
    std::optional<Tree> after;   ///< empty when that could not be computed
    std::uint64_t good = 0;      ///< the largest known root that it agrees with; 0: none
    std::vector<Fault> faults;
    std::vector<OwnRecord> own;
    FieldNumbers fields;  ///< that its rows use
    std::uint64_t file_bytes = 0;
    std::string root;  ///< as its footer says it
    std::string frontier;
    Nanoseconds min_time = 0;
    Nanoseconds max_time = 0;
    bool read = false;  ///< the four above are set
};

/// Looks at keys, checkpoints and file names. An error when there is no ledger.
[[nodiscard]] Result<Evidence> gather_evidence(const VerifyOptions& options);

/// Recomputes a sealed segment. Any thread.
[[nodiscard]] Part check_segment(const Evidence& evidence, RecordNumber first, std::atomic<std::uint64_t>& done);

/// Recomputes what stands in logs behind the segments. `tree`: of what is before, when known.
[[nodiscard]] Part check_tail(const Evidence& evidence, RecordNumber first, const std::optional<Tree>& tree);

/// Compares `key` and `prune` records, catalogue and secret key with what was found. The first gives the number before
/// which the kept records say that all were pruned.
RecordNumber check_own_records(const Evidence& evidence, const std::vector<Part>& parts, RecordNumber first_kept,
                               RecordNumber size, std::vector<Fault>& faults, std::vector<std::string>& remarks);
void check_catalogue(const Evidence& evidence, const std::vector<Part>& parts, RecordNumber pruned,
                     std::vector<Fault>& faults);
void check_secret(const Evidence& evidence, std::vector<Fault>& faults);

/// Keeps a row when it concerns the ledger itself.
void note_own_record(RecordNumber number, std::string_view row, std::vector<OwnRecord>& own);

/// Compares the root at a tree's size with what is signed; a contradiction becomes a fault that reaches back to `good`.
[[nodiscard]] bool agrees(const Evidence& evidence, const Tree& tree, std::uint64_t& good, std::vector<Fault>& faults,
                          std::string_view file);

/// What differs between the first bytes of leaves that were signed and those that are there.
[[nodiscard]] std::vector<Fault> compare_marks(std::string_view then, std::string_view now, RecordNumber first,
                                               std::string_view file);

/// Tries what one change to the rows from `begin` on would lead to the signed root of `size` records: a record put in,
/// or two neighbours exchanged. `leaves` are those that are there, from `begin` on.
[[nodiscard]] std::optional<Fault> explain(const Tree& begin, std::span<const Hash> leaves, std::uint64_t size,
                                           const Hash& root);

}  // namespace plimsoll::ledger
