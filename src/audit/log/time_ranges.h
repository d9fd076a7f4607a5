#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "audit/log/pieces.h"

namespace plimsoll::audit {

/// The parts of a seekable file in which records of the time may stand, found by reading a few hundred blocks: times
/// rise in a log but for small steps back, and where a clock was set back further between two blocks that were read,
/// the part between them is kept whole. Seconds of margin are added on both sides. What is not seen is a clock that ran
/// wrong for less than 1/256 of the file.
[[nodiscard]] std::vector<Range> ranges_in_time(const LogFile& file, std::optional<std::int64_t> since_ms,
                                                std::optional<std::int64_t> until_ms);

}  // namespace plimsoll::audit
