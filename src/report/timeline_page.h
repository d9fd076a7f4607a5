#pragma once

#include <string>
#include <string_view>

#include "report/timeline_sentence.h"

/// What the pages and documents about activity have in common.
namespace plimsoll::report::page {

/// Everything up to and with `<body>`: the page may load and run nothing. `title` and `skip` are escaped here.
[[nodiscard]] std::string head(std::string_view title, std::string_view skip);

/// The style class of the audit's pages that fits the tone.
[[nodiscard]] std::string_view tone_class(Tone tone);

/// The inside of an ANSI colour sequence for the tone; empty for plain.
[[nodiscard]] std::string_view tone_colour(Tone tone);

/// JSON text in which no bracket can end a script or open markup.
[[nodiscard]] std::string json_for_html(std::string_view text);

}  // namespace plimsoll::report::page
