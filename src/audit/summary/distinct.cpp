#include "audit/summary/distinct.h"

#include <cstring>

namespace plimsoll::audit {

std::uint64_t Distinct::hash(std::string_view value) {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    std::uint64_t state = value.size() * kOdd;
    const char* at = value.data();
    std::size_t left = value.size();
    const auto mix = [&](std::uint64_t word) {
        state = (state ^ word) * 0xD6E8FEB86659FD93U;
        state ^= state >> 32U;
    };
    for (; left >= 8; at += 8, left -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        mix(word);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    mix(word + kOdd);
    mix(value.size());
    return state == 0 ? 1 : state;
}

void Distinct::insert(std::uint64_t hash) {
    if (size_ * 2 >= slots_.size()) grow();
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = (hash * 0x9E3779B97F4A7C15U >> 20U) & mask;
    while (slots_[slot] != 0) {
        if (slots_[slot] == hash) return;
        slot = (slot + 1) & mask;
    }
    if (size_ == kMost) {
        full_ = true;
        return;
    }
    slots_[slot] = hash;
    ++size_;
}

void Distinct::grow() {
    constexpr std::size_t kFirst = 256;
    if (slots_.size() >= 4 * kMost) return;
    std::vector<std::uint64_t> old = std::move(slots_);
    slots_.assign(old.empty() ? kFirst : old.size() * 2, 0);
    size_ = 0;
    for (const std::uint64_t hash : old)
        if (hash != 0) insert(hash);
}

void Distinct::add(const Distinct& other) {
    for (const std::uint64_t hash : other.slots_)
        if (hash != 0) insert(hash);
    full_ = full_ || other.full_;
}

}  // namespace plimsoll::audit
