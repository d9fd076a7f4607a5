#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "host/file.h"
#include "ledger/replace_file.h"
#include "ledger/segment.h"
#include "ledger/verify_parts.h"
#include "ledger/wal.h"

namespace plimsoll::ledger {

namespace {

constexpr std::size_t kMostLog = std::size_t{64} << 20U;
constexpr std::size_t kMostNames = std::size_t{1} << 20U;

using Kind = Fault::Kind;

/// The content, or nothing with a fault.
std::optional<std::string> content(Evidence& evidence, const std::string& name, std::size_t limit,
                                   std::string_view loss) {
    const auto text = host::read_if_exists({}, evidence.path + "/" + name, limit);
    if (text && *text) return **text;
    evidence.faults.push_back(
        {.kind = text ? Kind::missing : Kind::unreadable,
         .file = name,
         .message = fmt::format("{}; {}", text ? "there is no such file" : text.error().message, loss)});
    return std::nullopt;
}

Result<void> list(Evidence& evidence) {
    TRY(const auto entries, host::list_directory({}, evidence.path, kMostNames));
    if (!entries) return Error{fmt::format("there is no ledger in {}", printable(evidence.path))};
    bool any = false;
    for (const auto& entry : *entries) {
        if (const auto first = parse_wal_name(entry.name)) evidence.logs.push_back(*first);
        any = any || entry.name == "keys" || entry.name == "checkpoints.log" || entry.name == "checkpoint";
        if (parse_wal_name(entry.name)) evidence.look += entry.name + '\n';
    }
    TRY(const auto sealed, host::list_directory({}, evidence.path + "/segments", kMostNames));
    for (const auto& entry : sealed.value_or(std::vector<host::DirectoryEntry>())) {
        const auto first = parse_segment_name(entry.name);
        if (!first) continue;
        evidence.segments.push_back(*first);
        evidence.look += entry.name + '\n';
    }
    if (const auto keys = host::file_facts({}, evidence.path + "/keys"); keys && *keys)
        evidence.look += fmt::format("keys {} {}\n", (*keys)->size, (*keys)->inode);
    std::ranges::sort(evidence.segments);
    std::ranges::sort(evidence.logs);
    if (!any && evidence.segments.empty() && evidence.logs.empty())
        return Error{fmt::format("there is no ledger in {}", printable(evidence.path))};
    return {};
}

void check_keys(Evidence& evidence, const VerifyOptions& options) {
    const auto text = content(evidence, "keys", kMostLog, "no signature can be checked");
    if (!text) return;
    auto keys = parse_key_lines(*text);
    if (!keys || keys->empty()) {
        evidence.faults.push_back(
            {.kind = Kind::edited, .file = "keys", .message = keys ? "it holds no key" : keys.error().message});
        return;
    }
    evidence.keys = std::move(*keys);
    evidence.origin = evidence.keys.front().key.name;
    for (std::size_t i = 0; i < evidence.keys.size(); ++i) {
        const KeyLine& line = evidence.keys[i];
        evidence.key_trusted =
            evidence.key_trusted || std::ranges::find(options.trusted, line.key) != options.trusted.end();
        std::string wrong;
        if (line.key.name != evidence.origin) wrong = "it has another name than the first";
        if (i > 0 && line.size < evidence.keys[i - 1].size) wrong = "it stands before the former one";
        if (i > 0 && line.signature.empty())
            wrong = "the key before it did not sign it: the secret key was lost or exchanged";
        if (i == 0 && !line.signature.empty()) wrong = "the keys before it are gone from the file";
        if (i > 0 && !line.signature.empty() &&
            !verify_signature(evidence.keys[i - 1].key, succession_text(line.key), line.signature))
            wrong = "the signature by the key before it does not hold";
        if (!wrong.empty()) {
            evidence.faults.push_back(
                {.kind = Kind::forged,
                 .file = "keys",
                 .first = line.size,
                 .message = fmt::format("key {} signs from record {} on, but {}", i + 1, line.size, wrong)});
        }
    }
    const bool any_own =
        std::ranges::any_of(options.trusted, [](const VerifierKey& key) { return key.type == SignatureType::ed25519; });
    if (any_own && !evidence.key_trusted) {
        evidence.faults.push_back({.kind = Kind::forged,
                                   .file = "keys",
                                   .message = "the public key that was given is not among this ledger's keys"});
    }
}

/// The key of this ledger that signed the note; a key may not sign what came after its end.
std::optional<std::size_t> signer(const Evidence& evidence, const Note& note, std::uint64_t size) {
    for (std::size_t i = evidence.keys.size(); i-- > 0;) {
        if (verify_note(note, evidence.keys[i].key).state != Signed::State::good) continue;
        if (i + 1 < evidence.keys.size() && size > evidence.keys[i + 1].size) continue;
        return i;
    }
    return std::nullopt;
}

/// Takes a checkpoint in when it is signed; otherwise says what is wrong with it.
std::optional<std::string> take(Evidence& evidence, std::string_view text) {
    const auto note = parse_note(text);
    if (!note) return note.error().message;
    const auto checkpoint = parse_checkpoint(note->text);
    if (!checkpoint) return checkpoint.error().message;
    if (checkpoint->origin != evidence.origin)
        return fmt::format("it is of another ledger, {}", printable(checkpoint->origin));
    const auto key = signer(evidence, *note, checkpoint->size);
    if (!key) return fmt::format("no key of this ledger that could sign {} records signed it", checkpoint->size);
    auto seal = parse_seal(note->text);
    if (!seal) return seal.error().message;
    if (to_text(*note) != text) return "it has something besides text and signatures";
    evidence.roots.push_back(
        {.size = checkpoint->size, .root = checkpoint->root, .key = *key, .seal = std::move(*seal)});
    return std::nullopt;
}

void check_checkpoints(Evidence& evidence) {
    std::uint64_t newest = 0;
    if (const auto log =
            content(evidence, "checkpoints.log", kMostLog, "what was signed before the last checkpoint is not known")) {
        std::string_view rest;
        std::size_t number = 0;
        for (const std::string_view text : split_notes(*log, &rest)) {
            ++number;
            if (const auto wrong = take(evidence, text))
                evidence.faults.push_back({.kind = Kind::forged,
                                           .file = "checkpoints.log",
                                           .message = fmt::format("checkpoint {} of the file: {}", number, *wrong)});
        }
        if (!rest.empty())
            evidence.faults.push_back(
                {.kind = Kind::missing, .file = "checkpoints.log", .message = "its last checkpoint is cut short"});
        for (const KnownRoot& root : evidence.roots)
            if (!root.seal) newest = std::max(newest, root.size);
    }
    std::vector<std::uint64_t> sizes;
    for (const KnownRoot& root : evidence.roots)
        if (!root.seal) sizes.push_back(root.size);
    if (const auto latest = content(evidence, "checkpoint", kNoteBytes, "the latest checkpoint is gone")) {
        const std::size_t before = evidence.roots.size();
        if (const auto wrong = take(evidence, *latest)) {
            evidence.faults.push_back({.kind = Kind::forged, .file = "checkpoint", .message = *wrong});
        } else {
            // The writer appends to the log first: after a crash that may be one ahead, never more.
            const std::uint64_t size = evidence.roots[before].size;
            if (std::ranges::count_if(sizes, [&](std::uint64_t other) { return other > size; }) > 1)
                evidence.faults.push_back(
                    {.kind = Kind::truncated,
                     .file = "checkpoint",
                     .first = size,
                     .message = fmt::format("an older one was put in its place: it says {} records, but {} were signed",
                                            size, newest)});
        }
    }
    std::ranges::stable_sort(evidence.roots, {}, &KnownRoot::size);
}

Result<void> take_anchor(Evidence& evidence, const VerifyOptions& options) {
    if (!options.anchor) return {};
    TRY(const Note note, parse_note(*options.anchor));
    TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
    evidence.anchor_size = checkpoint.size;
    std::optional<std::size_t> key = signer(evidence, note, checkpoint.size);
    bool good = key.has_value();
    for (const VerifierKey& trusted : options.trusted) {
        const auto state = verify_note(note, trusted).state;
        if (state == Signed::State::bad) return Error{"the signature of the given key on the anchor does not hold"};
        if (state == Signed::State::good && trusted.type == SignatureType::cosignature) evidence.key_trusted = true;
        good = good || state == Signed::State::good;
    }
    if (checkpoint.origin != evidence.origin || !good) {
        evidence.faults.push_back(
            {.kind = Kind::forged,
             .message = checkpoint.origin != evidence.origin
                            ? fmt::format("the anchor is of {}, this ledger calls itself {}",
                                          printable(checkpoint.origin), printable(evidence.origin))
                            : "the anchor is not signed by a key of this ledger"});
        return {};
    }
    evidence.roots.push_back(
        {.size = checkpoint.size, .root = checkpoint.root, .key = key.value_or(0), .anchor = true});
    std::ranges::stable_sort(evidence.roots, {}, &KnownRoot::size);
    return {};
}

}  // namespace

std::string_view to_text(Fault::Kind kind) {
    switch (kind) {
        case Kind::edited: return "edited";
        case Kind::inserted: return "inserted";
        case Kind::removed: return "removed";
        case Kind::reordered: return "re-ordered";
        case Kind::truncated: return "truncated";
        case Kind::forged: return "forged";
        case Kind::missing: return "missing";
        case Kind::unreadable: return "unreadable";
    }
    return "";
}

const SealStatement* Evidence::seal(RecordNumber first) const {
    for (const KnownRoot& root : roots)
        if (root.seal && root.seal->first == first) return &*root.seal;
    return nullptr;
}

const Tree* Evidence::tree(std::uint64_t size) const {
    for (const KnownRoot& root : of_size(size))
        if (root.seal) return &root.seal->tree;
    return nullptr;
}

std::span<const KnownRoot> Evidence::of_size(std::uint64_t size) const {
    const auto found = std::ranges::equal_range(roots, size, {}, &KnownRoot::size);
    return {found.begin(), found.end()};
}

std::uint64_t Evidence::until_known(std::uint64_t size) const {
    const auto next = std::ranges::upper_bound(roots, size, {}, &KnownRoot::size);
    return next == roots.end() ? std::numeric_limits<std::uint64_t>::max() : next->size - size;
}

Result<Evidence> gather_evidence(const VerifyOptions& options) {
    Evidence evidence{.path = absolute_path(options.path)};
    TRY_VOID(list(evidence));
    check_keys(evidence, options);
    if (!evidence.keys.empty()) check_checkpoints(evidence);
    TRY_VOID(take_anchor(evidence, options));
    return evidence;
}

}  // namespace plimsoll::ledger
