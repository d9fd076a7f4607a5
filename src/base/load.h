#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>

namespace plimsoll {

/// The number at an address that need not be aligned, in the machine's order of bytes.
template <std::unsigned_integral Word = std::uint64_t>
[[nodiscard]] inline std::uint64_t load(const char* at) {
    Word word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

}  // namespace plimsoll
