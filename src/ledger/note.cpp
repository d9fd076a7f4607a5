#include "ledger/note.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/base64.h"
#include "base/text.h"
#include "ledger/keys.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kTimeBytes = 8;

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t number = 0;
    for (const char byte : bytes.substr(0, 4)) number = number << 8U | static_cast<std::uint8_t>(byte);
    return number;
}

std::string key_id_bytes(std::uint32_t id) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(id >> shift & 255U);
    return bytes;
}

Result<NoteSignature> parse_signature(std::string_view line) {
    line.remove_prefix(kDash.size());
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return Error{"a signature line without a signature"};
    NoteSignature signature{.name = std::string(line.substr(0, blank))};
    if (!is_key_name(signature.name)) return Error{"a signature line with a wrong key name"};
    const auto bytes = from_base64(line.substr(blank + 1));
    if (!bytes || bytes->size() < 5) return Error{"a signature that is no base64"};
    signature.key_id = big_endian(*bytes);
    signature.bytes = bytes->substr(4);
    return signature;
}

}  // namespace

bool is_key_name(std::string_view name) {
    if (name.empty() || valid_utf8(name) != name) return false;
    // printable() escapes what is invisible; of Unicode's visible-width spaces these are what is left.
    for (const std::string_view space : {"\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"})
        if (name.contains(space)) return false;
    for (std::size_t at = name.find("\xe2\x80"); at != std::string_view::npos; at = name.find("\xe2\x80", at + 1)) {
        const auto last = static_cast<std::uint8_t>(name[at + 2]);
        if (last <= 0x8a || last == 0xa8 || last == 0xa9) return false;  // U+2000..U+200A, line and paragraph separator
    }
    return name.find_first_of(" +") == std::string_view::npos && printable(name) == name;
}

std::uint32_t VerifierKey::id() const {
    std::string text = name + '\n' + static_cast<char>(type);
    text.append(key.begin(), key.end());
    const Hash hash = sha256(text);
    return big_endian(std::string_view(reinterpret_cast<const char*>(hash.data()), 4));
}

std::string to_text(const VerifierKey& key) {
    std::string bytes(1, static_cast<char>(key.type));
    bytes.append(key.key.begin(), key.key.end());
    return fmt::format("{}+{:08x}+{}", key.name, key.id(), to_base64(bytes));
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return Error{"a verifier key has the form NAME+KEYID+BASE64"};
    VerifierKey key{.name = std::string(text.substr(0, first))};
    if (!is_key_name(key.name)) return Error{"the verifier key's name is empty or has a space in it"};
    const auto bytes = from_base64(text.substr(second + 1));
    if (!bytes || bytes->size() != key.key.size() + 1) return Error{"the verifier key is not base64 of 33 bytes"};
    const auto type = static_cast<std::uint8_t>(bytes->front());
    if (type != static_cast<std::uint8_t>(SignatureType::ed25519) &&
        type != static_cast<std::uint8_t>(SignatureType::cosignature))
        return Error{fmt::format("a verifier key of type {:#04x} is not supported", type)};
    key.type = static_cast<SignatureType>(type);
    std::memcpy(key.key.data(), bytes->data() + 1, key.key.size());
    if (text.substr(first + 1, second - first - 1) != fmt::format("{:08x}", key.id()))
        return Error{"the verifier key's id does not fit its name and key: mistyped?"};
    return key;
}

Result<Note> parse_note(std::string_view bytes) {
    if (bytes.size() > kNoteBytes) return Error{"the note is too long"};
    for (const char c : bytes)
        if (static_cast<std::uint8_t>(c) < 0x20 && c != '\n') return Error{"the note has control characters"};
    if (valid_utf8(bytes) != bytes) return Error{"the note is not UTF-8"};
    const std::size_t blank = bytes.rfind("\n\n");
    if (blank == std::string_view::npos || bytes.back() != '\n') return Error{"the note has no signatures"};
    Note note{.text = std::string(bytes.substr(0, blank + 1))};
    for (std::string_view rest = bytes.substr(blank + 2); !rest.empty();) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        if (!line.starts_with(kDash)) return Error{"the note has something else among its signatures"};
        TRY(auto signature, parse_signature(line));
        note.signatures.push_back(std::move(signature));
        if (note.signatures.size() > kNoteSignatures) return Error{"the note has too many signatures"};
        rest.remove_prefix(end + 1);
    }
    if (note.signatures.empty()) return Error{"the note has no signatures"};
    return note;
}

std::string to_text(const NoteSignature& signature) {
    return fmt::format("{}{} {}\n", kDash, signature.name, to_base64(key_id_bytes(signature.key_id) + signature.bytes));
}

std::string to_text(const Note& note) {
    std::string text = note.text + '\n';
    for (const NoteSignature& signature : note.signatures) text += to_text(signature);
    return text;
}

std::vector<std::string_view> split_notes(std::string_view bytes, std::string_view* rest) {
    std::vector<std::string_view> notes;
    while (!bytes.empty()) {
        const std::size_t text = bytes.find("\n\n");
        const std::size_t end = text == std::string_view::npos ? text : bytes.find("\n\n", text + 2);
        if (end == std::string_view::npos) break;
        notes.push_back(bytes.substr(0, end + 1));
        bytes.remove_prefix(end + 2);
    }
    if (rest != nullptr) *rest = bytes;
    return notes;
}

Signed verify_note(const Note& note, const VerifierKey& key) {
    Signed answer;
    for (const NoteSignature& signature : note.signatures) {
        if (signature.name != key.name || signature.key_id != key.id()) continue;
        if (key.type == SignatureType::ed25519) {
            if (!verify_signature(key, note.text, signature.bytes)) return {.state = Signed::State::bad};
        } else {
            if (signature.bytes.size() != kTimeBytes + kSignatureBytes) return {.state = Signed::State::bad};
            std::uint64_t time = 0;
            for (std::size_t i = 0; i < kTimeBytes; ++i)
                time = time << 8U | static_cast<std::uint8_t>(signature.bytes[i]);
            const std::string message = fmt::format("cosignature/v1\ntime {}\n{}", time, note.text);
            if (time >> 63U != 0 || !verify_signature(key, message, std::string_view(signature.bytes).substr(8)))
                return {.state = Signed::State::bad};
            answer.time = time;
        }
        answer.state = Signed::State::good;
    }
    return answer;
}

}  // namespace plimsoll::ledger
