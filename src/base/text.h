#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string lowered(std::string_view text);
[[nodiscard]] bool icontains(std::string_view text, std::string_view part);

/// Number of single-character edits between the two, bounded work: long inputs count as far apart.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// Makes hostile bytes safe and readable on one terminal line: control characters (C0, DEL, C1), invalid UTF-8,
/// bidirectional overrides and zero-width characters become \xNN or \u{NNNN}. Printable UTF-8 stays.
[[nodiscard]] std::string printable(std::string_view bytes);

/// At most `columns` characters of UTF-8 text, with an ellipsis when something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t columns);

/// Columns that UTF-8 text takes on a terminal (wide East Asian characters take two, combining ones none).
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Replaces what is not valid UTF-8 with U+FFFD, so that the text may stand in JSON, XML or HTML.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

}  // namespace plimsoll
