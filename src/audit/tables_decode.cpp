#include "audit/tables_decode.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "audit/record_types.h"
#include "audit/tables.h"

namespace plimsoll::audit {

namespace {

constexpr auto kUpperDigits = [] {
    auto digits = kHexDigits;
    for (unsigned i = 0; i < 6; ++i) digits[static_cast<unsigned char>('a') + i] = 255;
    return digits;
}();

// Sorted. Fields that the kernel or a program writes through audit_log_untrustedstring or audit_encode_nv_string.
constexpr auto kEscaped = std::to_array<std::string_view>({
    "acct",
    "apparmor",
    "cmd",
    "comm",
    "cwd",
    "data",
    "denied_mask",
    "device",
    "dir",
    "exe",
    "file",
    "invalid_context",
    "key",
    "name",
    "new-chardev",
    "new-disk",
    "new-fs",
    "new-net",
    "new-rng",
    "ocomm",
    "old-chardev",
    "old-disk",
    "old-fs",
    "old-net",
    "old-rng",
    "path",
    "proctitle",
    "profile",
    "requested_mask",
    "root_dir",
    "sw",
    "vm",
    "watch",
});
static_assert(std::ranges::is_sorted(kEscaped));

#if defined(__SSE2__)
/// 16 digits at once; false when one is none.
bool decode_sixteen(char* room, const char* text) {
    __m128i digits;
    std::memcpy(&digits, text, 16);
    const __m128i nine = _mm_set1_epi8(9);
    const __m128i five = _mm_set1_epi8(5);
    const __m128i number = _mm_sub_epi8(digits, _mm_set1_epi8('0'));
    const __m128i letter = _mm_sub_epi8(digits, _mm_set1_epi8('A'));
    const __m128i is_number = _mm_cmpeq_epi8(_mm_min_epu8(number, nine), number);
    const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, five), letter);
    if (_mm_movemask_epi8(_mm_or_si128(is_number, is_letter)) != 0xFFFF) return false;
    const __m128i values = _mm_or_si128(_mm_and_si128(is_number, number),
                                        _mm_and_si128(is_letter, _mm_add_epi8(letter, _mm_set1_epi8(10))));
    // In each pair the first digit is the low byte.
    const __m128i high = _mm_slli_epi16(_mm_and_si128(values, _mm_set1_epi16(0x00FF)), 4);
    const __m128i bytes = _mm_or_si128(high, _mm_srli_epi16(values, 8));
    const __m128i packed = _mm_packus_epi16(bytes, bytes);
    std::memcpy(room, &packed, 8);
    return true;
}
#endif

/// aN and aN[M] of EXECVE.
bool is_argument(std::string_view field) {
    return field.size() >= 2 && field[0] == 'a' && field[1] >= '0' && field[1] <= '9' && !field.ends_with("_len");
}

}  // namespace

bool decode_hex(char* room, std::string_view text) {
    if (text.empty() || text.size() % 2 != 0) return false;
    unsigned bad = 0;
    std::size_t i = 0;
#if defined(__SSE2__)
    for (; i + 16 <= text.size(); i += 16)
        if (!decode_sixteen(room + i / 2, text.data() + i)) return false;
#endif
    for (; i < text.size(); i += 2) {
        const unsigned high = kUpperDigits[static_cast<unsigned char>(text[i])];
        const unsigned low = kUpperDigits[static_cast<unsigned char>(text[i + 1])];
        bad |= high | low;
        room[i / 2] = static_cast<char>(high << 4U | low);
    }
    return bad < 16;
}

bool append_hex_decoded(std::string& out, std::string_view text) {
    const std::size_t begin = out.size();
    out.resize(begin + text.size() / 2);
    if (decode_hex(out.data() + begin, text)) return true;
    out.resize(begin);
    return false;
}

std::string decode(std::string_view value, bool quoted) {
    std::string out;
    if (quoted || !append_hex_decoded(out, value)) out.assign(value);
    return out;
}

bool may_be_hex(std::uint32_t type, std::string_view field) {
    if (type == kExecve && is_argument(field)) return true;
    return std::ranges::binary_search(kEscaped, field);
}

}  // namespace plimsoll::audit
