#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::report {

/// A stretch of text in one style. `sgr` is the inside of an ANSI colour sequence ("1;31"), empty for plain.
struct Span {
    std::string text;
    std::string_view sgr = {};
};

/// Writes lines for a terminal of a given width. All text that it gets must be printable().
class Terminal {
public:
    Terminal(bool colour, unsigned width);

    [[nodiscard]] std::size_t width() const { return width_; }
    /// One paragraph: `first` begins its first line and is not broken; later lines are indented by `indent` columns.
    void paragraph(std::span<const Span> first, std::span<const Span> text, std::size_t indent);
    /// A paragraph that begins with `indent` blanks.
    void paragraph(std::size_t indent, std::string_view text, std::string_view sgr = {});
    /// An empty line, then a heading.
    void heading(std::string_view text);
    void blank() { out_ += '\n'; }

    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void write(std::string_view text, std::string_view sgr);
    /// Changes the colour only where it differs from the one in force; every line ends plain.
    void style(std::string_view sgr);

    std::string out_;
    std::string_view style_;
    bool colour_;
    std::size_t width_;
};

}  // namespace plimsoll::report
