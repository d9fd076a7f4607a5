#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "posture/compose_parts.h"

namespace plimsoll::posture {

namespace {

std::optional<double> real(std::string_view text) {
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

/// Factors of 1024, with or without a final b.
std::optional<double> unit(std::string_view text) {
    if (text.size() == 2 && text[1] == 'b') text = text.substr(0, 1);
    static constexpr std::array<std::pair<std::string_view, double>, 8> kUnits = {
        {{"", 1}, {"b", 1}, {"k", 0x1p10}, {"m", 0x1p20}, {"g", 0x1p30}, {"t", 0x1p40}, {"p", 0x1p50}, {"kb", 0x1p10}}};
    for (const auto& [name, factor] : kUnits) {
        if (text == name) return factor;
    }
    return std::nullopt;
}

}  // namespace

void ServiceDraft::problem(const ComposeNode& at, std::string_view key, std::string_view what) const {
    context.log.problem(at.at, fmt::format("services.{}.{}: {}", name, key, what));
}

bool is_map_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    if (!node.is_map() && !node.is_null()) draft.problem(node, key, "expected a map");
    return node.is_map();
}

void report_unknown(const ComposeNode& map, std::string_view key, std::span<const std::string_view> known,
                    const ServiceDraft& draft) {
    for (const auto& [name, value] : map.entries) {
        if (std::ranges::find(known, name.text) == known.end() && !name.text.starts_with("x-"))
            draft.problem(name, key, fmt::format("'{}' is not read", name.text));
    }
}

std::optional<bool> truth_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    const std::string text = lowered(node.text);
    if (node.is_scalar() && (text == "true" || text == "yes" || text == "on" || text == "y" || text == "1"))
        return true;
    if (node.is_scalar() && (text == "false" || text == "no" || text == "off" || text == "n" || text == "0"))
        return false;
    if (!node.is_null()) draft.problem(node, key, fmt::format("'{}' is neither true nor false", node.text));
    return std::nullopt;
}

std::optional<double> number_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    const auto value = node.is_scalar() ? real(trim(node.text)) : std::nullopt;
    if (!value && !node.is_null()) draft.problem(node, key, fmt::format("'{}' is no number", node.text));
    return value;
}

std::optional<std::int64_t> integer_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    const auto value = number_of(node, key, draft);
    if (!value) return std::nullopt;
    if (std::abs(*value) < 0x1p62) return static_cast<std::int64_t>(*value);
    draft.problem(node, key, "the number is too large");
    return std::nullopt;
}

std::optional<std::int64_t> bytes_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    if (node.is_null()) return std::nullopt;
    const std::string text = lowered(trim(node.text));
    const auto digits = text.find_first_not_of("0123456789.-");
    const auto value = real(std::string_view(text).substr(0, digits));
    const auto factor =
        unit(digits == std::string::npos ? std::string_view() : trim(std::string_view(text).substr(digits)));
    if (!node.is_scalar() || !value || !factor || std::abs(*value * *factor) >= 0x1p62) {
        draft.problem(node, key, fmt::format("'{}' is no size", node.text));
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*value * *factor);
}

std::string text_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    if (!node.is_scalar() && !node.is_null()) draft.problem(node, key, "a text is needed");
    return node.is_scalar() ? node.text : std::string();
}

std::vector<std::string> texts_of(const ComposeNode& node, std::string_view key, const ServiceDraft& draft) {
    std::vector<std::string> all;
    if (node.is_scalar()) all.push_back(node.text);
    if (node.is_map()) draft.problem(node, key, "expected a list");
    for (const ComposeNode& item : node.items) {
        if (item.is_scalar())
            all.push_back(item.text);
        else if (!item.is_null())
            draft.problem(item, key, "an item that is no text");
    }
    return all;
}

}  // namespace plimsoll::posture
