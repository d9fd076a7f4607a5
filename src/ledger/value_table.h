#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::ledger {

/// Gives distinct values codes in order of first appearance. The hash has a secret seed, so that nobody can choose
/// values that collide. At most 65,534 values. One thread.
class ValueTable {
public:
    static constexpr std::uint32_t kMost = 0xfffe;

    explicit ValueTable(std::uint64_t seed);

    /// The value's code; a new one when it is new. Not when full.
    std::uint16_t code(std::string_view value) { return code(value, prepare(value)); }

    /// In two steps, so that the second of several tables finds its memory in the cache: what `prepare` gave, and that.
    [[nodiscard]] std::uint64_t prepare(std::string_view value) const;
    std::uint16_t code(std::string_view value, std::uint64_t hash);

    /// Whether it is the value whose code was asked for last, which is `last()`: in a burst most are. Looks only where
    /// the value before was a repetition too.
    [[nodiscard]] bool repeats(std::string_view value) const {
        return likely_ && value.size() == last_size_ && !ends_.empty() &&
               std::memcmp(bytes_.data() + last_begin_, value.data(), value.size()) == 0;
    }
    [[nodiscard]] std::uint16_t last() const { return last_; }

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(ends_.size()); }
    [[nodiscard]] std::string_view value(std::uint32_t code) const {
        const std::uint32_t begin = code == 0 ? 0 : ends_[code - 1];
        return {bytes_.data() + begin, ends_[code] - begin};
    }
    /// All values from `first` up to `end`, one behind the other.
    [[nodiscard]] std::string_view run(std::uint32_t first, std::uint32_t end) const;

    void clear();

private:
    void grow();
    std::uint16_t remembered(std::uint32_t code) {
        likely_ = code == last_;
        last_ = static_cast<std::uint16_t>(code);
        last_begin_ = code == 0 ? 0 : ends_[code - 1];
        last_size_ = ends_[code] - last_begin_;
        return last_;
    }

    std::uint64_t seed_;
    std::vector<std::uint32_t> slots_;   ///< upper half of the hash, code; kFree
    std::vector<std::uint64_t> hashes_;  ///< by code
    std::vector<std::uint32_t> ends_;
    std::string bytes_;
    bool likely_ = false;
    std::uint16_t last_ = 0;
    std::uint32_t last_begin_ = 0;  ///< in bytes_
    std::size_t last_size_ = 0;
};

}  // namespace plimsoll::ledger
