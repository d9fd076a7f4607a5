#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/checkpoint_log.h"
#include "ledger/note.h"
#include "ledger/reader.h"
#include "ledger/row.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

/// Root of the leaves from `begin` to before `end`, where that range is one of those that RFC 6962 splits a tree into.
using RangeRoot = std::function<Result<Hash>(std::uint64_t begin, std::uint64_t end)>;

/// RFC 6962 section 2.1.1: shows that leaf `index` is in the tree of `size` leaves.
[[nodiscard]] Result<std::vector<Hash>> inclusion_path(std::uint64_t index, std::uint64_t size, const RangeRoot& root);

/// RFC 6962 section 2.1.2: shows that the tree of `size` leaves begins with that of `old` leaves.
[[nodiscard]] Result<std::vector<Hash>> consistency_path(std::uint64_t old, std::uint64_t size, const RangeRoot& root);

/// The root that leaf and path lead to (RFC 9162 section 2.1.3.2); nothing when the path has not the right length.
[[nodiscard]] std::optional<Hash> root_by_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                                                    std::span<const Hash> path);

/// RFC 9162 section 2.1.4.2.
[[nodiscard]] bool is_consistent(std::uint64_t old, const Hash& old_root, std::uint64_t size, const Hash& root,
                                 std::span<const Hash> path);

/// A record's row with its place in the tree.
struct ProvedRow {
    RecordNumber number = 0;
    std::string row;
    std::vector<Hash> path;
};

/// All that is needed to check one record without its ledger. As a file it is a c2sp.org/tlog-proof of the record; row,
/// field names and keys are its extra data. docs/ledger-format.md, "Integrity".
struct Proof {
    ProvedRow record;
    std::vector<ProvedRow> fields;  ///< the `field` records that name what the row uses
    std::vector<KeyLine> keys;      ///< up to the one that signed; sizes are not kept
    std::string checkpoint;         ///< the signed note, with the signatures of witnesses when it has any
};

inline constexpr std::size_t kProofBytes = std::size_t{64} << 20U;

[[nodiscard]] std::string to_text(const Proof& proof);

/// An error when the text is no proof: whether one holds is another question, see check_proof.
[[nodiscard]] Result<Proof> parse_proof(std::string_view text);

/// Makes the proof of one record: against the newest checkpoint that a witness cosigned (witness-KEYID.note in the
/// ledger's folder) when that covers the record, else against the ledger's latest. An error when there is no such
/// record (any more), no checkpoint covers it yet, or the ledger does not lead to what was signed.
[[nodiscard]] Result<Proof> prove(const std::string& ledger, RecordNumber number);

/// Numbers of the fields that a row uses, those of which every reader knows the names left out.
[[nodiscard]] Result<std::vector<FieldNumber>> used_fields(std::string_view row);

/// What a proof says about one witness.
struct Cosignature {
    enum class State : std::uint8_t {
        good,       ///< its key was given, and its signature holds
        absent,     ///< its key was given, and it did not sign
        unchecked,  ///< it signed, but no given key can tell whether that holds
    };
    State state = State::good;
    std::string name;
    std::uint64_t time = 0;  ///< of a good one: when it signed, in seconds since 1970
};

/// What a good proof shows.
struct ProofReport {
    std::string origin;
    RecordNumber number = 0;
    std::uint64_t size = 0;    ///< of the tree that was signed
    std::string signer;        ///< the key that signed, as a verifier key
    bool key_trusted = false;  ///< it is, or descends from, one that was given
    std::vector<Cosignature> witnesses;
    FieldNumbers names;          ///< field numbers without a proved name are called unproved.N
    std::uint32_t unproved = 0;  ///< fields of the row whose names are not proved: their `field` record was pruned
};

/// Checks everything that a proof holds; the error says what does not hold.
[[nodiscard]] Result<ProofReport> check_proof(const Proof& proof, const std::vector<VerifierKey>& trusted);

}  // namespace plimsoll::ledger
