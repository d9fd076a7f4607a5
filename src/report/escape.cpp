#include "report/escape.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plimsoll::report {

namespace {

constexpr std::size_t kLongestCell = 8000;

/// U+FFFE and U+FFFF are valid UTF-8 and yet no characters of XML 1.0.
bool is_noncharacter(std::string_view text, std::size_t at) {
    return text.substr(at, 2) == "\xef\xbf" && at + 2 < text.size() &&
           (text[at + 2] == '\xbe' || text[at + 2] == '\xbf');
}

std::string entities(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            case '\xef':
                if (is_noncharacter(text, at)) {
                    out += "\xef\xbf\xbd";
                    at += 2;
                    break;
                }
                [[fallthrough]];
            default: out += text[at];
        }
    }
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

std::size_t longest_run(std::string_view text, char of) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == of ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

/// Spreadsheets skip leading blanks, and some take the full-width signs for the plain ones.
bool is_formula(std::string_view bytes) {
    constexpr std::array<std::string_view, 4> kFullWidth = {"＝", "＋", "－", "＠"};
    if (bytes.starts_with('\t') || bytes.starts_with('\r') || bytes.starts_with('\n')) return true;
    const auto text = trim(bytes);
    if (text.empty()) return false;
    return std::string_view("=+-@").contains(text.front()) ||
           std::ranges::any_of(kFullWidth, [&](std::string_view sign) { return text.starts_with(sign); });
}

}  // namespace

std::string printable_lines(std::string_view bytes) {
    std::string out;
    for (const auto line : split(trim(bytes), '\n')) {
        if (!out.empty()) out += '\n';
        out += printable(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
    }
    return out;
}

std::string bounded(std::string_view bytes, std::size_t columns) { return shortened(printable(bytes), columns); }

std::string markup(std::string_view bytes) { return entities(printable(bytes)); }

std::string markup_lines(std::string_view bytes) { return entities(printable_lines(bytes)); }

std::string markdown_text(std::string_view bytes) {
    constexpr std::string_view kMarks = "\\`*_[]|~$!";
    const auto text = printable(bytes);
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool opens = trim(std::string_view(text).substr(0, at)).empty();
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '@') {
            out += "&#64;";
        } else if (c == '#') {
            out += "&#35;";
        } else if (kMarks.contains(c) || (opens && std::string_view("+-=:").contains(c))) {
            out += '\\';
            out += c;
        } else if ((c == '.' || c == ')') && at < 10 && at > 0 && (at + 1 == text.size() || text[at + 1] == ' ') &&
                   std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at),
                               [](char digit) { return digit >= '0' && digit <= '9'; })) {
            out += '\\';
            out += c;
        } else {
            out += c;
        }
    }
    replace_all(out, "://", "&#58;//");
    replace_all(out, "www.", "www&#46;");
    return out;
}

std::string markdown_fence(std::string_view bytes, std::string_view indent) {
    const auto text = printable_lines(bytes);
    const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
    std::string out;
    const auto line = [&](std::string_view content) { out.append(indent).append(content).append("\n"); };
    line(fence);
    for (const auto content : split(text, '\n')) line(content);
    line(fence);
    return out;
}

namespace {

std::string quoted(std::string text, bool formula) {
    if (formula) text.insert(0, 1, '\'');
    if (text.find_first_of("\",\n\r;") == std::string::npos) return text;
    replace_all(text, "\"", "\"\"");
    return '"' + text + '"';
}

}  // namespace

std::string csv_cell(std::string_view bytes) { return quoted(bounded(bytes, kLongestCell), is_formula(bytes)); }

std::string csv_lines(std::string_view bytes) {
    return quoted(shortened(printable_lines(bytes), kLongestCell), is_formula(bytes));
}

}  // namespace plimsoll::report
