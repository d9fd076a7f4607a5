#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"

namespace plimsoll::ledger {

namespace {

constexpr std::string_view kHead = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtraHead = "plimsoll proof 1";
constexpr std::size_t kMostPath = 64;

std::string extra_of(const Proof& proof) {
    std::string text = fmt::format("{}\nrecord {}\n", kExtraHead, plimsoll::to_base64(proof.record.row));
    for (const ProvedRow& field : proof.fields) {
        text += fmt::format("field {} {}", field.number, plimsoll::to_base64(field.row));
        for (const Hash& hash : field.path) text += ' ' + to_base64(hash);
        text += '\n';
    }
    for (const KeyLine& key : proof.keys) {
        text += fmt::format("key {} {}\n", to_text(key.key),
                            key.signature.empty() ? "-" : plimsoll::to_base64(key.signature));
    }
    return text;
}

/// Takes the next line; nothing at the end, or when the last one has no newline.
std::optional<std::string_view> line_of(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

Result<ProvedRow> parse_field(const std::vector<std::string_view>& parts) {
    const Error fault{"a field name in the proof is malformed"};
    if (parts.size() < 3 || parts.size() > 3 + kMostPath) return fault;
    const auto number = parse_size(parts[1]);
    auto row = from_base64(parts[2]);
    if (!number || !row) return fault;
    ProvedRow field{.number = *number, .row = std::move(*row)};
    for (std::size_t i = 3; i < parts.size(); ++i) {
        const auto hash = parse_hash(parts[i]);
        if (!hash) return fault;
        field.path.push_back(*hash);
    }
    return field;
}

Result<KeyLine> parse_key(const std::vector<std::string_view>& parts) {
    if (parts.size() != 3) return Error{"a key in the proof is malformed"};
    TRY(auto key, parse_verifier_key(parts[1]));
    KeyLine line{.key = std::move(key)};
    if (parts[2] == "-") return line;
    auto signature = from_base64(parts[2]);
    if (!signature || signature->empty()) return Error{"the signature of a key in the proof is malformed"};
    line.signature = std::move(*signature);
    return line;
}

Result<void> parse_extra(std::string_view text, Proof& proof) {
    if (line_of(text) != kExtraHead) return Error{"this proof was not made by a known version of plimsoll"};
    const auto record = line_of(text);
    auto row = record && record->starts_with("record ") ? from_base64(record->substr(7)) : std::nullopt;
    if (!row) return Error{"the record in the proof is malformed"};
    proof.record.row = std::move(*row);
    while (!text.empty()) {
        const auto line = line_of(text);
        if (!line) return Error{"the proof is cut short"};
        const auto parts = split(*line, ' ');
        if (parts[0] == "field" && proof.keys.empty()) {
            TRY(auto field, parse_field(parts));
            if (!proof.fields.empty() && proof.fields.back().number >= field.number)
                return Error{"the field names in the proof are not in order"};
            proof.fields.push_back(std::move(field));
        } else if (parts[0] == "key") {
            TRY(auto key, parse_key(parts));
            proof.keys.push_back(std::move(key));
        } else {
            return Error{"the proof has something unknown in it"};
        }
    }
    return {};
}

struct Assignment {
    FieldNumber number = 0;
    std::string name;
    std::string type;
};

Result<Assignment> assignment_of(std::string_view row) {
    const Error fault{"a record that should name a field does not"};
    RowReader reader(row);
    RowField field;
    Assignment answer;
    if (!reader.next(field) || field.number != 0 || field.wire != Wire::text || field.bytes != "field") return fault;
    while (reader.next(field)) {
        if (field.number == 1 && field.wire == Wire::u64 && field.bits < kMaxFields)
            answer.number = static_cast<FieldNumber>(field.bits);
        if (field.number == 2 && field.wire == Wire::text) answer.name = field.bytes;
        if (field.number == 3 && field.wire == Wire::text) answer.type = field.bytes;
    }
    if (!reader.complete() || answer.name.empty()) return fault;
    return answer;
}

bool is_ledger_key(const VerifierKey& key) { return key.type == SignatureType::ed25519; }

bool is_by(const NoteSignature& signature, const VerifierKey& key) {
    return signature.name == key.name && signature.key_id == key.id();
}

/// What those say who signed beside the ledger's own key.
Result<void> check_witnesses(const Note& note, const VerifierKey& signer, const std::vector<VerifierKey>& trusted,
                             ProofReport& report) {
    for (const VerifierKey& key : trusted) {
        if (is_ledger_key(key)) continue;
        const Signed said = verify_note(note, key);
        if (said.state == Signed::State::bad)
            return Error{fmt::format("the cosignature of {} does not hold", key.name)};
        const bool good = said.state == Signed::State::good;
        report.witnesses.push_back({.state = good ? Cosignature::State::good : Cosignature::State::absent,
                                    .name = key.name,
                                    .time = said.time});
    }
    for (const NoteSignature& signature : note.signatures) {
        const bool known = is_by(signature, signer) ||
                           std::ranges::any_of(trusted, [&](const VerifierKey& key) { return is_by(signature, key); });
        if (!known) report.witnesses.push_back({.state = Cosignature::State::unchecked, .name = signature.name});
    }
    return {};
}

/// Which key signed, and whether a given one leads to it.
Result<void> check_keys(const Proof& proof, const Note& note, const std::vector<VerifierKey>& trusted,
                        ProofReport& report) {
    if (proof.keys.empty()) return Error{"the proof names no key"};
    for (std::size_t i = 0; i < proof.keys.size(); ++i) {
        const KeyLine& line = proof.keys[i];
        if (line.key.name != report.origin) return Error{"a key in the proof has another name than the ledger"};
        const bool given = std::ranges::find(trusted, line.key) != trusted.end();
        if (i == 0 && !line.signature.empty()) return Error{"the first key in the proof has a signature"};
        if (i > 0 && line.signature.empty()) report.key_trusted = false;  // nobody vouches for it
        if (i > 0 && !line.signature.empty() &&
            !verify_signature(proof.keys[i - 1].key, succession_text(line.key), line.signature))
            return Error{"a key in the proof is not signed by the one before it"};
        report.key_trusted = report.key_trusted || given;
    }
    const VerifierKey& signer = proof.keys.back().key;
    if (verify_note(note, signer).state != Signed::State::good)
        return Error{"the checkpoint's signature does not hold"};
    report.signer = to_text(signer);
    const bool own = std::ranges::any_of(trusted, &is_ledger_key);
    if (own && !report.key_trusted) return Error{"no given key leads to the one that signed the checkpoint"};
    return check_witnesses(note, signer, trusted, report);
}

Result<void> name_fields(const Proof& proof, const Checkpoint& checkpoint, ProofReport& report) {
    TRY(const auto used, used_fields(proof.record.row));
    std::vector<Assignment> named;
    for (const ProvedRow& field : proof.fields) {
        if (root_by_inclusion(leaf_hash(field.row), field.number, checkpoint.size, field.path) != checkpoint.root)
            return Error{fmt::format("record {}, which names a field, is not in the signed tree", field.number)};
        TRY(auto assignment, assignment_of(field.row));
        if (std::ranges::find(used, assignment.number) == used.end())
            return Error{"the proof names a field that the record does not use"};
        named.push_back(std::move(assignment));
    }
    const FieldNumber most = used.empty() ? FieldNumber{0} : *std::ranges::max_element(used);
    for (FieldNumber number = report.names.next(); number <= most; ++number) {
        const auto at = std::ranges::find(named, number, &Assignment::number);
        if (at != named.end()) {
            TRY_VOID(report.names.add(number, at->name, at->type));
        } else {
            TRY_VOID(report.names.add(number, fmt::format("unproved.{}", number), "string"));
            if (std::ranges::find(used, number) != used.end()) ++report.unproved;
        }
    }
    return {};
}

}  // namespace

Result<std::vector<FieldNumber>> used_fields(std::string_view row) {
    static const FieldNumbers kKnown;
    std::vector<FieldNumber> numbers;
    RowReader reader(row);
    RowField field;
    while (reader.next(field))
        if (kKnown.find(field.number) == nullptr) numbers.push_back(field.number);
    if (!reader.complete()) return Error{"the record is malformed"};
    return numbers;
}

std::string to_text(const Proof& proof) {
    std::string text =
        fmt::format("{}\nextra {}\nindex {}\n", kHead, plimsoll::to_base64(extra_of(proof)), proof.record.number);
    for (const Hash& hash : proof.record.path) text += to_base64(hash) + '\n';
    return text + '\n' + proof.checkpoint;
}

Result<Proof> parse_proof(std::string_view text) {
    if (text.size() > kProofBytes) return Error{"the proof is too long"};
    Proof proof;
    if (line_of(text) != kHead) return Error{"this is no c2sp.org/tlog-proof@v1"};
    const auto extra = line_of(text);
    const auto bytes = extra && extra->starts_with("extra ") ? from_base64(extra->substr(6)) : std::nullopt;
    if (!bytes) return Error{"the proof does not hold the record"};
    TRY_VOID(parse_extra(*bytes, proof));
    const auto index = line_of(text);
    const auto number = index && index->starts_with("index ") ? parse_size(index->substr(6)) : std::nullopt;
    if (!number) return Error{"the proof does not say the record's number"};
    proof.record.number = *number;
    for (;;) {
        const auto line = line_of(text);
        if (!line) return Error{"the proof is cut short"};
        if (line->empty()) break;
        const auto hash = parse_hash(*line);
        if (!hash || proof.record.path.size() == kMostPath) return Error{"the proof's path is malformed"};
        proof.record.path.push_back(*hash);
    }
    proof.checkpoint = text;
    auto note = parse_note(text);
    if (!note) return note.error().during("the proof's checkpoint");
    if (to_text(*note) != text) return Error{"the proof's checkpoint has something besides text and signatures"};
    if (auto checkpoint = parse_checkpoint(note->text); !checkpoint)
        return checkpoint.error().during("the proof's checkpoint");
    return proof;
}

Result<ProofReport> check_proof(const Proof& proof, const std::vector<VerifierKey>& trusted) {
    TRY(const Note note, parse_note(proof.checkpoint));
    if (to_text(note) != proof.checkpoint) return Error{"the checkpoint has something besides text and signatures"};
    TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
    ProofReport report{.origin = checkpoint.origin, .number = proof.record.number, .size = checkpoint.size};
    TRY_VOID(check_keys(proof, note, trusted, report));
    if (root_by_inclusion(leaf_hash(proof.record.row), proof.record.number, checkpoint.size, proof.record.path) !=
        checkpoint.root)
        return Error{"the record is not in the signed tree"};
    TRY_VOID(name_fields(proof, checkpoint, report));
    return report;
}

}  // namespace plimsoll::ledger
