#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/note.h"
#include "ledger/reader.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

/// What is wrong with one part of a ledger.
struct Fault {
    enum class Kind : std::uint8_t {
        edited,      ///< bytes are not those that were signed
        inserted,    ///< something stands there that was not signed
        removed,     ///< something signed is gone from the middle
        reordered,   ///< what was signed stands in another order
        truncated,   ///< something signed is gone from the end
        forged,      ///< a signature or key that nobody vouches for
        missing,     ///< not there, and nothing says that it must be: no proof of an alteration
        unreadable,  ///< the system does not let it be read
    };
    Kind kind = Kind::edited;
    std::string file;                   ///< within the ledger; empty when it concerns no single one
    std::optional<RecordNumber> first;  ///< records concerned, inclusive
    std::optional<RecordNumber> last;
    std::string message;

    /// Whether this proves an alteration, other than a gap in what can be checked.
    [[nodiscard]] bool tampering() const { return kind != Kind::missing && kind != Kind::unreadable; }
};

[[nodiscard]] std::string_view to_text(Fault::Kind kind);

enum class Verdict : std::uint8_t { ok = 0, tampered = 1, incomplete = 2 };

struct VerifyOptions {
    std::string path;
    std::optional<std::string> anchor;  ///< a checkpoint kept elsewhere: a signed note
    std::vector<VerifierKey> trusted;   ///< keys known from elsewhere: of the ledger, or of witnesses (type 0x04)
    unsigned threads = 0;               ///< 0: as many as there are processors
};

struct VerifyReport {
    Verdict verdict = Verdict::ok;
    std::vector<Fault> faults;      ///< by record
    std::uint64_t more_faults = 0;  ///< beyond those listed
    std::string origin;
    RecordNumber first_kept = 0;   ///< those before were pruned
    RecordNumber size = 0;         ///< records in the ledger, pruned ones counted
    std::uint64_t checked = 0;     ///< records whose leaf was computed
    RecordNumber signed_size = 0;  ///< records that a good checkpoint covers
    Hash root{};                   ///< of the tree at `size`
    std::uint64_t segments = 0;
    std::vector<std::string> keys;  ///< that signed, oldest first
    bool key_trusted = false;       ///< one of them was given in `trusted`
    std::optional<RecordNumber> anchor_size;
    std::vector<std::string> remarks;  ///< what holds but the reader should know
};

/// Recomputes what a ledger's checkpoints say from its records, and finds what contradicts. An error only when there is
/// no ledger to look at or what was given to compare with is no checkpoint. While a writer is at work it looks again
/// when files changed under it.
[[nodiscard]] Result<VerifyReport> verify(const VerifyOptions& options,
                                          const std::function<void(Progress)>& progress = {});

}  // namespace plimsoll::ledger
