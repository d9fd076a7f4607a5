#include "model/finding.h"

#include <algorithm>

namespace plimsoll::model {

namespace {

constexpr std::array<std::string_view, kSeverities> kSeverityNames = {"info", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 5> kOutcomeNames = {"pass", "fail", "unknown", "not-applicable", "manual"};

}  // namespace

std::string_view to_text(Severity severity) { return kSeverityNames[static_cast<std::size_t>(severity)]; }
std::string_view to_text(Outcome outcome) { return kOutcomeNames[static_cast<std::size_t>(outcome)]; }

std::optional<Severity> parse_severity(std::string_view text) {
    const auto found = std::ranges::find(kSeverityNames, text);
    if (found == kSeverityNames.end()) return std::nullopt;
    return static_cast<Severity>(found - kSeverityNames.begin());
}

}  // namespace plimsoll::model
