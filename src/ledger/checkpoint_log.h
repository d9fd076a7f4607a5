#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/checkpoint.h"
#include "ledger/keys.h"

namespace plimsoll::ledger {

/// A key that signs from here on: the values of a `key` record.
struct KeyAnnouncement {
    std::string key;        ///< ledger.key
    std::string signature;  ///< ledger.key.signature, by the key before; empty when there is none
};

/// One line of `keys`: the keys of a ledger from the first on, each signed by the one before.
struct KeyLine {
    VerifierKey key;
    std::string signature;   ///< by the key before; empty: nobody vouches for it (the first, or after a loss)
    std::uint64_t size = 0;  ///< of the tree when its `key` record was the last: the former key signed that checkpoint
};

/// Reads `keys`; a line that is none is an error with its number.
[[nodiscard]] Result<std::vector<KeyLine>> parse_key_lines(std::string_view text);

/// A segment when it is sealed.
struct SealedSegment {
    std::uint64_t first = 0;  ///< number of its first record
    Tree tree;                ///< of all records up to its last
    Hash file{};              ///< SHA-256 of the whole file
    Trail trail;              ///< of the tree, for its records
};

/// SHA-256 of a whole file.
[[nodiscard]] Result<Hash> hash_file(const std::string& path);

/// What the checkpoint of a sealed segment says below its root, as extension lines.
struct SealStatement {
    std::uint64_t first = 0;
    Hash file{};
    Tree tree;
    std::vector<Hash> pages;
    Hash marks{};  ///< SHA-256 of the marks
};

/// The statement in a checkpoint's text, or nothing when it is a plain checkpoint.
[[nodiscard]] Result<std::optional<SealStatement>> parse_seal(std::string_view checkpoint_text);

/// Marks of a segment's leaves, one byte for each record: segments/FIRST.marks.
[[nodiscard]] std::string marks_name(std::uint64_t first);
[[nodiscard]] std::string marks_path(const std::string& ledger, std::uint64_t first);

/// The signing side of a ledger, for its writer. Keeps these files of the ledger's folder:
///   key              the secret, mode 0600; `key.next` while one is being replaced
///   keys             one line for each key: verifier key, signature by the former or "-", size
///   checkpoint       the latest signed checkpoint
///   checkpoints.log  every checkpoint since the last seal, and for what is older one for each segment's end and each
///                    key's end; each note is followed by an empty line
///   segments/FIRST.marks  first byte of each leaf of a segment, so that a changed record can be named
/// One thread. Whoever calls `sign` has synced every record below `size`.
class CheckpointLog {
public:
    /// Opens, or on first use makes a key and a ledger id. `host` goes into the origin, "plimsoll/HOST/16 HEX DIGITS".
    static Result<std::unique_ptr<CheckpointLog>> open(std::string folder, std::string_view host);

    [[nodiscard]] const std::string& origin() const { return key_->verifier().name; }

    /// Signs a checkpoint, makes it the latest, and returns the note. The same size again returns the same note.
    Result<std::string> sign(std::uint64_t size, const Hash& root);

    /// A segment was sealed: signs what it holds, and forgets those checkpoints before its end that nobody needs. For
    /// an end that is not above `sealed_until` it does nothing, so after a crash it may be called again.
    Result<void> sealed(const SealedSegment& segment);
    [[nodiscard]] std::uint64_t sealed_until() const { return sealed_; }

    /// Every record below `first_kept` was pruned: forgets the checkpoints of smaller sizes, but keeps that of this
    /// size.
    Result<void> pruned(std::uint64_t first_kept);

    /// A key that is announced nowhere yet: the first one, or one whose predecessor's hand-over a crash cut short. The
    /// writer appends it as a `key` record, syncs, and calls `finish_rotation`. Ask right after `open`.
    [[nodiscard]] std::optional<KeyAnnouncement> pending() const;

    /// Makes the next key; then as with `pending`.
    Result<KeyAnnouncement> begin_rotation();

    /// The `key` record is synced and the last of the `size` records: the old key signs that checkpoint and is erased;
    /// from here on the new one signs.
    Result<void> finish_rotation(std::uint64_t size, const Hash& root);

    /// When the present key was made: modification time of its file.
    [[nodiscard]] Nanoseconds key_since() const { return since_; }

private:
    CheckpointLog() = default;
    Result<void> load();
    struct Kept {
        std::uint64_t size = 0;
        std::uint64_t first = 0;  ///< of a seal's segment
        bool seal = false;
        std::string note;
    };
    Result<void> keep(Kept note);
    Result<void> rewrite();

    std::string ledger_;
    std::string folder_;  ///< the same with a slash
    std::unique_ptr<SigningKey> key_;
    std::unique_ptr<SigningKey> next_;
    std::vector<KeyLine> keys_;
    std::vector<Kept> notes_;  ///< as checkpoints.log has them, ordered by size
    std::string latest_;
    std::uint64_t latest_size_ = 0;
    std::uint64_t sealed_ = 0;
    Nanoseconds since_ = 0;
};

}  // namespace plimsoll::ledger
