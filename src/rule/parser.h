#pragma once

#include <string_view>

#include "rule/expression.h"
#include "rule/position.h"

namespace plimsoll::rule {

/// Levels of parentheses, `not` and transformers that one text may nest.
inline constexpr int kMaxNesting = 1000;

/// Bytes of one condition, lists written out.
inline constexpr std::size_t kMaxCondition = 1024 * 1024;

/// Reads one condition; macros stay names. Never needs more than the text: field names are not looked up here.
[[nodiscard]] Parsed<ExpressionPtr> parse(std::string_view text, const PlaceMap& places);
[[nodiscard]] Parsed<ExpressionPtr> parse(std::string_view text);

/// Reads a field or transformer at the start of `text` and says in `used` how many bytes it took.
[[nodiscard]] Parsed<Operand> parse_operand(std::string_view text, std::size_t& used);

/// `[a-zA-Z][a-zA-Z0-9_]*`
[[nodiscard]] bool is_macro_name(std::string_view text);

/// What a bare word may be: no blanks, parentheses, quotes, commas or equals signs.
[[nodiscard]] bool is_list_name(std::string_view text);

[[nodiscard]] bool is_transformer(std::string_view name);

}  // namespace plimsoll::rule
