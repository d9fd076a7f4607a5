#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rule/truth.h"

namespace plimsoll::ledger {

/// What a check may say: a set of truths. One member: it is known what it says.
enum Truths : std::uint8_t { may_be_yes = 1, may_be_no = 2, may_be_unknown = 4, may_be_any = 7 };

[[nodiscard]] constexpr Truths operator|(Truths a, Truths b) {
    return static_cast<Truths>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

[[nodiscard]] constexpr Truths only(rule::Truth truth) {
    return truth == rule::Truth::yes ? may_be_yes : truth == rule::Truth::no ? may_be_no : may_be_unknown;
}

[[nodiscard]] constexpr Truths negated(Truths truths) {
    const auto bits = static_cast<unsigned>(truths);
    return static_cast<Truths>((bits & may_be_unknown) | (bits & may_be_yes) << 1U | (bits & may_be_no) >> 1U);
}

/// One bit for each row of a segment.
class Bits {
public:
    Bits() = default;
    explicit Bits(std::size_t rows, bool value = false) : words_((rows + 63) / 64, value ? ~std::uint64_t{0} : 0) {
        if (value && rows % 64 != 0) words_.back() = (std::uint64_t{1} << (rows % 64)) - 1;
    }

    [[nodiscard]] bool test(std::size_t row) const { return (words_[row / 64] >> (row % 64) & 1U) != 0; }
    void set(std::size_t row) { words_[row / 64] |= std::uint64_t{1} << (row % 64); }
    void reset(std::size_t row) { words_[row / 64] &= ~(std::uint64_t{1} << (row % 64)); }

    [[nodiscard]] bool none() const {
        for (const auto word : words_) {
            if (word != 0) return false;
        }
        return true;
    }
    [[nodiscard]] std::size_t count() const {
        std::size_t sum = 0;
        for (const auto word : words_) sum += static_cast<std::size_t>(std::popcount(word));
        return sum;
    }

    /// Calls for each set row, in order, or from the last to the first.
    template <typename Visit>
    void each(Visit&& visit) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            for (auto word = words_[i]; word != 0; word &= word - 1)
                visit(i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
        }
    }

    Bits& operator&=(const Bits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
        return *this;
    }
    Bits& operator|=(const Bits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
        return *this;
    }
    /// Takes out the rows of `other`.
    Bits& operator-=(const Bits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
        return *this;
    }
    [[nodiscard]] std::vector<std::uint64_t>& words() { return words_; }
    [[nodiscard]] const std::vector<std::uint64_t>& words() const { return words_; }

private:
    std::vector<std::uint64_t> words_;
};

/// What a condition may say of each row: the rows that may be yes, no, unknown.
struct RowTruths {
    Bits yes;
    Bits no;
    Bits unknown;
};

}  // namespace plimsoll::ledger
