#include "ledger/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/base64.h"
#include "base/text.h"
#include "base/time.h"
#include "host/file.h"
#include "ledger/proof.h"
#include "ledger/replace_file.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kMostPath = 63;
constexpr std::size_t kKeysBytes = std::size_t{4} << 20U;
constexpr unsigned kBadRequest = 400;
constexpr unsigned kForbidden = 403;
constexpr unsigned kNotFound = 404;
constexpr unsigned kConflict = 409;
constexpr unsigned kUnprocessable = 422;
constexpr unsigned kFailed = 500;

WitnessAnswer refuse(unsigned status, std::string_view why) {
    return {.status = status, .body = std::string(why) + '\n'};
}

}  // namespace

std::string to_text(const AddCheckpoint& request) {
    std::string text = fmt::format("old {}\n", request.old);
    for (const Hash& hash : request.path) text += to_base64(hash) + '\n';
    return text + '\n' + request.checkpoint;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
    if (body.size() > kAddCheckpointBytes) return Error{"the request is too long"};
    AddCheckpoint request;
    for (bool first = true;; first = false) {
        const std::size_t end = body.find('\n');
        if (end == std::string_view::npos) return Error{"the request is cut short"};
        const std::string_view line = body.substr(0, end);
        body.remove_prefix(end + 1);
        if (first) {
            const auto old = line.starts_with("old ") ? parse_size(line.substr(4)) : std::nullopt;
            if (!old) return Error{"the first line does not say the old size"};
            request.old = *old;
            continue;
        }
        if (line.empty()) break;
        const auto hash = parse_hash(line);
        if (!hash || request.path.size() == kMostPath) return Error{"the consistency proof is malformed"};
        request.path.push_back(*hash);
    }
    request.checkpoint = body;
    return request;
}

Result<std::unique_ptr<Witness>> Witness::open(std::string folder, const std::string& name,
                                               std::function<std::uint64_t()> seconds) {
    std::unique_ptr<Witness> witness(new Witness);
    witness->folder_ = std::move(folder);
    witness->seconds_ = std::move(seconds);
    if (!witness->seconds_) witness->seconds_ = [] { return static_cast<std::uint64_t>(now() / kSecond); };
    std::error_code fault;
    std::filesystem::create_directories(witness->folder_, fault);
    if (fault) return Error{fmt::format("making {}: {}", printable(witness->folder_), fault.message())};
    const std::string path = witness->folder_ + "/key";
    TRY(witness->key_, read_key(path));
    if (witness->key_ != nullptr) {
        if (witness->key_->verifier().type != SignatureType::cosignature)
            return Error{fmt::format("{} is no key of a witness", printable(path))};
        return witness;
    }
    if (!is_key_name(name)) return Error{"the witness's name must not be empty nor hold a space or a plus"};
    TRY(auto key, SigningKey::generate(name, SignatureType::cosignature));
    TRY_VOID(write_key(path, key));
    witness->key_ = std::make_unique<SigningKey>(std::move(key));
    return witness;
}

std::string Witness::file(std::string_view origin, std::string_view suffix) const {
    std::string name = folder_ + '/';
    const Hash hash = sha256(origin);
    for (std::size_t i = 0; i < 8; ++i) name += fmt::format("{:02x}", hash[i]);
    return name + std::string(suffix);
}

Result<void> Witness::load(const std::string& origin, Log& log) const {
    TRY(const auto keys, host::read_if_exists({}, file(origin, ".keys"), kKeysBytes));
    if (keys) {
        for (std::string_view line : split(trim(*keys), '\n')) {
            TRY(auto key, parse_verifier_key(line));
            log.keys.push_back(std::move(key));
        }
    }
    TRY(const auto text, host::read_if_exists({}, file(origin, ".note"), kNoteBytes));
    log.held = {.origin = origin, .size = 0, .root = root_of({})};
    if (!text) return {};
    TRY(const Note note, parse_note(*text));
    // What this witness did not sign itself it must not take for its memory.
    if (verify_note(note, key_->verifier()).state != Signed::State::good)
        return Error{fmt::format("{}: not signed by this witness", printable(file(origin, ".note")))};
    TRY(log.held, parse_checkpoint(note.text));
    if (log.held.origin != origin) return Error{fmt::format("{}: of another log", printable(file(origin, ".note")))};
    log.note = *text;
    return {};
}

Result<void> Witness::add_log(const VerifierKey& key) {
    const std::scoped_lock guard(mutex_);
    Log log;
    TRY_VOID(load(key.name, log));
    if (std::ranges::find(log.keys, key) == log.keys.end()) {
        log.keys = {key};
        TRY_VOID(replace_file(file(key.name, ".keys"), to_text(key) + '\n'));
    }
    logs_.insert_or_assign(key.name, std::move(log));
    return {};
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
    const auto request = parse_add_checkpoint(body);
    if (!request) return refuse(kBadRequest, request.error().message);
    auto note = parse_note(request->checkpoint);
    if (!note) return refuse(kBadRequest, note.error().message);
    const auto checkpoint = parse_checkpoint(note->text);
    if (!checkpoint) return refuse(kBadRequest, checkpoint.error().message);

    // From comparing with what is held to writing it down, nobody else may come between.
    const std::scoped_lock guard(mutex_);
    const auto found = logs_.find(checkpoint->origin);
    if (found == logs_.end()) return refuse(kNotFound, "this witness does not know the log");
    Log& log = found->second;
    if (verify_note(*note, log.keys.back()).state != Signed::State::good)
        return refuse(kForbidden, "not signed by the key that is trusted for this log");
    if (request->old > checkpoint->size) return refuse(kBadRequest, "the old size is above the new one");
    if (request->old != log.held.size)
        return {.status = kConflict, .body = fmt::format("{}\n", log.held.size), .content_type = "text/x.tlog.size"};
    if (request->old == checkpoint->size && log.held.root != checkpoint->root)
        return {.status = kConflict, .body = fmt::format("{}\n", log.held.size), .content_type = "text/x.tlog.size"};
    if (!is_consistent(log.held.size, log.held.root, checkpoint->size, checkpoint->root, request->path))
        return refuse(kUnprocessable, "the consistency proof does not hold");

    const NoteSignature cosignature = key_->sign_note(note->text, seconds_());
    const VerifierKey& signer = log.keys.back();
    Note kept{.text = note->text};
    std::ranges::copy_if(note->signatures, std::back_inserter(kept.signatures), [&](const NoteSignature& signature) {
        return signature.name == signer.name && signature.key_id == signer.id();
    });
    kept.signatures.push_back(cosignature);
    std::string text = to_text(kept);
    if (const auto written = replace_file(file(checkpoint->origin, ".note"), text); !written)
        return refuse(kFailed, "the witness cannot write down what it saw");
    log.held = *checkpoint;
    log.note = std::move(text);
    return {.body = to_text(cosignature)};
}

WitnessAnswer Witness::add_key(std::string_view body) {
    const auto lines = split(body, '\n');
    if (lines.size() != 3 || !lines[2].empty()) return refuse(kBadRequest, "two lines: origin; key and signature");
    const auto parts = split(lines[1], ' ');
    const auto key = parse_verifier_key(parts[0]);
    const auto signature = parts.size() == 2 ? from_base64(parts[1]) : std::nullopt;
    if (!key || !signature || key->name != lines[0] || key->type != SignatureType::ed25519)
        return refuse(kBadRequest, "the key or its signature is malformed");
    const std::scoped_lock guard(mutex_);
    const auto found = logs_.find(lines[0]);
    if (found == logs_.end()) return refuse(kNotFound, "this witness does not know the log");
    Log& log = found->second;
    if (std::ranges::find(log.keys, *key) != log.keys.end()) return {};
    if (!verify_signature(log.keys.back(), succession_text(*key), *signature))
        return refuse(kForbidden, "not signed by the key that is trusted for this log");
    std::string text;
    for (const VerifierKey& known : log.keys) text += to_text(known) + '\n';
    text += to_text(*key) + '\n';
    if (const auto written = replace_file(file(lines[0], ".keys"), text); !written)
        return refuse(kFailed, "the witness cannot write down what it saw");
    log.keys.push_back(*key);
    return {};
}

WitnessAnswer Witness::checkpoints() const {
    const std::scoped_lock guard(mutex_);
    WitnessAnswer answer;
    for (const auto& [origin, log] : logs_)
        if (!log.note.empty()) answer.body += log.note + '\n';
    return answer;
}

std::size_t Witness::logs() const {
    const std::scoped_lock guard(mutex_);
    return logs_.size();
}

}  // namespace plimsoll::ledger
