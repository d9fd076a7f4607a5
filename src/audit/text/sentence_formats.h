#pragma once

#include <memory>

#include "audit/text/formats.h"

namespace plimsoll::audit {

/// ausearch --format csv: a row for an event, RFC 4180, never a formula to a spreadsheet.
[[nodiscard]] std::unique_ptr<OutputFormat> make_csv_format(const FormatOptions& options);

/// ausearch --format text: "At 00:37:43 11/21/26 alice, acting as root, successfully connected-to …".
[[nodiscard]] std::unique_ptr<OutputFormat> make_text_format(const FormatOptions& options);

}  // namespace plimsoll::audit
