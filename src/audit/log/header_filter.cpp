#include "audit/log/header_filter.h"

#include <fmt/format.h>

#include <cstring>
#include <string>

#include "audit/find_either.h"
#include "base/load.h"

namespace plimsoll::audit {

namespace {

/// The digits at the beginning of eight bytes, zeros behind them. (Little endian, as the bytes are loaded.)
std::uint64_t leading_digits(std::uint64_t bytes) {
    constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
    const std::uint64_t plain = bytes & ~kHigh;
    // A byte's high bit is set when it is above '9', below '0', or not ASCII.
    const std::uint64_t above = plain + 0x4646464646464646ULL;
    const std::uint64_t below = ~(plain + 0x5050505050505050ULL);
    const std::uint64_t others = (above | below | bytes) & kHigh;
    if (others == 0) return bytes;
    const auto first = static_cast<unsigned>(__builtin_ctzll(others)) / 8;
    return first == 0 ? 0 : bytes & (~std::uint64_t{0} >> (64 - 8 * first));
}

/// Of `SSSSSSSSSS.mmm:SERIAL`, 23 bytes of which can be read.
std::uint64_t hash_of(const char* id) {
    std::uint64_t hash = load(id + 2) * 0x9E3779B97F4A7C15ULL;
    hash ^= load(id + 7) * 0xC2B2AE3D27D4EB4FULL;
    hash ^= leading_digits(load(id + 15)) * 0xBF58476D1CE4E5B9ULL;
    return (hash ^ (hash >> 32U)) * 0x94D049BB133111EBULL >> 49U;
}

}  // namespace

void HeaderFilter::add(const EventId& id) {
    std::string text = fmt::format("{:010}.{:03}:{})", id.milliseconds / 1000, id.milliseconds % 1000, id.serial);
    text.resize(64, ' ');
    const std::uint64_t bit = hash_of(text.data());
    bits_[bit / 64] |= std::uint64_t{1} << bit % 64;
    empty_ = false;
}

HeaderFilter::Answer HeaderFilter::look(std::string_view line) const {
    if (line.size() < 32 || std::memcmp(line.data(), "type=", 5) != 0) return Answer::unusual;
    const char* const end = line.data() + 5 + 26;
    const char* const blank = find_either(line.data() + 5, end, ' ', ' ');
    if (blank == end) return Answer::unusual;
    const char* const id = blank + 11;
    if (line.data() + line.size() - id < 23 || std::memcmp(blank + 1, "msg=audit(", 10) != 0) return Answer::unusual;
    if (id[10] != '.' || id[14] != ':' || id[15] == '0') return Answer::unusual;  // 01 is written otherwise than 1
    if (empty_) return Answer::no;
    const std::uint64_t bit = hash_of(id);
    return (bits_[bit / 64] >> bit % 64 & 1U) != 0 ? Answer::maybe : Answer::no;
}

}  // namespace plimsoll::audit
