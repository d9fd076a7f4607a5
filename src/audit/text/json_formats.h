#pragma once

#include <memory>

#include "audit/text/formats.h"

namespace plimsoll::audit {

/// One object for an event, by the names of the field table (docs/reference): what `plimsoll search --json` shows of a
/// recorded event. With FormatOptions::records the lines of the log too.
[[nodiscard]] std::unique_ptr<OutputFormat> make_json_format(const FormatOptions& options);

/// One object for an event in a class of OCSF 1.4.0 (schema.ocsf.io): File System Activity 1001, Process Activity 1007,
/// Account Change 3001, Authentication 3002, Network Activity 4001, API Activity 6003, else Base Event 0.
[[nodiscard]] std::unique_ptr<OutputFormat> make_ocsf_format(const FormatOptions& options);

/// One object for an event in the Elastic Common Schema.
[[nodiscard]] std::unique_ptr<OutputFormat> make_ecs_format(const FormatOptions& options);

}  // namespace plimsoll::audit
