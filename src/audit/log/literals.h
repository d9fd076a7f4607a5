#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::audit {

/// A few literals, one of which must stand in a line for it to be of interest, searched at the speed of memory.
class Literals {
public:
    Literals() = default;
    explicit Literals(std::vector<std::string> texts);

    /// No literal: every line is of interest.
    [[nodiscard]] bool empty() const { return texts_.empty(); }
    [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

    /// Appends the places in `text` where literals stand, in ascending order; of each line at least one of them (and
    /// few more), so that no line with a literal is passed over.
    void find(std::string_view text, std::vector<std::size_t>& places) const;

private:
    std::vector<std::string> texts_;
};

/// The first place of `wanted`, which is not empty, at or behind `from`; npos when there is none. AVX2 where the
/// processor has it.
[[nodiscard]] std::size_t find_literal(std::string_view text, std::string_view wanted, std::size_t from = 0);

}  // namespace plimsoll::audit
