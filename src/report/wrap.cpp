#include "report/wrap.h"

#include <algorithm>

#include "base/text.h"

namespace plimsoll::report {

namespace {

/// Bytes of the longest beginning of `word` that fits; at least one character, so that work ends.
std::size_t fitting(std::string_view word, std::size_t columns) {
    std::size_t used = 0;
    std::size_t at = 0;
    while (at < word.size()) {
        std::size_t next = at + 1;
        while (next < word.size() && (static_cast<unsigned char>(word[next]) & 0xc0U) == 0x80) ++next;
        const auto wide = display_width(word.substr(at, next - at));
        if (used + wide > columns && at > 0) break;
        used += wide;
        at = next;
    }
    return at;
}

}  // namespace

Terminal::Terminal(bool colour, unsigned width) : colour_(colour), width_(std::clamp(width, 40U, 160U)) {}

void Terminal::write(std::string_view text, std::string_view sgr) {
    style(sgr);
    out_ += text;
}

void Terminal::style(std::string_view sgr) {
    if (!colour_ || sgr == style_) return;
    if (!style_.empty()) out_ += "\x1b[0m";
    if (!sgr.empty()) out_.append("\x1b[").append(sgr).append("m");
    style_ = sgr;
}

void Terminal::paragraph(std::span<const Span> first, std::span<const Span> text, std::size_t indent) {
    std::size_t column = 0;
    for (const Span& span : first) {
        write(span.text, span.sgr);
        column += display_width(span.text);
    }
    bool at_start = true;
    const auto new_line = [&] {
        style({});
        out_.append("\n").append(indent, ' ');
        column = indent;
        at_start = true;
    };
    for (const Span& span : text) {
        bool is_first_word = true;
        for (std::string_view word : split(span.text, ' ')) {
            if (word.empty()) continue;
            auto wide = display_width(word);
            if (!at_start && column + 1 + wide > width_) new_line();
            if (!at_start) {
                write(" ", is_first_word ? std::string_view() : span.sgr);
                ++column;
            }
            while (column + wide > width_) {
                const auto bytes = fitting(word, width_ > column ? width_ - column : 1);
                if (bytes == word.size()) break;
                write(word.substr(0, bytes), span.sgr);
                word.remove_prefix(bytes);
                wide = display_width(word);
                new_line();
            }
            write(word, span.sgr);
            column += wide;
            at_start = false;
            is_first_word = false;
        }
    }
    style({});
    out_ += '\n';
}

void Terminal::paragraph(std::size_t indent, std::string_view text, std::string_view sgr) {
    const Span blanks{std::string(indent, ' ')};
    const Span span{std::string(text), sgr};
    paragraph({&blanks, 1}, {&span, 1}, indent);
}

void Terminal::heading(std::string_view text) {
    out_ += '\n';
    write(text, "1");
    style({});
    out_ += '\n';
}

}  // namespace plimsoll::report
