#pragma once

#include <string>
#include <string_view>

namespace plimsoll::report {

/// printable() for text of several lines: line feeds stay, everything else that is not readable becomes an escape.
[[nodiscard]] std::string printable_lines(std::string_view bytes);

/// printable() and at most `columns` wide: how a name or a message from outside enters a document for people.
[[nodiscard]] std::string bounded(std::string_view bytes, std::size_t columns);

/// Text for an element or a quoted attribute of HTML or XML 1.0: no control character, no noncharacter, & < > " ' as
/// entities.
[[nodiscard]] std::string markup(std::string_view bytes);

/// The same for text whose line feeds matter.
[[nodiscard]] std::string markup_lines(std::string_view bytes);

/// Text in CommonMark and GitHub's dialect that means itself: no markup, HTML, link, mention or issue number comes of
/// it.
[[nodiscard]] std::string markdown_text(std::string_view bytes);

/// A fenced code block whose fence the text cannot close, each line behind `indent`.
[[nodiscard]] std::string markdown_fence(std::string_view bytes, std::string_view indent);

/// One cell of RFC 4180: quoted where needed, and never a formula to a spreadsheet.
[[nodiscard]] std::string csv_cell(std::string_view bytes);

/// The same for text whose line feeds matter.
[[nodiscard]] std::string csv_lines(std::string_view bytes);

}  // namespace plimsoll::report
