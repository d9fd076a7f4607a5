#include "posture/compose_interpolate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace plimsoll::posture {

namespace {

constexpr int kMostNesting = 8;
constexpr std::size_t kMostText = 256 * 1024;
constexpr std::size_t kMostLooking = 4 * 1024 * 1024;  ///< bytes looked at for closing braces
constexpr std::size_t kMostRemarks = 100;

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

std::size_t name_length(std::string_view text) {
    if (text.empty() || !begins_name(text.front())) return 0;
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_name) - text.begin());
}

class Interpolation {
public:
    Interpolation(const Variables& variables, Interpolated& out) : variables_(variables), out_(out) {}

    std::string run(std::string_view text, int depth) {
        std::string result;
        while (!text.empty()) {
            const auto dollar = text.find('$');
            append(result, text.substr(0, dollar));
            if (dollar == std::string_view::npos) break;
            text.remove_prefix(dollar);
            text.remove_prefix(expression(text, depth, result));
        }
        return result;
    }

private:
    void problem(std::string what) {
        if (out_.problems.size() < kMostRemarks) out_.problems.push_back(std::move(what));
    }

    void append(std::string& to, std::string_view more) {
        if (written_ + more.size() > kMostText) {
            if (!full_) problem("the text becomes too long with its variables put in");
            full_ = true;
            return;
        }
        written_ += more.size();
        to += more;
    }

    /// Handles what begins with a dollar and tells how many bytes it took.
    std::size_t expression(std::string_view text, int depth, std::string& result) {
        if (text.starts_with("$$")) {
            append(result, "$");
            return 2;
        }
        if (const std::size_t length = name_length(text.substr(1)); length > 0) {
            append(result, value_of(text.substr(1, length)));
            return 1 + length;
        }
        const std::size_t end = text.starts_with("${") ? closing(text) : 0;
        const std::size_t length = end == 0 ? 0 : name_length(text.substr(2));
        if (length == 0 || depth >= kMostNesting) {
            problem(fmt::format("'{}' is not a variable; write $$ for a dollar",
                                text.substr(0, std::min<std::size_t>(end == 0 ? 2 : end + 1, 40))));
            append(result, "$");
            return 1;
        }
        braced(text.substr(2, length), text.substr(2 + length, end - 2 - length), depth, result);
        return end + 1;
    }

    /// The brace that ends the expression; 0 when there is none.
    std::size_t closing(std::string_view text) {
        int open = 0;
        for (std::size_t i = 1; i < text.size() && looked_ < kMostLooking; ++i, ++looked_) {
            if (text[i] == '{' && text[i - 1] == '$') ++open;
            if (text[i] == '}' && --open == 0) return i;
        }
        return 0;
    }

    void braced(std::string_view name, std::string_view rest, int depth, std::string& result) {
        if (rest.empty()) return append(result, value_of(name));
        const bool colon = rest.starts_with(':');
        const std::string_view operation = rest.substr(colon ? 1 : 0);
        const char kind = operation.empty() ? '\0' : operation.front();
        if (kind != '-' && kind != '?' && kind != '+') {
            problem(fmt::format("'${{{}{}}}' is not an expression", name, rest.substr(0, 40)));
            return;
        }
        const std::string_view argument = operation.substr(1);
        const auto found = variables_.find(name);
        const bool is_set = found != variables_.end() && found->second && !(colon && found->second->empty());
        if (kind == '+') {
            if (is_set) append_run(argument, depth, result);
        } else if (is_set) {
            append(result, *found->second);
        } else if (kind == '-') {
            append_run(argument, depth, result);
        } else {
            problem(fmt::format("required variable {} is missing a value: {}", name, argument.substr(0, 200)));
        }
    }

    void append_run(std::string_view text, int depth, std::string& result) { result += run(text, depth + 1); }

    std::string_view value_of(std::string_view name) {
        const auto found = variables_.find(name);
        if (found != variables_.end() && found->second) return *found->second;
        if (out_.unset.size() < kMostRemarks) out_.unset.emplace_back(name);
        return {};
    }

    const Variables& variables_;
    Interpolated& out_;
    std::size_t written_ = 0;
    std::size_t looked_ = 0;
    bool full_ = false;
};

/// The text between a quote and its like; `rest` begins behind the opening one and ends behind the closing one.
std::optional<std::string> quoted(std::string_view& rest, char quote) {
    std::string value;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == quote) {
            rest.remove_prefix(i + 1);
            return value;
        }
        if (rest[i] == '\\' && quote == '"' && i + 1 < rest.size()) {
            const char next = rest[++i];
            if (next == '$')
                value += "$$";  // stays a dollar through interpolation
            else
                value += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next;
        } else {
            value += rest[i];
        }
    }
    return std::nullopt;
}

std::string_view without_comment(std::string_view value) {
    for (std::size_t i = 1; i < value.size(); ++i) {
        if (value[i] == '#' && (value[i - 1] == ' ' || value[i - 1] == '\t')) return trim(value.substr(0, i));
    }
    return value.starts_with('#') ? std::string_view() : trim(value);
}

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace

Interpolated interpolate(std::string_view text, const Variables& variables) {
    Interpolated out;
    if (text.find('$') == std::string_view::npos) {
        out.text = text;
        return out;
    }
    std::string result = Interpolation(variables, out).run(text, 0);
    out.text = std::move(result);
    return out;
}

Variables parse_env_file(std::string_view text, const Variables& outside, std::vector<std::string>& problems) {
    Variables found;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    Variables seen = outside;
    const std::string_view whole = text;
    const auto line_number = [&] { return 1 + std::ranges::count(whole.substr(0, whole.size() - text.size()), '\n'); };
    constexpr std::size_t kMostProblems = 8;
    const auto problem = [&](auto line, std::string_view what) {
        if (problems.size() < kMostProblems) problems.push_back(fmt::format("line {}: {}", line, what));
    };
    while (!text.empty()) {
        const std::string_view before = text;
        std::string_view line = trim(take_line(text));
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with("export ")) line = trim(line.substr(7));
        const auto equals = line.find('=');
        const std::string_view name = trim(line.substr(0, equals));
        if (name.empty() || name.find_first_of(" \t\"'") != std::string_view::npos) {
            problem(line_number() - 1, "not of the form NAME=value");
            continue;
        }
        if (equals == std::string_view::npos) {
            found.insert_or_assign(std::string(name), std::nullopt);
            continue;
        }
        std::string_view value = trim(line.substr(equals + 1));
        Interpolated result;
        const char quote = value.empty() ? '\0' : value.front();
        if (quote == '"' || quote == '\'') {
            const auto start = static_cast<std::size_t>(value.data() - before.data()) + 1;
            std::string_view rest = before.substr(start);  // a quoted value may go on over lines
            const auto inside = quoted(rest, quote);
            if (!inside) {
                problem(line_number() - 1, "a quote without an end");
                continue;
            }
            text = rest;
            take_line(text);
            if (quote == '"')
                result = interpolate(*inside, seen);
            else
                result.text = *inside;
        } else {
            result = interpolate(without_comment(value), seen);
        }
        for (const std::string& what : result.problems) problem(line_number() - 1, what);
        seen.insert_or_assign(std::string(name), result.text);
        found.insert_or_assign(std::string(name), std::move(result.text));
    }
    return found;
}

}  // namespace plimsoll::posture
