#include "rule/path_tests.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plimsoll::rule::detail {

namespace {

using model::PathTest;
using Kind = PathTest::Kind;

/// The parts of a text between slashes; a part is whole when slashes (or the text's end, where the text reaches the
/// name's end) stand on both sides of it.
struct Parts {
    std::vector<std::string_view> whole;
    std::string_view last;  ///< behind the last slash; empty when there is none
    bool last_is_whole = false;
};

/// Of a text that stands somewhere in a name: what lies before its first slash and behind its last one is cut off.
Parts parts_inside(std::string_view text) {
    Parts out;
    const auto pieces = split(text, '/');
    for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
        if (!pieces[i].empty()) out.whole.push_back(pieces[i]);
    }
    if (pieces.size() > 1) {
        out.last = pieces.back();
        out.last_is_whole = !out.last.empty();
    }
    return out;
}

std::string normal(std::string_view path) {
    std::string out;
    for (const auto part : split(path, '/')) {
        if (!part.empty()) out.append("/").append(part);
    }
    return out.empty() ? "/" : out;
}

using One = std::optional<PathTest>;

/// Everything below the last whole directory of a beginning of a name.
One beginning(std::string_view prefix) {
    if (!prefix.starts_with('/')) return prefix.empty() ? One() : PathTest{Kind::exact, std::string(prefix)};
    auto directory = normal(prefix.substr(0, prefix.rfind('/')));
    if (directory == "/") return std::nullopt;
    return PathTest{Kind::under, std::move(directory)};
}

/// The longest part that is whole in a piece of a name.
One middle(std::string_view piece) {
    const auto parts = parts_inside(piece).whole;
    if (parts.empty()) return std::nullopt;
    return PathTest{Kind::part, std::string(*std::ranges::max_element(parts, {}, &std::string_view::size))};
}

One ending(std::string_view suffix) {
    while (suffix.size() > 1 && suffix.ends_with('/')) suffix.remove_suffix(1);
    if (suffix == "/") return PathTest{Kind::exact, "/"};
    const auto parts = parts_inside(suffix);
    if (!parts.last_is_whole) return std::nullopt;
    return PathTest{Kind::name, std::string(parts.last)};
}

One better(One one, One other) {
    if (!one) return other;
    if (!other) return one;
    return breadth(*other) < breadth(*one) ? std::move(other) : std::move(one);
}

/// A shell pattern over the whole name: its literal beginning, end, and pieces between.
One pattern(std::string_view text) {
    if (text.find_first_of("[\\") != std::string_view::npos) {
        return beginning(text.substr(0, text.find_first_of("[\\*?")));
    }
    const auto special = text.find_first_of("*?");
    if (special == std::string_view::npos) return PathTest{Kind::exact, std::string(text)};
    auto best = better(beginning(text.substr(0, special)), ending(text.substr(text.find_last_of("*?") + 1)));
    for (auto rest = text.substr(special + 1); !rest.empty();) {
        const auto end = std::min(rest.find_first_of("*?"), rest.size());
        best = better(std::move(best), middle(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return best;
}

/// A pattern of pmatch: the path itself or a directory above it, part by part.
One path_pattern(std::string_view text) {
    if (!text.starts_with('/')) return PathTest{Kind::exact, std::string(text)};
    std::string literal;
    One longest;
    bool is_literal = true;
    for (const auto part : split(text, '/')) {
        if (part.empty()) continue;
        if (part.find_first_of("*?[\\") != std::string_view::npos) {
            is_literal = false;
            continue;
        }
        if (is_literal) literal.append("/").append(part);
        if (!longest || longest->text.size() < part.size()) longest = PathTest{Kind::part, std::string(part)};
    }
    if (is_literal && literal.empty()) return std::nullopt;
    return better(literal.empty() ? One() : PathTest{Kind::under, literal}, is_literal ? One() : longest);
}

One test_of_name(Operator op, std::string_view text) {
    switch (op) {
        case Operator::eq:
        case Operator::eq_eq:
        case Operator::in:
        case Operator::intersects:
            return PathTest{Kind::exact, text.starts_with('/') ? normal(text) : std::string(text)};
        case Operator::startswith: return beginning(text);
        case Operator::endswith: return ending(text);
        case Operator::contains: return middle(text);
        case Operator::glob: return pattern(text);
        case Operator::pmatch: return path_pattern(text);
        default: return std::nullopt;
    }
}

/// What holds for the directory, said of the files that lie directly in it.
One test_of_directory(Operator op, std::string_view text) {
    switch (op) {
        case Operator::eq:
        case Operator::eq_eq:
        case Operator::in:
        case Operator::intersects: {
            auto directory = normal(text);
            if (directory == "/") return std::nullopt;
            return PathTest{Kind::under, std::move(directory)};
        }
        case Operator::startswith: return text.starts_with('/') ? beginning(text) : One();
        case Operator::contains: return middle(text);
        case Operator::endswith: {
            auto test = ending(text);
            if (test) test->kind = test->kind == Kind::name ? Kind::part : Kind::under;
            return test && test->text != "/" ? test : One();
        }
        case Operator::pmatch: return text.starts_with('/') ? path_pattern(text) : One();
        default: return std::nullopt;
    }
}

One test_of_last(Operator op, std::string_view text) {
    switch (op) {
        case Operator::eq:
        case Operator::eq_eq:
        case Operator::in:
        case Operator::intersects:
            if (text.empty()) return std::nullopt;
            return PathTest{text == "/" ? Kind::exact : Kind::name, std::string(text)};
        case Operator::glob:
            if (text.empty() || text.find_first_of("*?[\\") != std::string_view::npos) return std::nullopt;
            return PathTest{Kind::name, std::string(text)};
        default: return std::nullopt;
    }
}

/// The kernel's name of a directory, and the other one by which the usual links of distributions lead there.
struct Link {
    std::string_view kernel;
    std::string_view other;
};
constexpr auto kLinks = std::to_array<Link>({
    {"/usr/bin", "/bin"},
    {"/usr/sbin", "/sbin"},
    {"/usr/lib", "/lib"},
    {"/usr/lib32", "/lib32"},
    {"/usr/lib64", "/lib64"},
    {"/usr/libx32", "/libx32"},
    {"/run", "/var/run"},
    {"/run/lock", "/var/lock"},
});

bool lies_under(std::string_view path, std::string_view directory) {
    if (directory == "/") return path.starts_with('/');
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

bool has_part(std::string_view path, std::string_view part) {
    for (const auto each : split(path, '/')) {
        if (each == part && !each.empty()) return true;
    }
    return false;
}

/// Tests of the kernel's names of files whose other name may pass this one.
void add_other_names(const PathTest& test, PathTests& out) {
    for (const Link& link : kLinks) {
        if (test.kind == Kind::name) continue;  // both names end alike
        if (test.kind == Kind::part) {
            if (has_part(link.other, test.text) && !has_part(link.kernel, test.text))
                out.push_back({Kind::under, std::string(link.kernel)});
        } else if (lies_under(test.text, link.other)) {
            out.push_back({test.kind, std::string(link.kernel) + test.text.substr(link.other.size())});
        } else if (test.kind == Kind::under && lies_under(link.other, test.text)) {
            out.push_back({Kind::under, std::string(link.kernel)});
        }
    }
    // /proc/self is /proc/7 to the kernel.
    for (const std::string_view self : {"/proc/self", "/proc/thread-self"}) {
        if (test.kind == Kind::name || test.kind == Kind::part || !lies_under(test.text, self)) continue;
        const auto last = test.text.substr(test.text.rfind('/') + 1);
        if (test.text == self || test.kind == Kind::under) {
            out.push_back({Kind::under, "/proc"});
        } else {
            out.push_back({Kind::name, last});
        }
    }
}

}  // namespace

std::optional<PathTests> path_tests(PathField field, const Expression& check) {
    const Comparand& right = check.right;
    const bool constant = right.kind == Comparand::Kind::text || right.kind == Comparand::Kind::number ||
                          right.kind == Comparand::Kind::list;
    if (!constant) return std::nullopt;
    PathTests out;
    for (const std::string& text : right.values) {
        const auto test = field == PathField::whole       ? test_of_name(check.op, text)
                          : field == PathField::directory ? test_of_directory(check.op, text)
                                                          : test_of_last(check.op, text);
        if (!test) return std::nullopt;
        add_other_names(*test, out);
        out.push_back(*test);
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

int breadth(const PathTest& test) {
    switch (test.kind) {
        case Kind::exact: return 1;
        case Kind::name: return 2;
        case Kind::part: return 3;
        case Kind::under: return std::ranges::count(test.text, '/') > 1 ? 4 : 5;
    }
    return 6;
}

bool passes(const PathTest& test, std::string_view path) {
    switch (test.kind) {
        case Kind::exact: return path == test.text;
        case Kind::under: return lies_under(path, test.text);
        case Kind::name: return path.substr(path.rfind('/') + 1) == test.text;
        case Kind::part: return has_part(path, test.text);
    }
    return true;
}

bool is_normal(std::string_view path) {
    if (!path.starts_with('/')) return false;
    if (path == "/") return true;
    const auto parts = split(path, '/');
    return std::ranges::none_of(parts.begin() + 1, parts.end(),
                                [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

}  // namespace plimsoll::rule::detail
