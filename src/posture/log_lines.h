#pragma once

#include <string_view>

#include "model/facts.h"

namespace plimsoll::posture {

/// Whether the engine can read a log of that driver back.
[[nodiscard]] bool has_readable_log(std::string_view driver);

/// Adds one log item for each line of the answer of GET /containers/ID/logs. Without a terminal the answer is a row of
/// frames (stream, length, bytes); a frame that does not fit ends the reading and the rest is taken as one last line.
void gather_log(std::string_view answer, bool tty, model::FactStore& store, const model::Facts& container);

}  // namespace plimsoll::posture
