#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace plimsoll::audit {

/// Calls `at(place)` for each blank of the text, in order, until it says false.
template <typename At>
void for_each_blank(std::string_view text, At&& at) {
    std::size_t i = 0;
#if defined(__SSE2__)
    const __m128i blanks = _mm_set1_epi8(' ');
    for (; i + 16 <= text.size(); i += 16) {
        __m128i bytes;
        std::memcpy(&bytes, text.data() + i, 16);
        auto found = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, blanks)));
        for (; found != 0; found &= found - 1)
            if (!at(i + static_cast<std::size_t>(std::countr_zero(found)))) return;
    }
#endif
    for (; i < text.size(); ++i)
        if (text[i] == ' ' && !at(i)) return;
}

}  // namespace plimsoll::audit
