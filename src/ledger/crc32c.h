#pragma once

#include <cstdint>
#include <string_view>

namespace plimsoll::ledger {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, going on from `seed`, the CRC of what stood before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// The same without the processor's instruction; for tests and machines that lack it.
[[nodiscard]] std::uint32_t crc32c_table(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace plimsoll::ledger
