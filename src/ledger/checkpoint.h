#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/keys.h"
#include "ledger/note.h"
#include "ledger/tree.h"

namespace plimsoll::ledger {

/// The head of a tree, c2sp.org/tlog-checkpoint.
struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    Hash root{};
};

/// "ORIGIN\nSIZE\nBASE64 ROOT\n", what is signed.
[[nodiscard]] std::string to_text(const Checkpoint& checkpoint);

/// Reads the text of a note; extension lines are let pass, they stay under the signature.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view text);

/// The signed note.
[[nodiscard]] std::string sign_checkpoint(const SigningKey& key, std::uint64_t size, const Hash& root);

/// Base64 of a hash, and back: exactly 32 bytes in canonical base64, or nothing.
[[nodiscard]] std::string to_base64(const Hash& hash);
[[nodiscard]] std::optional<Hash> parse_hash(std::string_view base64);

/// Decimal without leading zeroes, or nothing.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace plimsoll::ledger
