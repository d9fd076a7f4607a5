#include "host/shell_assignments.h"

#include "base/text.h"

namespace plimsoll::host {

namespace {

/// The value as a POSIX shell would assign it: quotes removed, backslash escapes undone.
std::string unquoted(std::string_view text) {
    std::string out;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (quote != 0 && c == quote) {
            quote = 0;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
            const char next = text[i + 1];
            const bool escapes = quote == 0 || next == '"' || next == '\\' || next == '$' || next == '`';
            if (escapes) ++i;
            out += escapes ? next : c;
        } else if (quote == 0 && (c == ' ' || c == '\t')) {
            break;
        } else {
            out += c;
        }
    }
    return out;
}

bool is_key(std::string_view text) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    for (const char c : text) {
        const bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (!good) return false;
    }
    return true;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_shell_assignments(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> out;
    for (std::string_view line : split(text, '\n')) {
        line = trim(line);
        const auto equals = line.find('=');
        if (line.starts_with('#') || equals == std::string_view::npos || !is_key(line.substr(0, equals))) continue;
        out.emplace_back(std::string(line.substr(0, equals)), unquoted(line.substr(equals + 1)));
    }
    return out;
}

}  // namespace plimsoll::host
