#include "audit/log/literals.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/result.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace plimsoll::audit {

namespace {

/// How common a byte is among a thousand of an audit log, as the samples have it: a search looks for a literal's two
/// rarest.
int commonness(char c) {
    switch (c) {
        case '0': return 69;
        case '=': return 62;
        case ' ': return 56;
        case '1': return 50;
        case '2': return 44;
        case '4':
        case '6':
        case 'e': return 43;
        case 'd':
        case 'i': return 34;
        case '7': return 32;
        case 'a': return 30;
        case 's':
        case 't':
        case 'f':
        case '3':
        case '5': return 26;
        case 'p':
        case 'c':
        case '9': return 21;
        case 'o':
        case 'u': return 19;
        case 'm':
        case 'r':
        case '"': return 14;
        case ':':
        case '/':
        case 'g':
        case 'n':
        case 'y': return 12;
        case '8': return 9;
        case '_':
        case 'l':
        case '.':
        case '(':
        case ')': return 7;
        default: break;
    }
    if (c >= 'A' && c <= 'F') return 5;
    if (c == 'v' || c == 'b') return 5;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ? 2 : 0;
}

/// Offsets of the two rarest bytes of a literal, the first before the second; equal when it has one byte. They are not
/// neighbours where that can be avoided: neighbours often come together (the i and d of uid=).
std::pair<std::size_t, std::size_t> rarest(std::string_view wanted) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < wanted.size(); ++i)
        if (commonness(wanted[i]) < commonness(wanted[best])) best = i;
    const auto distance = [&](std::size_t i) { return i > best ? i - best : best - i; };
    std::size_t second = best == 0 ? wanted.size() - 1 : 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (distance(i) < std::min<std::size_t>(3, wanted.size() / 2)) continue;
        if (distance(second) < std::min<std::size_t>(3, wanted.size() / 2) ||
            commonness(wanted[i]) < commonness(wanted[second]))
            second = i;
    }
    return std::minmax(best, second);
}

std::size_t find_slowly(std::string_view text, std::string_view wanted, std::size_t from) {
    const void* const at = ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
    return at == nullptr ? std::string_view::npos
                         : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) inline __m256i load(const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

/// Compares 32 places at once by two bytes of the literal, then the few that remain as a whole.
__attribute__((target("avx2"))) std::size_t find_avx2(std::string_view text, std::string_view wanted,
                                                      std::size_t from) {
    const auto [low, high] = rarest(wanted);
    const __m256i first = _mm256_set1_epi8(wanted[low]);
    const __m256i second = _mm256_set1_epi8(wanted[high]);
    const char* const data = text.data();
    std::size_t at = from;
    for (; at + high + 64 <= text.size(); at += 64) {
        const __m256i near = _mm256_and_si256(_mm256_cmpeq_epi8(load(data + at + low), first),
                                              _mm256_cmpeq_epi8(load(data + at + high), second));
        const __m256i far = _mm256_and_si256(_mm256_cmpeq_epi8(load(data + at + 32 + low), first),
                                             _mm256_cmpeq_epi8(load(data + at + 32 + high), second));
        if (_mm256_testz_si256(_mm256_or_si256(near, far), _mm256_set1_epi8(-1))) [[likely]]
            continue;
        auto places = static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(near))) |
                      static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(far))) << 32U;
        for (; places != 0; places &= places - 1) {
            const std::size_t place = at + static_cast<std::size_t>(__builtin_ctzll(places));
            if (place + wanted.size() > text.size()) break;
            if (std::memcmp(data + place, wanted.data(), wanted.size()) == 0) return place;
        }
    }
    return at < text.size() ? find_slowly(text, wanted, at) : std::string_view::npos;
}

#endif

}  // namespace

std::size_t find_literal(std::string_view text, std::string_view wanted, std::size_t from) {
    check(!wanted.empty());
    if (from >= text.size()) return std::string_view::npos;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") != 0) return find_avx2(text, wanted, from);
#endif
    return find_slowly(text, wanted, from);
}

Literals::Literals(std::vector<std::string> texts) : texts_(std::move(texts)) {
    std::ranges::sort(texts_);
    texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
    std::erase_if(texts_, [](const std::string& text) { return text.empty(); });
}

void Literals::find(std::string_view text, std::vector<std::size_t>& places) const {
    const auto start = static_cast<std::ptrdiff_t>(places.size());
    for (const std::string& wanted : texts_) {
        for (std::size_t at = 0; (at = find_literal(text, wanted, at)) != std::string_view::npos;) {
            places.push_back(at);
            at = text.find('\n', at);  // the rest of the line tells nothing new
            if (at == std::string_view::npos) break;
        }
    }
    if (texts_.size() > 1) std::sort(places.begin() + start, places.end());
}

}  // namespace plimsoll::audit
