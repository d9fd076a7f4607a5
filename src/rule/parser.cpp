#include "rule/parser.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/result.h"

namespace plimsoll::rule {

namespace {

constexpr std::array<std::string_view, 8> kTransformers = {"tolower", "toupper", "b64",    "basename",
                                                           "len",     "join",    "concat", "getopt"};
constexpr std::string_view kTransformerNames = "val, tolower, toupper, b64, basename, len, join, concat, getopt";

/// Symbols first, longest first; words in an order where none hides a longer one.
constexpr std::array kOperatorOrder = {
    Operator::exists,   Operator::le,        Operator::lt,         Operator::ge,         Operator::gt,
    Operator::eq_eq,    Operator::eq,        Operator::ne,         Operator::glob,       Operator::iglob,
    Operator::contains, Operator::icontains, Operator::bcontains,  Operator::startswith, Operator::bstartswith,
    Operator::endswith, Operator::regex,     Operator::intersects, Operator::in,         Operator::pmatch};

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_bare(char c) {
    return !is_space(c) && c != '(' && c != ')' && c != '"' && c != '\'' && c != '=' && c != ',' && c != '\0';
}
constexpr bool is_list_op(Operator op) {
    return op == Operator::in || op == Operator::intersects || op == Operator::pmatch;
}
constexpr bool is_order_op(Operator op) {
    return op == Operator::lt || op == Operator::le || op == Operator::gt || op == Operator::ge;
}
constexpr bool is_symbol(Operator op) { return op == Operator::eq || op == Operator::eq_eq || op == Operator::ne; }

/// Recursive descent over bytes. A step that fails returns nothing; the first fault is kept and reported.
class Parser {
public:
    Parser(std::string_view text, const PlaceMap& places) : text_(text), places_(places) {}

    Parsed<ExpressionPtr> condition() {
        if (text_.size() > kMaxCondition) return std::unexpected(Fault{"the condition is too long", places_.at(0)});
        auto node = disjunction();
        if (!node) return fail();
        skip_blanks();
        if (at_ != text_.size()) {
            failed(fmt::format("unexpected text after '{}': expected 'and' or 'or'", excerpt(last_)));
            return fail();
        }
        return node;
    }

    Parsed<Operand> operand(std::size_t& used) {
        auto value = left_side();
        if (!value) return fail();
        used = at_;
        return std::move(*value);
    }

private:
    std::unexpected<Fault> fail() {
        check(fault_.has_value());
        return std::unexpected(*fault_);
    }

    void failed(std::string message) { failed_at(at_, std::move(message)); }
    void failed_at(std::size_t where, std::string message) {
        if (!fault_) fault_ = Fault{std::move(message), places_.at(where)};
    }

    static std::string excerpt(std::string_view text) {
        return text.size() <= 60 ? std::string(text) : std::string(text.substr(0, 57)) + "...";
    }

    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    bool skip_blanks() {
        const auto start = at_;
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        return at_ != start;
    }

    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        last_ = text_.substr(at_, word.size());
        at_ += word.size();
        return true;
    }

    bool enter() {
        if (++depth_ <= kMaxNesting) return true;
        failed(fmt::format("nested deeper than {} levels", kMaxNesting));
        return false;
    }

    // Structure

    ExpressionPtr disjunction() { return chain(Expression::Kind::disjunction, "or", &Parser::conjunction); }
    ExpressionPtr conjunction() { return chain(Expression::Kind::conjunction, "and", &Parser::negation); }

    ExpressionPtr chain(Expression::Kind kind, std::string_view word, ExpressionPtr (Parser::*next)()) {
        if (!enter()) return nullptr;
        skip_blanks();
        const auto start = places_.at(at_);
        std::vector<ExpressionPtr> children;
        auto child = (this->*next)();
        if (!child) return nullptr;
        children.push_back(std::move(child));
        skip_blanks();
        while (take(word)) {
            if (skip_blanks()) {
                child = (this->*next)();
            } else if (take("(")) {
                child = rest_of_parentheses();
            } else {
                failed(fmt::format("expected a blank or '(' after '{}'", word));
                return nullptr;
            }
            if (!child) return nullptr;
            children.push_back(std::move(child));
            skip_blanks();
        }
        --depth_;
        return make_group(kind, std::move(children), start);
    }

    ExpressionPtr negation() {
        if (!enter()) return nullptr;
        skip_blanks();
        const auto start = places_.at(at_);
        bool negated = false;
        ExpressionPtr child;
        while (true) {
            const auto before = at_;
            if (!take("not")) break;
            if (skip_blanks()) {
                negated = !negated;
                continue;
            }
            if (take("(")) {
                negated = !negated;
                child = rest_of_parentheses();
                if (!child) return nullptr;
            } else {
                at_ = before;  // a name that begins with "not"
            }
            break;
        }
        if (!child) child = check_or_macro();
        if (!child) return nullptr;
        --depth_;
        return negated ? make_negation(std::move(child), start) : child;
    }

    ExpressionPtr rest_of_parentheses() {
        if (!enter()) return nullptr;
        auto child = disjunction();
        if (!child) return nullptr;
        skip_blanks();
        if (!take(")")) {
            failed("expected ')'");
            return nullptr;
        }
        --depth_;
        return child;
    }

    ExpressionPtr check_or_macro() {
        skip_blanks();
        if (take("(")) return rest_of_parentheses();
        const auto start = at_;
        if (const auto name = transformer_ahead(false); !name.empty() || field_length() > 0) {
            Expression check;
            check.at = places_.at(start);
            auto left = left_side();
            if (!left) return nullptr;
            check.left = std::move(*left);
            if (!comparison(check)) return nullptr;
            return make_check(std::move(check));
        }
        if (is_letter(peek())) {
            while (is_word(peek())) ++at_;
            last_ = text_.substr(start, at_ - start);
            return make_macro(std::string(last_), places_.at(start));
        }
        failed("expected '(', a field, or the name of a macro");
        return nullptr;
    }

    // Operands

    /// Length of `name(.name)+` here, 0 when there is none.
    [[nodiscard]] std::size_t field_length() const {
        std::size_t n = 0;
        std::size_t end = 0;
        for (int parts = 1;; ++parts) {
            if (!is_letter(peek(n))) return end;
            while (is_word(peek(n))) ++n;
            if (parts > 1) end = n;
            if (peek(n) != '.') return end;
            ++n;
        }
    }

    /// Name of the transformer whose '(' follows at once; empty when there is none.
    [[nodiscard]] std::string_view transformer_ahead(bool with_val) const {
        std::size_t n = 0;
        while (is_word(peek(n))) ++n;
        if (n == 0 || peek(n) != '(') return {};
        const auto name = text_.substr(at_, n);
        if (with_val && name == "val") return name;
        return is_transformer(name) ? name : std::string_view{};
    }

    std::optional<Operand> left_side() {
        if (const auto name = transformer_ahead(false); !name.empty()) return transformer(name);
        return field();
    }

    std::optional<Operand> field() {
        const auto length = field_length();
        if (length == 0) {
            failed("expected a field");
            return std::nullopt;
        }
        Operand operand;
        operand.at = places_.at(at_);
        operand.name = last_ = text_.substr(at_, length);
        at_ += length;
        if (!brackets(operand)) return std::nullopt;
        return operand;
    }

    bool brackets(Operand& operand) {
        if (!take("[")) return true;
        if (peek() == '"' || peek() == '\'') {
            std::string value;
            if (!quoted(value)) {
                failed("expected a field argument: its quote is not closed");
                return false;
            }
            operand.arg = std::move(value);
        } else {
            const auto start = at_;
            while (at_ < text_.size() && !is_space(peek()) && peek() != '[' && peek() != ']' && peek() != '"' &&
                   peek() != '\'')
                ++at_;
            if (at_ == start) {
                failed("expected a field argument: a quoted or a bare word");
                return false;
            }
            operand.arg = std::string(text_.substr(start, at_ - start));
        }
        if (take("]")) return true;
        failed("expected ']'");
        return false;
    }

    std::optional<Operand> transformer(std::string_view name) {
        if (!enter()) return std::nullopt;
        Operand operand;
        operand.kind = Operand::Kind::transformer;
        operand.name = name;
        operand.at = places_.at(at_);
        at_ += name.size() + 1;
        last_ = "(";
        const bool many = name == "join" || name == "concat" || name == "getopt";
        skip_blanks();
        do {
            skip_blanks();
            auto part = argument(true);
            if (!part) {
                failed("expected an argument: a field, a transformer, a quoted text, a number, or a list of them");
                return std::nullopt;
            }
            operand.parts.push_back(std::move(*part));
            skip_blanks();
        } while (many && take(","));
        if (!take(")")) {
            failed("expected ')' to close the transformer");
            return std::nullopt;
        }
        --depth_;
        if (name == "getopt" && !brackets(operand)) return std::nullopt;
        return operand;
    }

    std::optional<Operand> argument(bool list_allowed) {
        if (const auto name = transformer_ahead(false); !name.empty()) return transformer(name);
        if (field_length() > 0) return field();
        Operand operand;
        operand.at = places_.at(at_);
        if (peek() == '"' || peek() == '\'') {
            operand.kind = Operand::Kind::text;
            if (!quoted(operand.name)) return std::nullopt;
            return operand;
        }
        if (const auto length = number_length(); length > 0) {
            operand.kind = Operand::Kind::number;
            operand.name = last_ = text_.substr(at_, length);
            at_ += length;
            return operand;
        }
        if (!list_allowed || !take("(")) return std::nullopt;
        operand.kind = Operand::Kind::list;
        skip_blanks();
        if (take(")")) return operand;
        do {
            skip_blanks();
            auto part = argument(false);
            if (!part) {
                failed("expected a list member: a field, a transformer, a quoted text or a number");
                return std::nullopt;
            }
            operand.parts.push_back(std::move(*part));
            skip_blanks();
        } while (take(","));
        if (take(")")) return operand;
        failed("expected ')' to close the list");
        return std::nullopt;
    }

    // Values

    [[nodiscard]] std::size_t number_length() const {
        std::size_t n = 0;
        if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
            n = 2;
            while (is_digit(peek(n)) || (peek(n) >= 'a' && peek(n) <= 'f') || (peek(n) >= 'A' && peek(n) <= 'F')) ++n;
            return n > 2 ? n : 1;
        }
        if (peek() == '+' || peek() == '-') ++n;
        const auto digits = n;
        while (is_digit(peek(n))) ++n;
        if (n == digits) return 0;
        if (peek(n) == '.') {
            ++n;
            while (is_digit(peek(n))) ++n;
        }
        if (peek(n) == 'e' || peek(n) == 'E') {
            std::size_t m = n + 1;
            const bool has_sign = peek(m) == '+' || peek(m) == '-';
            if (has_sign) ++m;
            const auto exponent = m;
            while (is_digit(peek(m))) ++m;
            if (has_sign && m > exponent) n = m;
        }
        return n;
    }

    /// At a quote: reads to its partner. Without a partner nothing is taken.
    bool quoted(std::string& out) {
        const auto start = at_;
        const char delimiter = peek();
        ++at_;
        for (; at_ < text_.size() && text_[at_] != '\0'; ++at_) {
            const char c = text_[at_];
            if (c == delimiter) {
                last_ = text_.substr(start + 1, at_ - start - 1);
                ++at_;
                return true;
            }
            if (c != '\\') {
                out += c;
                continue;
            }
            ++at_;
            switch (peek()) {
                case 'b': out += '\b'; break;
                case 'f': out += '\f'; break;
                case 'n': out += '\n'; break;
                case 'r': out += '\r'; break;
                case 't': out += '\t'; break;
                case ' ': out += '\\'; break;  // tolerated: a backslash before a blank stands for itself
                case '\\': out += '\\'; break;
                case '/': out += '/'; break;
                default:
                    if (at_ < text_.size() && peek() == delimiter) {
                        out += delimiter;
                        break;
                    }
                    failed(fmt::format("'\\{}' is not an escape in text between {} quotes",
                                       at_ < text_.size() ? std::string(1, peek()) : "",
                                       delimiter == '"' ? "double" : "single"));
                    return false;
            }
        }
        at_ = start;
        return false;
    }

    bool text_value(std::string& out, bool& was_quoted) {
        was_quoted = peek() == '"' || peek() == '\'';
        if (was_quoted) return quoted(out);
        const auto start = at_;
        while (at_ < text_.size() && is_bare(text_[at_])) ++at_;
        if (at_ == start) return false;
        out = last_ = text_.substr(start, at_ - start);
        return true;
    }

    static void add_value(Comparand& right, std::string value, Position at, bool was_quoted) {
        right.values.push_back(std::move(value));
        right.places.push_back(at);
        right.quoted.push_back(was_quoted);
    }

    // Comparisons

    bool comparison(Expression& check) {
        skip_blanks();
        for (const Operator op : kOperatorOrder) {
            const auto before = at_;
            if (!take(to_text(op))) continue;
            const bool word = !is_symbol(op) && !is_order_op(op) && !is_list_op(op) && op != Operator::exists;
            if (word && !is_blank(peek()) && at_ < text_.size()) {
                at_ = before;
                continue;
            }
            if (word && at_ == text_.size()) {
                at_ = before;
                continue;
            }
            check.op = op;
            if (op == Operator::exists) return true;
            const bool apart = skip_blanks();
            if (is_list_op(op)) return list_side(check);
            return value_side(check, apart);
        }
        failed(
            "expected an operator: exists, =, ==, !=, <, <=, >, >=, in, intersects, pmatch, glob, iglob, contains, "
            "icontains, "
            "bcontains, startswith, bstartswith, endswith or regex");
        return false;
    }

    /// A field or transformer on the right, if one is there; `done` says so.
    bool operand_side(Expression& check, bool& done) {
        const auto name = transformer_ahead(true);
        done = !name.empty();
        if (!done) return true;
        std::optional<Operand> operand;
        if (name == "val") {
            at_ += 4;
            skip_blanks();
            if (!transformer_ahead(true).empty() || field_length() == 0) {
                failed("expected a field inside val()");
                return false;
            }
            operand = field();
            if (!operand) return false;
            skip_blanks();
            if (!take(")")) {
                failed("expected ')' to close val()");
                return false;
            }
            Operand wrapped;
            wrapped.kind = Operand::Kind::transformer;
            wrapped.name = "val";
            wrapped.at = operand->at;
            wrapped.parts.push_back(std::move(*operand));
            operand = std::move(wrapped);
        } else {
            operand = transformer(name);
            if (!operand) return false;
        }
        check.right.kind = Comparand::Kind::operand;
        check.right.operand = std::move(operand);
        return true;
    }

    bool value_side(Expression& check, bool apart) {
        bool done = false;
        if (!operand_side(check, done)) return false;
        if (done) return true;
        const auto start = at_;
        if (is_order_op(check.op)) {
            const auto length = number_length();
            if (length == 0) {
                failed(fmt::format("expected a number, or a field inside one of {}", kTransformerNames));
                return false;
            }
            last_ = text_.substr(at_, length);
            at_ += length;
            check.right.kind = Comparand::Kind::number;
            add_value(check.right, std::string(last_), places_.at(start), false);
            return true;
        }
        if (apart && !modified(check, done)) return false;
        if (done) return true;
        std::string value;
        bool was_quoted = false;
        if (!text_value(value, was_quoted)) {
            failed(fmt::format("expected a text, or a field inside one of {}", kTransformerNames));
            return false;
        }
        check.right.kind = Comparand::Kind::text;
        add_value(check.right, std::move(value), places_.at(start), was_quoted);
        return true;
    }

    /// `oneof`, `anyof` or `allof` and its list. The word alone is a plain text.
    bool modified(Expression& check, bool& done) {
        const auto start = at_;
        for (const Modifier modifier : {Modifier::oneof, Modifier::anyof, Modifier::allof}) {
            if (!take(to_text(modifier)) || !skip_blanks()) {
                at_ = start;
                continue;
            }
            if (peek() == '(') {
                check.modifier = modifier;
                done = true;
                return list(check.right);
            }
            const auto word = at_;
            std::size_t n = 0;
            while (is_word(peek(n))) ++n;
            const auto name = text_.substr(at_, n);
            const bool ends = at_ + n == text_.size() || is_blank(peek(n)) || peek(n) == ')';
            if (n > 0 && is_letter(peek()) && ends && name != "and" && name != "or") {
                at_ += n;
                last_ = name;
                check.modifier = modifier;
                check.right.kind = Comparand::Kind::name;
                add_value(check.right, std::string(name), places_.at(word), false);
                done = true;
                return true;
            }
            at_ = start;
            return true;
        }
        return true;
    }

    bool list_side(Expression& check) {
        if (peek() == '(') return list(check.right);
        bool done = false;
        if (!operand_side(check, done)) return false;
        if (done) return true;
        const auto start = at_;
        if (is_letter(peek())) {
            while (is_word(peek())) ++at_;
            last_ = text_.substr(start, at_ - start);
            check.right.kind = Comparand::Kind::name;
            add_value(check.right, std::string(last_), places_.at(start), false);
            return true;
        }
        failed(fmt::format("expected a list, the name of a list, or a field inside one of {}", kTransformerNames));
        return false;
    }

    bool list(Comparand& right) {
        take("(");
        right.kind = Comparand::Kind::list;
        skip_blanks();
        if (take(")")) return true;
        do {
            skip_blanks();
            const auto start = at_;
            std::string value;
            bool was_quoted = false;
            if (!text_value(value, was_quoted)) {
                failed(right.values.empty() ? "expected a value or ')'" : "expected a value");
                return false;
            }
            add_value(right, std::move(value), places_.at(start), was_quoted);
            skip_blanks();
        } while (take(","));
        if (take(")")) return true;
        failed("expected ',' or ')' in the list");
        return false;
    }

    std::string_view text_;
    const PlaceMap& places_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string_view last_;
    std::optional<Fault> fault_;
};

}  // namespace

bool is_transformer(std::string_view name) { return std::ranges::find(kTransformers, name) != kTransformers.end(); }

Parsed<ExpressionPtr> parse(std::string_view text, const PlaceMap& places) { return Parser(text, places).condition(); }

Parsed<ExpressionPtr> parse(std::string_view text) { return parse(text, PlaceMap::of_text(text)); }

Parsed<Operand> parse_operand(std::string_view text, std::size_t& used) {
    const auto places = PlaceMap::of_text(text.substr(0, 1));
    return Parser(text, places).operand(used);
}

bool is_macro_name(std::string_view text) {
    return !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, is_word);
}

bool is_list_name(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_bare); }

}  // namespace plimsoll::rule
