#include "audit/summary/distinct.h"

#include "base/load.h"

namespace plimsoll::audit {

std::uint64_t Distinct::hash(std::string_view value) {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    const std::size_t size = value.size();
    const char* const at = value.data();
    std::uint64_t state = size * kOdd;
    const auto mix = [](std::uint64_t& lane, std::uint64_t word) {
        lane = (lane ^ word) * 0xD6E8FEB86659FD93U;
        lane ^= lane >> 32U;
    };
    // The last bytes are taken twice rather than one by one
    if (size > 8) {
        std::uint64_t other = kOdd;  // beside the first one: neither waits for the other
        std::size_t i = 0;
        for (; i + 16 < size; i += 16) {
            mix(state, load(at + i));
            mix(other, load(at + i + 8));
        }
        if (i + 8 < size) mix(state, load(at + i));
        mix(other, load(at + size - 8));
        mix(state, other);
    } else if (size >= 4) {
        mix(state, load<std::uint32_t>(at) | load<std::uint32_t>(at + size - 4) << 32U);
    } else if (size > 0) {
        mix(state, load<std::uint8_t>(at) | load<std::uint8_t>(at + size / 2) << 8U |
                       load<std::uint8_t>(at + size - 1) << 16U);
    }
    mix(state, kOdd);
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
