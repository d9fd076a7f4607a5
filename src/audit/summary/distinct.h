#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace plimsoll::audit {

/// Counts distinct values by a hash of 64 bits of each: a million values take 16 MB, and two of them are taken for one
/// with a chance of one in ten million. Further values are not told apart; `full` says that there were some.
class Distinct {
public:
    static constexpr std::size_t kMost = std::size_t{1} << 20;

    void add(std::string_view value) { add_hash(hash(value)); }
    void add(const Distinct& other);

    [[nodiscard]] static std::uint64_t hash(std::string_view value);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool full() const { return full_; }

private:
    void add_hash(std::uint64_t hash) {
        if (hash == last_) return;  // the same program again and again
        last_ = hash;
        insert(hash);
    }
    void insert(std::uint64_t hash);
    void grow();

    std::vector<std::uint64_t> slots_;  ///< 0 for a free one; a power of two, at most half full
    std::size_t size_ = 0;
    std::uint64_t last_ = 0;
    bool full_ = false;
};

}  // namespace plimsoll::audit
