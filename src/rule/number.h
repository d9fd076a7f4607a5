#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/value.h"

namespace plimsoll::rule {

/// A number of any of the field types, compared by value without loss between the integer types.
class Number {
public:
    static Number of(std::uint64_t value) { return {Kind::natural, value, 0, 0}; }
    static Number of(std::int64_t value) {
        return value < 0 ? Number{Kind::negative, 0, value, 0} : of(static_cast<std::uint64_t>(value));
    }
    static Number of(double value) { return {Kind::real, 0, 0, value}; }

    /// Integers as decimal or 0x…, real numbers with point or exponent; nothing may follow.
    [[nodiscard]] static std::optional<Number> parse(std::string_view text);

    /// Numbers and booleans; text is none.
    [[nodiscard]] static std::optional<Number> from(const model::Value& value);

    [[nodiscard]] bool is_real() const { return kind_ == Kind::real; }
    [[nodiscard]] bool is_negative() const { return kind_ == Kind::negative; }

    friend std::partial_ordering operator<=>(const Number& a, const Number& b);
    friend bool operator==(const Number& a, const Number& b) { return (a <=> b) == 0; }

private:
    enum class Kind : std::uint8_t { natural, negative, real };
    Number(Kind kind, std::uint64_t natural, std::int64_t negative, double real)
        : kind_(kind), natural_(natural), negative_(negative), real_(real) {}
    [[nodiscard]] double approximately() const;

    Kind kind_;
    std::uint64_t natural_;
    std::int64_t negative_;
    double real_;
};

}  // namespace plimsoll::rule
