#include "rule/number.h"

#include <charconv>

namespace plimsoll::rule {

std::optional<Number> Number::parse(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto* end = text.data() + text.size();
    if (text.starts_with("0x") || text.starts_with("0X")) {
        std::uint64_t value = 0;
        const auto [stop, fault] = std::from_chars(text.data() + 2, end, value, 16);
        if (fault != std::errc() || stop != end) return std::nullopt;
        return of(value);
    }
    if (text.find_first_of(".eE") != std::string_view::npos) {
        double value = 0;
        const auto [stop, fault] = std::from_chars(text.data(), end, value);
        if (fault != std::errc() || stop != end) return std::nullopt;
        return of(value);
    }
    if (text.starts_with('-')) {
        std::int64_t value = 0;
        const auto [stop, fault] = std::from_chars(text.data(), end, value);
        if (fault != std::errc() || stop != end) return std::nullopt;
        return of(value);
    }
    std::uint64_t value = 0;
    const auto [stop, fault] = std::from_chars(text.data(), end, value);
    if (fault != std::errc() || stop != end) return std::nullopt;
    return of(value);
}

std::optional<Number> Number::from(const model::Value& value) {
    if (const auto* natural = std::get_if<std::uint64_t>(&value)) return of(*natural);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return of(*integer);
    if (const auto* real = std::get_if<double>(&value)) return of(*real);
    if (const auto* truth = std::get_if<bool>(&value)) return of(std::uint64_t{*truth});
    return std::nullopt;
}

double Number::approximately() const {
    switch (kind_) {
        case Kind::natural: return static_cast<double>(natural_);
        case Kind::negative: return static_cast<double>(negative_);
        default: return real_;
    }
}

std::partial_ordering operator<=>(const Number& a, const Number& b) {
    if (a.is_real() || b.is_real()) return a.approximately() <=> b.approximately();
    if (a.kind_ != b.kind_) return a.is_negative() ? std::partial_ordering::less : std::partial_ordering::greater;
    return a.is_negative() ? a.negative_ <=> b.negative_ : a.natural_ <=> b.natural_;
}

}  // namespace plimsoll::rule
