#include "ledger/witness_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "host/file.h"
#include "ledger/checkpoint_log.h"
#include "ledger/proof.h"
#include "ledger/proof_tree.h"
#include "ledger/replace_file.h"
#include "ledger/witness.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kKeysBytes = std::size_t{64} << 20U;
constexpr int kExchanges = 4;  // old size not known, key not known, and once more of each

using Kind = WitnessOutcome::Kind;

}  // namespace

std::string cosigned_name(const VerifierKey& witness) { return fmt::format("witness-{:08x}.note", witness.id()); }

bool is_cosigned_name(std::string_view name) { return name.starts_with("witness-") && name.ends_with(".note"); }

WitnessClient::WitnessClient(std::string ledger, host::PostUrl url, VerifierKey key)
    : ledger_(std::move(ledger)), url_(std::move(url)), key_(std::move(key)) {}

WitnessClient::~WitnessClient() = default;

Result<std::unique_ptr<WitnessClient>> WitnessClient::open(std::string ledger, std::string_view url, VerifierKey key) {
    if (key.type != SignatureType::cosignature) return Error{"the key is not that of a witness (type 0x04)"};
    TRY(auto parsed, host::parse_post_url(url));
    while (parsed.path.ends_with('/')) parsed.path.pop_back();
    std::unique_ptr<WitnessClient> client(new WitnessClient(std::move(ledger), std::move(parsed), std::move(key)));
    // What it held last time; should that be wrong, it will say so.
    if (const auto text = host::read_if_exists({}, client->file(), kNoteBytes); text && *text) {
        const auto note = parse_note(**text);
        const auto held = note ? parse_checkpoint(note->text) : Result<Checkpoint>(Error{});
        if (held) client->held_ = held->size;
    }
    return client;
}

std::string WitnessClient::file() const { return ledger_ + "/" + cosigned_name(key_); }

Result<host::PostAnswer> WitnessClient::post(std::string_view what, std::string_view body,
                                             const host::Patience& patience) {
    host::PostUrl url = url_;
    url.path += what;
    return host::HttpPoster(std::move(url)).post({}, body, patience);
}

/// Tells the witness every key that came after the one it trusts; it takes what follows on and refuses the rest.
Result<void> WitnessClient::hand_over_keys(const std::string& origin, const host::Patience& patience) {
    TRY(const std::string text, host::read_file({}, ledger_ + "/keys", kKeysBytes));
    TRY(const auto keys, parse_key_lines(text));
    for (const KeyLine& line : keys) {
        if (line.signature.empty()) continue;
        const std::string body =
            fmt::format("{}\n{} {}\n", origin, to_text(line.key), plimsoll::to_base64(line.signature));
        TRY_VOID(post("/add-key", body, patience));
    }
    return {};
}

Result<void> WitnessClient::keep(const Note& checkpoint, std::string_view answer) {
    TRY(const Note cosigned, parse_note(checkpoint.text + '\n' + std::string(answer)));
    if (verify_note(cosigned, key_).state != Signed::State::good)
        return Error{"the answer is not signed by the witness's key"};
    Note kept = checkpoint;
    std::ranges::copy_if(cosigned.signatures, std::back_inserter(kept.signatures), [&](const NoteSignature& signature) {
        return signature.name == key_.name && signature.key_id == key_.id();
    });
    return replace_file(file(), to_text(kept));
}

WitnessOutcome WitnessClient::submit(const host::Patience& patience) {
    const auto fault = [](Error error) { return WitnessOutcome{.message = std::move(error.message)}; };
    if (tree_ == nullptr) {
        auto tree = LedgerTree::open(ledger_);
        if (!tree) return fault(tree.error());
        tree_ = std::move(*tree);
    }
    const auto text = tree_->checkpoint();
    if (!text) return fault(text.error());
    const auto note = parse_note(*text);
    const auto checkpoint = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
    if (!checkpoint) return fault(checkpoint.error());
    if (*text == done_) return {.kind = Kind::cosigned, .size = checkpoint->size};
    if (const auto looked = tree_->refresh(); !looked) return fault(looked.error());

    bool keys_told = false;
    for (int exchange = 0; exchange < kExchanges; ++exchange) {
        if (held_ > checkpoint->size)
            return {.kind = Kind::conflict,
                    .size = held_,
                    .message = fmt::format("the witness holds a checkpoint of {} records, this ledger has signed {}",
                                           held_, checkpoint->size)};
        AddCheckpoint request{.old = held_, .checkpoint = *text};
        auto path = consistency_path(held_, checkpoint->size,
                                     [&](std::uint64_t begin, std::uint64_t end) { return tree_->root(begin, end); });
        if (!path) return fault(path.error().during("making the consistency proof"));
        request.path = std::move(*path);
        const auto answer = post("/add-checkpoint", to_text(request), patience);
        if (!answer) return fault(answer.error());
        if (answer->status == 200) {
            if (const auto kept = keep(*note, answer->body); !kept) return fault(kept.error());
            held_ = checkpoint->size;
            done_ = *text;
            return {.kind = Kind::cosigned, .size = held_};
        }
        const std::string said = printable(trim(answer->body));
        if (answer->status == 409) {
            const auto size = parse_size(trim(answer->body));
            if (!size) return {.message = fmt::format("the witness answered 409 without a size: {}", said)};
            if (*size == request.old)
                return {.kind = Kind::conflict,
                        .size = *size,
                        .message = fmt::format("the witness holds another tree of {} records", *size)};
            held_ = *size;
        } else if (answer->status == 403 && !keys_told) {
            keys_told = true;
            if (const auto told = hand_over_keys(checkpoint->origin, patience); !told) return fault(told.error());
        } else if (answer->status == 422) {
            return {.kind = Kind::conflict,
                    .size = held_,
                    .message = "the witness finds that the ledger does not go on from what it held"};
        } else {
            const bool refused = answer->status == 403 || answer->status == 404;
            return {.kind = refused ? Kind::refused : Kind::unreachable,
                    .message = fmt::format("the witness answered {}: {}", answer->status, said)};
        }
    }
    return {.message = "the witness answers ever anew that it holds another size"};
}

}  // namespace plimsoll::ledger
