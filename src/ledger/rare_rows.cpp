#include "ledger/rare_rows.h"

#include <algorithm>
#include <cstring>

#include "base/load.h"
#include "ledger/varint.h"

namespace plimsoll::ledger {

namespace {

constexpr std::uint64_t kBytes = 0x0f0f0f0f0f0f0f0fU;
constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHalfOnes = 0x1111111111111111U;
constexpr std::uint64_t kWide = 0x00ff00ff00ff00ffU;

/// Sum over the halves of all bytes of what each is above 1.
std::uint32_t sum_of_others(std::string_view counts) {
    std::uint32_t sum = 0;
    while (counts.size() >= 8) {
        const std::uint64_t word = load(counts.data());
        const std::uint64_t pairs = (word & kBytes) + (word >> 4U & kBytes);
        const std::uint64_t some = word | word >> 1U;
        const std::uint64_t nonzero = (some | some >> 2U) & kHalfOnes;
        const std::uint64_t ones = (nonzero & kBytes) + (nonzero >> 4U & kBytes);
        sum += static_cast<std::uint32_t>((pairs - ones) * kOnes >> 56U);
        counts.remove_prefix(8);
    }
    for (const char c : counts) {
        const auto pair = static_cast<std::uint8_t>(c);
        sum += std::max(1U, pair & 15U) - 1 + std::max(1U, unsigned{pair} >> 4U) - 1;
    }
    return sum;
}

std::uint32_t sum_of_bytes(std::string_view bytes) {
    std::uint32_t sum = 0;
    while (bytes.size() >= 8) {
        std::uint64_t wide = 0;  // four sums of 16 bits
        std::size_t rounds = std::min<std::size_t>(bytes.size() / 8, 128);
        for (; rounds > 0; --rounds, bytes.remove_prefix(8)) {
            const std::uint64_t word = load(bytes.data());
            wide += (word & kWide) + (word >> 8U & kWide);
        }
        sum += static_cast<std::uint32_t>((wide & 0xffffU) + (wide >> 16U & 0xffffU) + (wide >> 32U & 0xffffU) +
                                          (wide >> 48U));
    }
    for (const char c : bytes) sum += static_cast<std::uint8_t>(c);
    return sum;
}

}  // namespace

void RareRows::clear() {
    counts_.clear();
    firsts_.clear();
    others_.clear();
}

std::size_t RareRows::put(std::string& out) const {
    if (counts_.empty()) return 0;
    const std::size_t before = out.size();
    const auto listed = [&](std::size_t code) { return code < counts_.size() && counts_[code] <= kMost; };
    for (std::size_t code = 0; code < counts_.size(); code += 2) {
        const unsigned low = listed(code) ? counts_[code] : 0U;
        const unsigned high = listed(code + 1) ? counts_[code + 1] : 0U;
        out += static_cast<char>(high << 4U | low);
    }
    std::uint32_t most = 0;
    std::uint32_t former = 0;
    for (const std::uint32_t first : firsts_) {
        most = std::max(most, first - former);
        former = first;
    }
    const std::size_t width = most > 0xff ? 2 : 1;
    out += static_cast<char>(width);
    former = 0;
    for (const std::uint32_t first : firsts_) {
        const std::uint32_t step = first - former;
        former = first;
        out += static_cast<char>(step);
        if (width == 2) out += static_cast<char>(step >> 8U);
    }
    // Each code's others in its own place: rows come in order, so they stand in order there.
    std::vector<std::uint32_t> places(counts_.size());
    std::uint32_t sum = 0;
    for (std::size_t code = 0; code < counts_.size(); ++code) {
        places[code] = sum;
        if (listed(code)) sum += counts_[code] - 1U;
    }
    const std::size_t begin = out.size();
    out.resize(begin + std::size_t{2} * sum);
    for (const auto& [code, row] : others_) {
        if (!listed(code)) continue;
        std::memcpy(out.data() + begin + std::size_t{2} * places[code]++, &row, sizeof row);
    }
    return out.size() - before;
}

std::optional<std::uint32_t> RareRowsView::count(std::uint32_t code) const {
    if (code >= codes_ || chunk_.size() < counts_bytes()) return std::nullopt;
    return static_cast<std::uint8_t>(chunk_[code / 2]) >> (code % 2 * 4) & 15U;
}

bool RareRowsView::rows(std::uint32_t code, std::uint32_t most, std::vector<std::uint32_t>& out) const {
    out.clear();
    const auto wanted = count(code);
    if (!wanted || *wanted == 0) return wanted.has_value();
    ByteReader in(chunk_);
    const std::string_view counts = in.take(counts_bytes());
    const auto width = in.fixed<std::uint8_t>();
    const std::string_view steps = in.take(std::uint64_t{width} * codes_);
    const std::string_view others = in.take(in.left());
    if (!in.ok() || (width != 1 && width != 2)) return false;

    std::uint32_t before = sum_of_others(counts.substr(0, code / 2));
    if (code % 2 == 1) before += std::max(1U, *count(code - 1)) - 1;
    std::uint32_t row = 0;
    if (width == 1) {
        row = sum_of_bytes(steps.substr(0, std::size_t{code} + 1));
    } else {
        for (std::size_t i = 0; i <= code; ++i)
            row += static_cast<std::uint16_t>(load<std::uint16_t>(steps.data() + 2 * i));
    }
    if (row >= most || (before + *wanted - 1) * std::size_t{2} > others.size()) return false;
    out.push_back(row);
    for (std::uint32_t i = 0; i + 1 < *wanted; ++i) {
        const auto other =
            static_cast<std::uint16_t>(load<std::uint16_t>(others.data() + (before + i) * std::size_t{2}));
        if (other <= out.back() || other >= most) return false;
        out.push_back(other);
    }
    return true;
}

}  // namespace plimsoll::ledger
