#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Which rows of a segment have a value that few rows have: the "rows" of docs/ledger-format.md.
namespace plimsoll::ledger {

/// Gathers the rows of each code of one column while a segment is built. One thread.
class RareRows {
public:
    static constexpr std::uint32_t kMost = 15;  ///< rows of a value that is listed

    void clear();

    /// There are so many codes now.
    void grow(std::uint32_t codes) {
        counts_.resize(codes);
        firsts_.resize(codes);
    }

    /// The next row that has this code; rows come in order.
    void note(std::uint16_t code, std::uint32_t row) {
        const std::uint8_t count = counts_[code];
        if (count > kMost) return;
        counts_[code] = static_cast<std::uint8_t>(count + 1);
        if (count == 0) {
            firsts_[code] = row;
        } else if (count < kMost) {
            others_.emplace_back(code, static_cast<std::uint16_t>(row));
        }
    }

    [[nodiscard]] bool holds(std::uint32_t code) const { return counts_[code] <= kMost; }

    /// Appends the chunk; says how long it is.
    std::size_t put(std::string& out) const;

private:
    std::vector<std::uint8_t> counts_;  ///< by code; kMost + 1 stands for more
    std::vector<std::uint32_t> firsts_;
    std::vector<std::pair<std::uint16_t, std::uint16_t>> others_;  ///< code, row: all but the first of each
};

/// Reads one code's rows out of such a chunk, which may be hostile, touching little of it.
class RareRowsView {
public:
    RareRowsView(std::string_view chunk, std::uint32_t codes) : chunk_(chunk), codes_(codes) {}

    /// How many rows are listed; 0: the value is not listed. Nothing when the chunk is malformed.
    [[nodiscard]] std::optional<std::uint32_t> count(std::uint32_t code) const;

    /// The rows, ascending, each below `most`; false when the chunk is malformed.
    [[nodiscard]] bool rows(std::uint32_t code, std::uint32_t most, std::vector<std::uint32_t>& out) const;

private:
    [[nodiscard]] std::size_t counts_bytes() const { return (codes_ + 1) / 2; }

    std::string_view chunk_;
    std::uint32_t codes_;
};

}  // namespace plimsoll::ledger
