#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace plimsoll::app {

/// The images that a ledger's events name, by enrich::image_key: what is no news. Reads two columns of each segment.
[[nodiscard]] Result<std::vector<std::uint64_t>> known_images(const std::string& ledger);

}  // namespace plimsoll::app
