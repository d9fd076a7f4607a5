#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/file.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/proof_tree.h"
#include "ledger/replace_file.h"
#include "ledger/witness_client.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kMostKeys = std::size_t{64} << 20U;
constexpr std::size_t kMostNames = std::size_t{1} << 20U;

/// A checkpoint that a proof may lead to.
struct Head {
    Checkpoint checkpoint;
    Note note;
    std::size_t keys = 0;  ///< of the ledger's keys, up to the one that signed it
};

/// The checkpoint of a note when a key of the ledger signed it.
std::optional<Head> signed_head(std::string_view text, const std::vector<KeyLine>& keys) {
    auto note = parse_note(text);
    auto checkpoint = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
    if (!checkpoint) return std::nullopt;
    for (std::size_t i = keys.size(); i-- > 0;) {
        if (keys[i].key.name == checkpoint->origin && verify_note(*note, keys[i].key).state == Signed::State::good)
            return Head{std::move(*checkpoint), std::move(*note), i + 1};
    }
    return std::nullopt;
}

/// The newest checkpoint that witnesses cosigned and that covers the record, with all their signatures. Whether these
/// hold can only be told with the witness's key, by whoever checks the proof.
std::optional<Head> cosigned_head(const std::string& folder, RecordNumber number, const std::vector<KeyLine>& keys) {
    const auto entries = host::list_directory({}, folder, kMostNames);
    std::optional<Head> best;
    if (!entries || !*entries) return best;
    for (const auto& entry : **entries) {
        if (!is_cosigned_name(entry.name)) continue;
        const auto text = host::read_if_exists({}, folder + "/" + entry.name, kNoteBytes);
        auto head = text && *text ? signed_head(**text, keys) : std::nullopt;
        if (!head || head->checkpoint.size <= number || head->note.signatures.size() < 2) continue;
        if (best && best->note.text == head->note.text) {
            for (NoteSignature& signature : head->note.signatures) {
                const bool there = std::ranges::any_of(best->note.signatures, [&](const NoteSignature& other) {
                    return other.name == signature.name && other.key_id == signature.key_id;
                });
                if (!there && best->note.signatures.size() < kNoteSignatures)
                    best->note.signatures.push_back(std::move(signature));
            }
        } else if (!best || best->checkpoint.size < head->checkpoint.size) {
            best = std::move(head);
        }
    }
    return best;
}

/// The proof of a row that leads to this checkpoint; not checked.
Result<Proof> proof_to(const Head& head, LedgerTree& tree, RecordNumber number, const std::string& row,
                       const std::vector<KeyLine>& keys) {
    const std::uint64_t size = head.checkpoint.size;
    const auto root = [&](std::uint64_t begin, std::uint64_t end) { return tree.root(begin, end); };
    Proof proof{.record = {.number = number, .row = row}, .checkpoint = to_text(head.note)};
    TRY(proof.record.path, inclusion_path(number, size, root));
    TRY(const auto used, used_fields(row));
    TRY(const auto records, tree.field_records(used));
    std::set<RecordNumber> numbers;
    for (const auto& [field, record] : records)
        if (record < size) numbers.insert(record);
    for (const RecordNumber record : numbers) {
        ProvedRow field{.number = record};
        TRY(field.row, tree.row(record));
        TRY(field.path, inclusion_path(record, size, root));
        proof.fields.push_back(std::move(field));
    }
    proof.keys.assign(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(head.keys));
    return proof;
}

}  // namespace

Result<Proof> prove(const std::string& ledger, RecordNumber number) {
    const std::string folder = absolute_path(ledger);
    TRY(const auto tree, LedgerTree::open(folder));
    TRY(const std::string latest, tree->checkpoint());
    TRY(const Note note, parse_note(latest));
    TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
    TRY(const std::string row, tree->row(number));
    if (number >= checkpoint.size)
        return Error{fmt::format("record {} is not signed yet; try again in a second", number)};
    TRY(const std::string text, host::read_file({}, folder + "/keys", kMostKeys));
    TRY(const std::vector<KeyLine> keys, parse_key_lines(text));

    // A damaged ledger must not make a proof that looks like one.
    if (const auto head = cosigned_head(folder, number, keys)) {
        if (auto proof = proof_to(*head, *tree, number, row, keys)) {
            if (const auto good = check_proof(*proof, {}); !good)
                return good.error().during(
                    "the ledger does not lead to the checkpoint that a witness cosigned; run plimsoll verify");
            return proof;
        }  // records that its path needs were pruned: the ledger's own is left
    }
    auto head = signed_head(latest, keys);
    if (!head) return Error{"no key of this ledger signed its checkpoint; run plimsoll verify"};
    TRY(Proof proof, proof_to(*head, *tree, number, row, keys));
    if (const auto good = check_proof(proof, {}); !good)
        return good.error().during("the ledger does not lead to its own checkpoint; run plimsoll verify");
    return proof;
}

}  // namespace plimsoll::ledger
