#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plimsoll::ledger {

/// Kinds of signature that c2sp.org/signed-note assigns and this program makes and checks.
enum class SignatureType : std::uint8_t {
    ed25519 = 0x01,
    cosignature = 0x04,  ///< timestamped, c2sp.org/tlog-cosignature
};

/// A public key with the name under which it signs.
struct VerifierKey {
    std::string name;
    SignatureType type = SignatureType::ed25519;
    std::array<std::uint8_t, 32> key{};

    /// First four bytes of SHA-256(name || 0x0A || type || key), big endian.
    [[nodiscard]] std::uint32_t id() const;
    friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

/// NAME+KEYID+BASE64, the text form of c2sp.org/signed-note.
[[nodiscard]] std::string to_text(const VerifierKey& key);
[[nodiscard]] Result<VerifierKey> parse_verifier_key(std::string_view text);

/// Whether a text may name a key: not empty, no spaces, no plus, no control characters.
[[nodiscard]] bool is_key_name(std::string_view name);

struct NoteSignature {
    std::string name;
    std::uint32_t key_id = 0;
    std::string bytes;  ///< without the key id
};

/// A text with signatures under it, c2sp.org/signed-note.
struct Note {
    std::string text;  ///< ends with a newline
    std::vector<NoteSignature> signatures;
};

inline constexpr std::size_t kNoteBytes = 64 * 1024;  ///< a longer note is refused
inline constexpr std::size_t kNoteSignatures = 64;    ///< so is one with more signatures

[[nodiscard]] Result<Note> parse_note(std::string_view bytes);
[[nodiscard]] std::string to_text(const Note& note);
[[nodiscard]] std::string to_text(const NoteSignature& signature);  ///< the line, with its newline

/// Splits notes that stand one behind the other, each followed by an empty line; what follows the last whole note is
/// left in `rest`.
[[nodiscard]] std::vector<std::string_view> split_notes(std::string_view bytes, std::string_view* rest = nullptr);

/// What one key says about a note.
struct Signed {
    enum class State : std::uint8_t { good, bad, absent };  ///< absent: no signature of that key
    State state = State::absent;
    std::uint64_t time = 0;  ///< of a cosignature: seconds since 1970
};

[[nodiscard]] Signed verify_note(const Note& note, const VerifierKey& key);

}  // namespace plimsoll::ledger
