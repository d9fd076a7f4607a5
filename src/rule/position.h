#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rule {

/// A place in a rule file, or in a condition given alone (then `file` is 0). Lines and columns count from 1, columns in
/// bytes.
struct Position {
    std::uint32_t file = 0;  ///< index in RuleSet::files; 0 is no file
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::uint32_t offset = 0;  ///< byte in the condition's own text

    friend auto operator<=>(const Position&, const Position&) = default;
};

/// What is wrong with a text, and where.
struct Fault {
    std::string message;
    Position at;
};

template <typename T>
using Parsed = std::expected<T, Fault>;

/// "line 1, column 7: message", for a text that stands alone.
[[nodiscard]] std::string to_text(const Fault& fault);

/// Says where each byte of a text came from: the text itself, a YAML scalar, or a list that was put in its place.
class PlaceMap {
public:
    /// The text stands alone: lines are its own.
    [[nodiscard]] static PlaceMap of_text(std::string_view text);

    /// From `offset` on, bytes lie side by side beginning at `place`; when `fixed`, all of them at `place` itself.
    void add(std::uint32_t offset, Position place, bool fixed = false);

    [[nodiscard]] Position at(std::size_t offset) const;

private:
    struct Run {
        std::uint32_t offset;
        Position place;
        bool fixed;
    };
    std::vector<Run> runs_;
};

}  // namespace plimsoll::rule
