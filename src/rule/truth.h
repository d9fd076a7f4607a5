#pragma once

#include <cstdint>
#include <string_view>

namespace plimsoll::rule {

/// What a condition says about a record. `unknown`: a fact it needs could not be found out.
enum class Truth : std::uint8_t { no, yes, unknown };

[[nodiscard]] constexpr Truth negated(Truth truth) {
    return truth == Truth::unknown ? Truth::unknown : truth == Truth::yes ? Truth::no : Truth::yes;
}

[[nodiscard]] constexpr Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

[[nodiscard]] constexpr std::string_view to_text(Truth truth) {
    return truth == Truth::unknown ? "unknown" : truth == Truth::yes ? "yes" : "no";
}

}  // namespace plimsoll::rule
