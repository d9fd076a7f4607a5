#include "rule/glob.h"

#include <algorithm>

#include "base/text.h"

namespace plimsoll::rule {

namespace {

constexpr auto kNone = std::string_view::npos;

unsigned char lower(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

bool in_class(std::string_view name, unsigned char c) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool small = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    if (name == "alpha") return upper || small;
    if (name == "digit") return digit;
    if (name == "alnum") return upper || small || digit;
    if (name == "upper") return upper;
    if (name == "lower") return small;
    if (name == "space") return c == ' ' || (c >= '\t' && c <= '\r');
    if (name == "blank") return c == ' ' || c == '\t';
    if (name == "punct") return c > ' ' && c < 127 && !upper && !small && !digit;
    if (name == "xdigit") return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (name == "cntrl") return c < ' ' || c == 127;
    if (name == "print") return c >= ' ' && c < 127;
    if (name == "graph") return c > ' ' && c < 127;
    return false;
}

/// Reads the set at `at` (on the '['); gives its end, or kNone when there is no closing bracket and '[' stands for
/// itself.
std::size_t match_set(std::string_view pattern, std::size_t at, char text, bool ignore_case, bool& matched) {
    std::size_t i = at + 1;
    bool negated = false;
    if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) {
        negated = true;
        ++i;
    }
    const auto c = ignore_case ? lower(text) : static_cast<unsigned char>(text);
    bool found = false;
    for (bool first = true; i < pattern.size(); first = false) {
        if (pattern[i] == ']' && !first) {
            matched = found != negated;
            return i + 1;
        }
        if (pattern[i] == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') {
            const auto end = pattern.find(":]", i + 2);
            if (end != kNone) {
                const auto name = pattern.substr(i + 2, end - i - 2);
                found = found || in_class(name, static_cast<unsigned char>(text)) || (ignore_case && in_class(name, c));
                i = end + 2;
                continue;
            }
        }
        if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
        const auto from = ignore_case ? lower(pattern[i]) : static_cast<unsigned char>(pattern[i]);
        auto to = from;
        ++i;
        if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
            ++i;
            if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
            to = ignore_case ? lower(pattern[i]) : static_cast<unsigned char>(pattern[i]);
            ++i;
        }
        found = found || (c >= from && c <= to);
    }
    return kNone;
}

bool has_pattern(std::string_view text) { return text.find_first_of("*?[\\") != kNone; }

}  // namespace

Glob::Glob(std::string_view pattern, bool ignore_case) : pattern_(pattern), ignore_case_(ignore_case) {
    if (!ignore_case) literal_ = std::min(pattern.find_first_of("*?[\\"), pattern.size());
}

bool Glob::matches(std::string_view text) const {
    const std::string_view pattern = pattern_;
    if (!text.starts_with(pattern.substr(0, literal_))) return false;
    std::size_t p = literal_;
    std::size_t t = literal_;
    std::size_t star = kNone;  // behind the last '*'
    std::size_t star_text = 0;
    while (t < text.size() || p < pattern.size()) {
        bool matched = false;
        std::size_t next = p + 1;
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        if (p < pattern.size() && t < text.size()) {
            const char c = pattern[p];
            if (c == '?') {
                matched = true;
            } else if (c == '[') {
                next = match_set(pattern, p, text[t], ignore_case_, matched);
                if (next == kNone) {
                    next = p + 1;
                    matched = text[t] == '[';
                }
            } else {
                const bool escaped = c == '\\' && p + 1 < pattern.size();
                const char wanted = escaped ? pattern[p + 1] : c;
                next = escaped ? p + 2 : p + 1;
                matched = ignore_case_ ? lower(wanted) == lower(text[t]) : wanted == text[t];
            }
        }
        if (matched) {
            p = next;
            ++t;
        } else if (star != kNone && star_text < text.size()) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    return true;
}

PathPattern::PathPattern(std::string_view pattern)
    : absolute_(pattern.starts_with('/')), plain_(!has_pattern(pattern)) {
    for (const auto part : split(pattern, '/')) {
        if (part.empty()) continue;
        parts_.emplace_back(part);
        globs_.emplace_back(part);
    }
}

bool PathPattern::covers(std::string_view path) const {
    if (path.starts_with('/') != absolute_) return false;
    std::size_t at = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        while (at < path.size() && path[at] == '/') ++at;
        if (at == path.size()) return false;
        const auto end = std::min(path.find('/', at), path.size());
        const auto part = path.substr(at, end - at);
        if (plain_ ? part != parts_[i] : !globs_[i].matches(part)) return false;
        at = end;
    }
    return !parts_.empty() || absolute_;
}

std::vector<std::string> PathPattern::beginnings() const {
    // The parts that stand for themselves, or fewer of them before a slash too many.
    std::vector<std::string> out;
    std::string before;
    for (const std::string& part : parts_) {
        if (has_pattern(part)) break;
        if (absolute_ || !before.empty()) {
            before += '/';
            out.push_back(before + "/");
        }
        before += part;
    }
    if (before.empty()) return {};
    out.push_back(before);
    return out;
}

}  // namespace plimsoll::rule
