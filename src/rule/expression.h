#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rule/position.h"

namespace plimsoll::rule {

enum class Operator : std::uint8_t {
    exists,
    eq,
    eq_eq,
    ne,
    lt,
    le,
    gt,
    ge,
    in,
    intersects,
    pmatch,
    glob,
    iglob,
    contains,
    icontains,
    bcontains,
    startswith,
    bstartswith,
    endswith,
    regex,
};

/// How many elements of the list on the right must match.
enum class Modifier : std::uint8_t { none, oneof, anyof, allof };

/// A value that a check reads: a field, a transformed one, or a literal inside a transformer.
struct Operand {
    enum class Kind : std::uint8_t { field, transformer, text, number, list };

    Kind kind = Kind::field;
    std::string name;                ///< field or transformer name as written; the literal itself
    std::optional<std::string> arg;  ///< between the brackets
    std::vector<Operand> parts;      ///< arguments of a transformer; members of a list
    Position at;

    friend bool operator==(const Operand& a, const Operand& b) {
        return a.kind == b.kind && a.name == b.name && a.arg == b.arg && a.parts == b.parts;
    }
};

/// What stands to the right of an operator. `name`: an identifier where a list was expected.
struct Comparand {
    enum class Kind : std::uint8_t { none, text, number, list, name, operand };

    Kind kind = Kind::none;
    std::vector<std::string> values;
    std::vector<Position> places;  ///< one for each value
    std::vector<bool> quoted;      ///< one for each value
    std::optional<Operand> operand;
};

class Expression;

/// Shared because a macro's tree stands, unchanged, in every condition that uses it.
using ExpressionPtr = std::shared_ptr<const Expression>;

/// One node of a parsed condition; immutable once shared.
class Expression {
public:
    enum class Kind : std::uint8_t { conjunction, disjunction, negation, check, macro };

    Kind kind = Kind::check;
    Position at;
    std::vector<ExpressionPtr> children;

    Operand left;  ///< of a check
    Operator op = Operator::exists;
    Modifier modifier = Modifier::none;
    Comparand right;

    std::string macro;  ///< name that is not resolved yet

    std::uint32_t depth = 1;  ///< levels of this tree
    std::uint32_t size = 1;   ///< nodes of this tree, written out; saturates
};

/// The largest tree that conditions may be, macros written out.
inline constexpr std::uint32_t kMaxNodes = 200'000;
inline constexpr std::uint32_t kMaxDepth = 3'000;

[[nodiscard]] ExpressionPtr make_check(Expression check);
[[nodiscard]] ExpressionPtr make_macro(std::string name, Position at);
[[nodiscard]] ExpressionPtr make_negation(ExpressionPtr child, Position at);

/// A conjunction or disjunction; a single child is returned as it is.
[[nodiscard]] ExpressionPtr make_group(Expression::Kind kind, std::vector<ExpressionPtr> children, Position at);

[[nodiscard]] std::string_view to_text(Operator op);
[[nodiscard]] std::string_view to_text(Modifier modifier);
[[nodiscard]] std::optional<Operator> parse_operator(std::string_view text);

/// The condition written out in one normal form.
[[nodiscard]] std::string to_text(const Expression& expression);
[[nodiscard]] std::string to_text(const Operand& operand);

}  // namespace plimsoll::rule
