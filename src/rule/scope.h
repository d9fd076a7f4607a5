#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rule/expression.h"
#include "rule/position.h"

namespace plimsoll::rule {

/// The lists and macros that a condition may name.
struct Scope {
    std::map<std::string, std::vector<std::string>, std::less<>> lists;
    std::map<std::string, ExpressionPtr, std::less<>> macros;  ///< resolved already
};

/// Text with every list name replaced by the list's items, and where each byte came from.
struct Expanded {
    std::string text;
    PlaceMap places;
    std::set<std::string> lists_used;
};

/// Puts the items of lists in the place of their names, wherever a name stands between blanks, parentheses, commas or
/// `=`.
[[nodiscard]] Parsed<Expanded> expand_lists(std::string_view text, const PlaceMap& places, const Scope& scope);

/// A list item as it is written in a condition: quoted when it would not be read back as one word.
[[nodiscard]] std::string quoted_item(std::string_view item);

/// Replaces macro names by their trees; names that were used go to `used`.
[[nodiscard]] Parsed<ExpressionPtr> resolve_macros(const ExpressionPtr& expression, const Scope& scope,
                                                   std::set<std::string>* used = nullptr);

/// Reads a condition whose lists and macros are in `scope`; ready for ProgramBuilder::add.
[[nodiscard]] Parsed<ExpressionPtr> resolve(std::string_view text, const Scope& scope);
[[nodiscard]] Parsed<ExpressionPtr> resolve(std::string_view text, const PlaceMap& places, const Scope& scope);

}  // namespace plimsoll::rule
