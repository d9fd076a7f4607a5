#include "report/formats.h"

#include <algorithm>
#include <array>

#include "report/csv.h"
#include "report/html.h"
#include "report/json.h"
#include "report/junit.h"
#include "report/markdown.h"
#include "report/sarif.h"
#include "report/text.h"

namespace plimsoll::report {

namespace {

constexpr std::array kFormats = {
    Format{"text", "text/plain", "txt", "for a person at a terminal", render_text},
    Format{"json", "application/json", "json", "everything, for programs", render_json},
    Format{"html", "text/html", "html", "one self-contained page for readers", render_html},
    Format{"markdown", "text/markdown", "md", "for tickets and wikis", render_markdown},
    Format{"sarif", "application/sarif+json", "sarif", "SARIF 2.1.0, for code-scanning services", render_sarif},
    Format{"junit", "application/xml", "xml", "JUnit XML, for continuous integration", render_junit},
    Format{"csv", "text/csv", "csv", "for spreadsheets", render_csv},
};

}  // namespace

std::span<const Format> formats() { return kFormats; }

std::optional<Format> find_format(std::string_view name) {
    const auto found = std::ranges::find(kFormats, name, &Format::name);
    if (found == kFormats.end()) return std::nullopt;
    return *found;
}

}  // namespace plimsoll::report
