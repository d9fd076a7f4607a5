#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/note.h"

namespace plimsoll::ledger {

/// An Ed25519 secret with its name; the memory is wiped at the end.
class SigningKey {
public:
    /// A new one, from the kernel's random numbers.
    static Result<SigningKey> generate(std::string name, SignatureType type);
    /// Reads `text()`.
    static Result<SigningKey> parse(std::string_view text);
    /// PRIVATE+KEY+NAME+KEYID+BASE64(type || seed) and a newline, the form of Go's note package.
    [[nodiscard]] std::string text() const;

    SigningKey(SigningKey&&) noexcept;
    SigningKey& operator=(SigningKey&&) noexcept;
    ~SigningKey();

    [[nodiscard]] const VerifierKey& verifier() const { return verifier_; }

    /// Ed25519 over the message, 64 bytes.
    [[nodiscard]] std::string sign(std::string_view message) const;

    /// The signature of a note's text; a cosignature says `time`, seconds since 1970.
    [[nodiscard]] NoteSignature sign_note(std::string_view text, std::uint64_t time = 0) const;

private:
    SigningKey() = default;
    [[nodiscard]] Result<void> derive();
    VerifierKey verifier_;
    std::array<std::uint8_t, 32> seed_{};
};

/// Whether an Ed25519 signature holds.
[[nodiscard]] bool verify_signature(const VerifierKey& key, std::string_view message, std::string_view signature);

/// Reads a key file of its owner alone; none there is an empty pointer, one that others may read is an error.
[[nodiscard]] Result<std::unique_ptr<SigningKey>> read_key(const std::string& path);
/// Writes a key file with mode 0600, synced; an existing file is an error.
[[nodiscard]] Result<void> write_key(const std::string& path, const SigningKey& key);
/// Overwrites the file, syncs, and removes it. What a flash disk or a copying file system keeps elsewhere stays.
[[nodiscard]] Result<void> erase_key(const std::string& path);

/// What an old key signs when it hands over to a new one.
[[nodiscard]] std::string succession_text(const VerifierKey& next);

}  // namespace plimsoll::ledger
