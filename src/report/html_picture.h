#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "model/finding.h"

namespace plimsoll::report {

/// The load-line mark on a hull as inline SVG. The water stands at the mark for a score of 50 and sinks as the host
/// gets safer; without a score there is none.
[[nodiscard]] std::string load_line_picture(std::optional<int> score);

/// A bar of failed checks by severity as inline SVG, as long as its share of `longest`; empty text when nothing failed.
[[nodiscard]] std::string severity_bar(const std::array<std::uint32_t, model::kSeverities>& failed,
                                       std::uint32_t longest);

}  // namespace plimsoll::report
