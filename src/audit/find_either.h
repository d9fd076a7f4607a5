#pragma once

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace plimsoll::audit {

/// The first place of one of two characters at or behind `at`; `end` without one.
inline const char* find_either(const char* at, const char* end, char one, char other) {
#if defined(__SSE2__)
    const __m128i ones = _mm_set1_epi8(one);
    const __m128i others = _mm_set1_epi8(other);
    for (; end - at >= 16; at += 16) {
        __m128i bytes;
        std::memcpy(&bytes, at, 16);
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, ones), _mm_cmpeq_epi8(bytes, others));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
        if (mask != 0) return at + std::countr_zero(mask);
    }
#endif
    while (at < end && *at != one && *at != other) ++at;
    return at;
}

}  // namespace plimsoll::audit
