// OpenSSL's SHA256_* functions are deprecated, and four times as quick for a leaf as EVP or the one-shot function.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/sha256_lanes.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace plimsoll::ledger {

namespace {

Hash by_openssl(std::uint8_t prefix, std::string_view message) {
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, &prefix, 1);
    SHA256_Update(&state, message.data(), message.size());
    Hash hash;
    SHA256_Final(hash.data(), &state);
    return hash;
}

#ifdef __x86_64__

constexpr std::size_t kBlock = 64;
constexpr std::size_t kMostPadded =
    4096;  // an alert with all that its event tells takes half of it; longer messages are for OpenSSL

bool has_instructions() {
    static const bool known = [] {
        unsigned a = 0;
        unsigned b = 0;
        unsigned c = 0;
        unsigned d = 0;
        const bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
        return sha && __builtin_cpu_supports("sse4.1") != 0;
    }();
    return known;
}

alignas(16) constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// One message: its padded blocks, and the state between them.
struct Lane {
    alignas(16) std::array<std::uint8_t, kMostPadded> bytes;
    std::size_t blocks = 0;

    Lane(std::uint8_t prefix, std::string_view message) {
        const std::size_t size = message.size() + 1;
        blocks = (size + 9 + kBlock - 1) / kBlock;
        bytes[0] = prefix;
        std::memcpy(bytes.data() + 1, message.data(), message.size());
        bytes[size] = 0x80;
        const std::size_t end = blocks * kBlock - 8;
        std::memset(bytes.data() + size + 1, 0, end - size - 1);
        const std::uint64_t bits = __builtin_bswap64(size * 8);
        std::memcpy(bytes.data() + end, &bits, 8);
    }
    static bool fits(std::string_view message) { return message.size() + 10 <= kMostPadded; }
};

struct State {
    __m128i abef;
    __m128i cdgh;
};

struct Rounds {
    __m128i s0;
    __m128i s1;
    __m128i w[4];  // NOLINT: an std::array would need code that is not compiled for these instructions
};

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast)
#define PLIMSOLL_SHA [[gnu::target("sha,sse4.1"), gnu::always_inline]] inline

PLIMSOLL_SHA __m128i byte_order() { return _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203); }

PLIMSOLL_SHA void begin(Rounds& rounds, const State& state, const std::uint8_t* block) {
    rounds.s0 = state.abef;
    rounds.s1 = state.cdgh;
    const auto* from = reinterpret_cast<const __m128i*>(block);
    rounds.w[0] = _mm_shuffle_epi8(_mm_loadu_si128(from), byte_order());
    rounds.w[1] = _mm_shuffle_epi8(_mm_loadu_si128(from + 1), byte_order());
    rounds.w[2] = _mm_shuffle_epi8(_mm_loadu_si128(from + 2), byte_order());
    rounds.w[3] = _mm_shuffle_epi8(_mm_loadu_si128(from + 3), byte_order());
}

/// Four rounds.
template <int N>
PLIMSOLL_SHA void step(Rounds& rounds) {
    __m128i& word = rounds.w[N % 4];
    if constexpr (N >= 4) {
        const __m128i before = rounds.w[(N + 3) % 4];
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(word, rounds.w[(N + 1) % 4]),
                                          _mm_alignr_epi8(before, rounds.w[(N + 2) % 4], 4));
        word = _mm_sha256msg2_epu32(sum, before);
    }
    const __m128i in = _mm_add_epi32(word, _mm_load_si128(reinterpret_cast<const __m128i*>(kRound.data() + 4 * N)));
    rounds.s1 = _mm_sha256rnds2_epu32(rounds.s1, rounds.s0, in);
    rounds.s0 = _mm_sha256rnds2_epu32(rounds.s0, rounds.s1, _mm_shuffle_epi32(in, 0x0e));
}

PLIMSOLL_SHA void finish(State& state, const Rounds& rounds) {
    state.abef = _mm_add_epi32(state.abef, rounds.s0);
    state.cdgh = _mm_add_epi32(state.cdgh, rounds.s1);
}

PLIMSOLL_SHA State initial() {
    return {_mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f, static_cast<int>(0x9b05688c)),
            _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19)};
}

PLIMSOLL_SHA void store(const State& state, Hash& out) {
    const __m128i abef = _mm_shuffle_epi32(state.abef, 0x1b);
    const __m128i cdgh = _mm_shuffle_epi32(state.cdgh, 0x1b);
    auto* to = reinterpret_cast<__m128i*>(out.data());
    _mm_storeu_si128(to, _mm_shuffle_epi8(_mm_unpacklo_epi64(abef, cdgh), byte_order()));
    _mm_storeu_si128(to + 1, _mm_shuffle_epi8(_mm_unpackhi_epi64(abef, cdgh), byte_order()));
}

[[gnu::target("sha,sse4.1")]] void one_block(State& state, const std::uint8_t* block) {
    Rounds r;
    begin(r, state, block);
    step<0>(r), step<1>(r), step<2>(r), step<3>(r), step<4>(r), step<5>(r), step<6>(r), step<7>(r);
    step<8>(r), step<9>(r), step<10>(r), step<11>(r), step<12>(r), step<13>(r), step<14>(r), step<15>(r);
    finish(state, r);
}

[[gnu::target("sha,sse4.1")]] void two_blocks(State& first, const std::uint8_t* one, State& second,
                                              const std::uint8_t* other) {
    Rounds a;
    Rounds b;
    begin(a, first, one);
    begin(b, second, other);
    step<0>(a), step<0>(b), step<1>(a), step<1>(b), step<2>(a), step<2>(b), step<3>(a), step<3>(b);
    step<4>(a), step<4>(b), step<5>(a), step<5>(b), step<6>(a), step<6>(b), step<7>(a), step<7>(b);
    step<8>(a), step<8>(b), step<9>(a), step<9>(b), step<10>(a), step<10>(b), step<11>(a), step<11>(b);
    step<12>(a), step<12>(b), step<13>(a), step<13>(b), step<14>(a), step<14>(b), step<15>(a), step<15>(b);
    finish(first, a);
    finish(second, b);
}

[[gnu::target("sha,sse4.1")]] void hash_one(const Lane& lane, Hash& out) {
    State state = initial();
    for (std::size_t n = 0; n < lane.blocks; ++n) one_block(state, lane.bytes.data() + n * kBlock);
    store(state, out);
}

[[gnu::target("sha,sse4.1")]] void hash_two(const Lane& first, const Lane& second, Hash& one, Hash& other) {
    State a = initial();
    State b = initial();
    const std::size_t both = std::min(first.blocks, second.blocks);
    for (std::size_t n = 0; n < both; ++n)
        two_blocks(a, first.bytes.data() + n * kBlock, b, second.bytes.data() + n * kBlock);
    for (std::size_t n = both; n < first.blocks; ++n) one_block(a, first.bytes.data() + n * kBlock);
    for (std::size_t n = both; n < second.blocks; ++n) one_block(b, second.bytes.data() + n * kBlock);
    store(a, one);
    store(b, other);
}

#undef PLIMSOLL_SHA
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

#endif

}  // namespace

Hash sha256_prefixed(std::uint8_t prefix, std::string_view message) {
#ifdef __x86_64__
    if (has_instructions() && Lane::fits(message)) {
        Hash hash;
        hash_one(Lane(prefix, message), hash);
        return hash;
    }
#endif
    return by_openssl(prefix, message);
}

void sha256_each(std::uint8_t prefix, std::span<const std::string_view> messages, std::span<Hash> out) {
    check(messages.size() == out.size());
    std::size_t n = 0;
#ifdef __x86_64__
    if (has_instructions()) {
        for (; n + 1 < messages.size(); n += 2) {
            if (Lane::fits(messages[n]) && Lane::fits(messages[n + 1])) {
                hash_two(Lane(prefix, messages[n]), Lane(prefix, messages[n + 1]), out[n], out[n + 1]);
            } else {
                out[n] = sha256_prefixed(prefix, messages[n]);
                out[n + 1] = sha256_prefixed(prefix, messages[n + 1]);
            }
        }
    }
#endif
    for (; n < messages.size(); ++n) out[n] = sha256_prefixed(prefix, messages[n]);
}

}  // namespace plimsoll::ledger
