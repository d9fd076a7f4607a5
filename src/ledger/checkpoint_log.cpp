#include "ledger/checkpoint_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/base64.h"
#include "base/text.h"
#include "host/fd.h"
#include "host/file.h"
#include "host/system_error.h"
#include "ledger/replace_file.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kMostLog = std::size_t{64} << 20U;  // a year of segments at 1,000 records a second is 60 MB

std::string host_part(std::string_view host) {
    std::string part;
    for (const char c : host.substr(0, 64)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                           c == '-' || c == '_';
        part += plain ? c : '_';
    }
    return part.empty() ? "host" : part;
}

Result<std::string> new_origin(std::string_view host) {
    std::array<unsigned char, 8> id;
    if (RAND_bytes(id.data(), id.size()) != 1) return Error{"the cryptographic library has no random numbers"};
    std::string origin = fmt::format("plimsoll/{}/", host_part(host));
    for (const unsigned char byte : id) origin += fmt::format("{:02x}", byte);
    return origin;
}

std::string to_text(const KeyLine& line) {
    return fmt::format("{} {} {}\n", to_text(line.key),
                       line.signature.empty() ? "-" : plimsoll::to_base64(line.signature), line.size);
}

/// The lines that stand under a seal's root.
std::string to_text(const SealStatement& seal) {
    std::string text = fmt::format("segment {} {} {}\nfrontier {}\n", seal.first, to_base64(seal.file),
                                   to_base64(seal.marks), plimsoll::to_base64(seal.tree.frontier()));
    if (seal.pages.empty()) return text;
    std::string pages;
    for (const Hash& page : seal.pages) pages.append(page.begin(), page.end());
    return text + "pages " + plimsoll::to_base64(pages) + '\n';
}

Result<std::optional<std::string>> read_optional(const std::string& path, std::size_t limit) {
    return host::read_if_exists({}, path, limit);
}

}  // namespace

std::string marks_name(std::uint64_t first) { return fmt::format("{:016}.marks", first); }

std::string marks_path(const std::string& ledger, std::uint64_t first) {
    return ledger + "/segments/" + marks_name(first);
}

Result<Hash> hash_file(const std::string& path) {
    const host::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0) return host::system_error("reading", path);
    std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t got = ::pread(fd.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return host::system_error("reading", path);
        if (got == 0) return Error{fmt::format("reading {}: it became shorter", printable(path))};
        at += static_cast<std::size_t>(got);
    }
    return sha256(bytes);
}

Result<std::vector<KeyLine>> parse_key_lines(std::string_view text) {
    std::vector<KeyLine> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const auto fault = [&](std::string_view why) {
            return Error{fmt::format("line {} of the keys: {}", lines.size() + 1, why)};
        };
        if (end == std::string_view::npos) return fault("cut short");
        const auto parts = split(text.substr(0, end), ' ');
        if (parts.size() != 3) return fault("not KEY SIGNATURE SIZE");
        auto key = parse_verifier_key(parts[0]);
        if (!key) return fault(key.error().message);
        KeyLine line{.key = std::move(*key)};
        if (parts[1] != "-") {
            auto signature = from_base64(parts[1]);
            if (!signature || signature->empty()) return fault("the signature is no base64");
            line.signature = std::move(*signature);
        }
        const auto size = parse_size(parts[2]);
        if (!size) return fault("the size is no number");
        line.size = *size;
        lines.push_back(std::move(line));
        text.remove_prefix(end + 1);
    }
    return lines;
}

Result<std::optional<SealStatement>> parse_seal(std::string_view text) {
    TRY(const Checkpoint checkpoint, parse_checkpoint(text));
    std::vector<std::string_view> lines = split(text, '\n');  // origin, size, root, segment, frontier, pages, ""
    if (lines.size() < 5 || !lines[3].starts_with("segment ")) return std::optional<SealStatement>();
    const Error fault{"what the checkpoint says about a segment is malformed"};
    if (lines.size() > 7 || lines.size() < 6) return fault;
    const auto parts = split(lines[3], ' ');
    if (parts.size() != 4 || !lines[4].starts_with("frontier ")) return fault;
    const auto first = parse_size(parts[1]);
    const auto file = parse_hash(parts[2]);
    const auto marks = parse_hash(parts[3]);
    const auto frontier = from_base64(lines[4].substr(9));
    if (!first || !file || !marks || !frontier) return fault;
    TRY(Tree tree, Tree::from_frontier(*frontier));
    if (tree.size() != checkpoint.size || tree.root() != checkpoint.root || *first > tree.size()) return fault;
    SealStatement seal{.first = *first, .file = *file, .tree = std::move(tree), .marks = *marks};
    if (lines.size() == 7) {
        if (!lines[5].starts_with("pages ")) return fault;
        const auto pages = from_base64(lines[5].substr(6));
        if (!pages || pages->size() % sizeof(Hash) != 0) return fault;
        seal.pages.resize(pages->size() / sizeof(Hash));
        for (std::size_t i = 0; i < seal.pages.size(); ++i)
            std::copy_n(pages->begin() + static_cast<std::ptrdiff_t>(i * sizeof(Hash)), sizeof(Hash),
                        seal.pages[i].begin());
    }
    return std::optional(std::move(seal));
}

Result<std::unique_ptr<CheckpointLog>> CheckpointLog::open(std::string folder, std::string_view host) {
    std::unique_ptr<CheckpointLog> log(new CheckpointLog);
    log->ledger_ = std::move(folder);
    log->folder_ = log->ledger_ + '/';
    TRY_VOID(log->load());
    if (log->key_ != nullptr || log->next_ != nullptr) {
        // A next key without a present one: a crash came between erasing the one and putting the other in its place.
        if (log->key_ != nullptr) return log;
        if (log->keys_.empty() || log->keys_.back().key != log->next_->verifier())
            return Error{"the ledger's signing key is gone, and the next one was never announced"};
        TRY_VOID(erase_key(log->folder_ + "key"));
        TRY_VOID(rename_synced(log->folder_ + "key.next", log->folder_ + "key"));
        log->key_ = std::move(log->next_);
        return log;
    }
    // The first key; or a key that was lost, whose successor nobody can vouch for. Either way it is announced.
    std::string origin;
    if (!log->keys_.empty()) {
        origin = log->keys_.back().key.name;
    } else {
        TRY(origin, new_origin(host));
    }
    TRY(auto key, SigningKey::generate(origin, SignatureType::ed25519));
    TRY_VOID(write_key(log->folder_ + "key", key));
    log->key_ = std::make_unique<SigningKey>(std::move(key));
    log->since_ = now();
    return log;
}

Result<void> CheckpointLog::load() {
    TRY(const auto keys, read_optional(folder_ + "keys", kMostLog));
    if (keys) {
        TRY(keys_, parse_key_lines(*keys));
    }
    const auto key = host::file_facts({}, folder_ + "key");
    if (key && *key && (*key)->size > 0) {
        since_ = (*key)->modified * kSecond;
        auto read = read_key(folder_ + "key");
        if (read) {
            key_ = std::move(*read);
        } else if (const auto next = read_key(folder_ + "key.next"); !next || *next == nullptr) {
            return Error(std::move(read.error()));
        }
    }
    TRY(next_, read_key(folder_ + "key.next"));
    if (next_ != nullptr && key_ != nullptr && key_->verifier() == next_->verifier()) next_.reset();

    TRY(const auto log, read_optional(folder_ + "checkpoints.log", kMostLog));
    std::string_view rest;
    for (const std::string_view text : split_notes(log ? std::string_view(*log) : std::string_view(), &rest)) {
        const auto note = parse_note(text);
        if (!note) continue;  // verify reports it; it stays no longer than to the next seal
        const auto checkpoint = parse_checkpoint(note->text);
        if (!checkpoint) continue;
        const auto seal = parse_seal(note->text);
        const bool is_seal = seal && seal->has_value();
        notes_.push_back({.size = checkpoint->size,
                          .first = is_seal ? (*seal)->first : 0,
                          .seal = is_seal,
                          .note = std::string(text)});
        if (is_seal) sealed_ = std::max(sealed_, checkpoint->size);
    }
    if (!rest.empty()) TRY_VOID(rewrite());  // a write that a crash cut short
    TRY(const auto latest, read_optional(folder_ + "checkpoint", kNoteBytes));
    if (latest) {
        if (const auto note = parse_note(*latest)) {
            if (const auto checkpoint = parse_checkpoint(note->text)) latest_size_ = checkpoint->size;
        }
    }
    return {};
}

Result<std::string> CheckpointLog::sign(std::uint64_t size, const Hash& root) {
    if (!latest_.empty() && size == latest_size_) return latest_;
    std::string note = sign_checkpoint(*key_, size, root);
    TRY_VOID(keep({.size = size, .note = note}));
    TRY_VOID(replace_file(folder_ + "checkpoint", note));
    latest_ = note;
    latest_size_ = size;
    return note;
}

Result<void> CheckpointLog::keep(Kept note) {
    const std::string path = folder_ + "checkpoints.log";
    const host::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) return host::system_error("writing", path);
    const std::string bytes = note.note + '\n';
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote != static_cast<ssize_t>(bytes.size())) {
        const int number = wrote < 0 ? errno : ENOSPC;
        TRY_VOID(rewrite());  // takes a half-written note away
        return host::system_error("writing", path, number);
    }
    notes_.push_back(std::move(note));
    return {};
}

Result<void> CheckpointLog::rewrite() {
    std::string bytes;
    for (const Kept& kept : notes_) bytes += kept.note + '\n';
    return replace_file(folder_ + "checkpoints.log", bytes);
}

Result<void> CheckpointLog::sealed(const SealedSegment& segment) {
    const std::uint64_t end = segment.tree.size();
    if (end <= sealed_) return {};
    SealStatement seal{
        .first = segment.first, .file = segment.file, .tree = segment.tree, .pages = segment.trail.pages};
    const bool marked = segment.trail.marks.size() == end - segment.first;
    const std::string marks = marked ? segment.trail.marks : std::string();
    seal.marks = sha256(marks);
    if (marked) TRY_VOID(replace_file(marks_path(ledger_, segment.first), marks));
    Note note{.text =
                  to_text(Checkpoint{.origin = origin(), .size = end, .root = segment.tree.root()}) + to_text(seal)};
    note.signatures.push_back(key_->sign_note(note.text));
    // Of the checkpoints inside the segment only those at which a key ended say more than this one.
    std::erase_if(notes_, [&](const Kept& kept) {
        return !kept.seal && kept.size <= end &&
               std::ranges::none_of(keys_, [&](const KeyLine& line) { return line.size == kept.size; });
    });
    const auto place = std::ranges::upper_bound(notes_, end, {}, &Kept::size);
    notes_.insert(place, {.size = end, .first = segment.first, .seal = true, .note = to_text(note)});
    sealed_ = end;
    return rewrite();
}

Result<void> CheckpointLog::pruned(std::uint64_t first_kept) {
    bool any = false;
    for (const Kept& kept : notes_) {
        any = any || kept.size < first_kept;
        if (kept.seal && kept.size <= first_kept) ::unlink(marks_path(ledger_, kept.first).c_str());  // gone is as good
    }
    std::erase_if(notes_, [&](const Kept& kept) { return kept.size < first_kept; });
    return any ? rewrite() : Result<void>();
}

std::optional<KeyAnnouncement> CheckpointLog::pending() const {
    if (next_ != nullptr) {
        return KeyAnnouncement{.key = to_text(next_->verifier()),
                               .signature = key_->sign(succession_text(next_->verifier()))};
    }
    if (!keys_.empty() && keys_.back().key == key_->verifier()) return std::nullopt;
    return KeyAnnouncement{.key = to_text(key_->verifier())};
}

Result<KeyAnnouncement> CheckpointLog::begin_rotation() {
    if (next_ == nullptr) {
        TRY(auto next, SigningKey::generate(origin(), SignatureType::ed25519));
        TRY_VOID(erase_key(folder_ + "key.next"));
        TRY_VOID(write_key(folder_ + "key.next", next));
        next_ = std::make_unique<SigningKey>(std::move(next));
    }
    return *pending();
}

Result<void> CheckpointLog::finish_rotation(std::uint64_t size, const Hash& root) {
    const auto announcement = pending();
    if (!announcement) return {};
    const VerifierKey& key = next_ != nullptr ? next_->verifier() : key_->verifier();
    // The old key's last word. It is kept for good: it says what was there before anybody else could sign.
    latest_.clear();
    TRY_VOID(sign(size, root));
    TRY_VOID(rewrite());  // synced, other than what is appended
    keys_.push_back({.key = key, .signature = announcement->signature, .size = size});
    std::string bytes;
    for (const KeyLine& line : keys_) bytes += to_text(line);
    TRY_VOID(replace_file(folder_ + "keys", bytes));
    if (next_ == nullptr) return {};
    TRY_VOID(erase_key(folder_ + "key"));
    TRY_VOID(rename_synced(folder_ + "key.next", folder_ + "key"));
    key_ = std::move(next_);
    since_ = now();
    latest_.clear();
    return {};
}

}  // namespace plimsoll::ledger
