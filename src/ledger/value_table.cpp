#include "ledger/value_table.h"

#include <algorithm>

#include "base/load.h"

namespace plimsoll::ledger {

namespace {

constexpr std::uint32_t kFree = 0xffffffff;  // 0xffff is no code
constexpr std::size_t kFirstSlots = 128;
constexpr std::uint64_t kOne = 0xa0761d6478bd642fU;
constexpr std::uint64_t kTwo = 0xe7037ed1a0b428dbU;

__extension__ using Wide = unsigned __int128;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// The construction of wyhash: two multiplications for short text.
std::uint64_t hashed(std::string_view text, std::uint64_t seed) {
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (left > 16) {
        for (; left > 16; left -= 16, at += 16) {
            seed = mixed(load(at) ^ kOne, load(at + 8) ^ seed);
        }
        a = load(at + left - 16);
        b = load(at + left - 8);
    } else if (left >= 8) {
        a = load(at);
        b = load(at + left - 8);
    } else if (left >= 4) {
        a = load<std::uint32_t>(at);
        b = load<std::uint32_t>(at + left - 4);
    } else if (left > 0) {
        a = load<std::uint8_t>(at) << 16U | load<std::uint8_t>(at + left / 2) << 8U | load<std::uint8_t>(at + left - 1);
    }
    return mixed(kTwo ^ text.size(), mixed(a ^ kOne, b ^ seed));
}

std::uint32_t slot_of(std::uint64_t hash, std::uint32_t code) {
    return static_cast<std::uint32_t>(hash >> 48U) << 16U | code;
}

}  // namespace

ValueTable::ValueTable(std::uint64_t seed) : seed_(seed), slots_(kFirstSlots, kFree) {}

std::uint64_t ValueTable::prepare(std::string_view value) const {
    const std::uint64_t hash = hashed(value, seed_);
    __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
    return hash;
}

std::uint16_t ValueTable::code(std::string_view value, std::uint64_t hash) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    for (; slots_[at] != kFree; at = (at + 1) & mask) {
        if (slots_[at] >> 16U != hash >> 48U) continue;
        const std::uint32_t code = slots_[at] & 0xffffU;
        if (this->value(code) == value) return remembered(code);
    }
    const std::uint32_t code = size();
    slots_[at] = slot_of(hash, code);
    hashes_.push_back(hash);
    bytes_ += value;
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    if (ends_.size() * 2 > slots_.size()) grow();
    return remembered(code);
}

void ValueTable::grow() {
    slots_.assign(slots_.size() * 2, kFree);
    const std::size_t mask = slots_.size() - 1;
    for (std::uint32_t code = 0; code < hashes_.size(); ++code) {
        std::size_t at = hashes_[code] & mask;
        while (slots_[at] != kFree) at = (at + 1) & mask;
        slots_[at] = slot_of(hashes_[code], code);
    }
}

std::string_view ValueTable::run(std::uint32_t first, std::uint32_t end) const {
    if (first == end) return {};
    const std::uint32_t begin = first == 0 ? 0 : ends_[first - 1];
    return std::string_view(bytes_).substr(begin, ends_[end - 1] - begin);
}

void ValueTable::clear() {
    std::ranges::fill(slots_, kFree);
    hashes_.clear();
    ends_.clear();
    bytes_.clear();
}

}  // namespace plimsoll::ledger
