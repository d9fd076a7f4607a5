#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rule {

/// A shell pattern over a whole text: `*` any run (slashes too), `?` one byte, `[a-z]` `[!a]` sets, backslash escapes.
/// Time is bounded by the product of the two lengths.
class Glob {
public:
    explicit Glob(std::string_view pattern, bool ignore_case = false);

    [[nodiscard]] bool matches(std::string_view text) const;

    /// What every text that matches begins with.
    [[nodiscard]] std::string_view beginning() const { return std::string_view(pattern_).substr(0, literal_); }

private:
    std::string pattern_;
    bool ignore_case_;
    std::size_t literal_ = 0;  ///< bytes at the beginning that stand for themselves
};

/// Path patterns of `pmatch`: the path itself or a directory above it, each component a shell pattern.
class PathPattern {
public:
    explicit PathPattern(std::string_view pattern);

    /// Whether the pattern names `path` or one of the directories that hold it.
    [[nodiscard]] bool covers(std::string_view path) const;

    /// What every path that is covered begins with, one or another of them; none when nothing is certain.
    [[nodiscard]] std::vector<std::string> beginnings() const;

private:
    bool absolute_;
    bool plain_;  ///< no component is a pattern
    std::vector<std::string> parts_;
    std::vector<Glob> globs_;
};

}  // namespace plimsoll::rule
