#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace plimsoll::audit {

struct ValueLimits {
    std::size_t values = 200'000;               ///< distinct ones that are told apart
    std::size_t bytes = std::size_t{24} << 20;  ///< of their text
};

/// Counts how often values came. Its memory is bounded: values that come when it is full are counted together.
class ValueCounts {
public:
    explicit ValueCounts(const ValueLimits& limits = {}) : limits_(limits) {}

    void add(std::string_view value, std::uint64_t times = 1);

    /// Adds what another one counted, as if it had come after.
    void add(const ValueCounts& other);
    void clear();

    struct Row {
        std::string_view value;
        std::uint64_t count = 0;
    };
    /// The most frequent first; of equal ones, that which came first. Valid until the next change.
    [[nodiscard]] std::vector<Row> rows() const;

    /// Distinct values, as far as they were told apart.
    [[nodiscard]] std::size_t size() const { return order_.size(); }

    /// How often values came that are not told apart; 0 when all are.
    [[nodiscard]] std::uint64_t others() const { return others_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    struct Entry {
        std::string value;
        std::uint64_t count = 0;
    };

    ValueLimits limits_;
    std::deque<Entry> order_;  ///< in the order in which they came; the index borrows their text
    std::unordered_map<std::string_view, std::size_t, Hash, std::equal_to<>> index_;
    std::size_t bytes_ = 0;
    std::uint64_t others_ = 0;
};

}  // namespace plimsoll::audit
