#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Test support: a strict reader of the markup that this room writes.
namespace plimsoll::report {

/// The first thing wrong with the document, empty when it is well-formed: every element closed in order, attributes
/// quoted and unique, ampersands only in known entities. `is_html` allows a doctype, void elements and a style sheet.
[[nodiscard]] std::string markup_fault(std::string_view text, bool is_html);

/// How often an element is opened.
[[nodiscard]] std::size_t elements(std::string_view text, std::string_view name);

}  // namespace plimsoll::report
