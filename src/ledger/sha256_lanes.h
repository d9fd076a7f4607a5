#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ledger/tree.h"

namespace plimsoll::ledger {

/// SHA-256(prefix || message) of each message, two at a time where the processor has instructions for SHA: each waits
/// for its own steps most of the time, so two take hardly longer than one. `out` is as long as `messages`.
void sha256_each(std::uint8_t prefix, std::span<const std::string_view> messages, std::span<Hash> out);

/// SHA-256(prefix || message): what sha256_each does with one, quicker than OpenSSL for short messages.
[[nodiscard]] Hash sha256_prefixed(std::uint8_t prefix, std::string_view message);

}  // namespace plimsoll::ledger
