#pragma once

#include <vector>

#include "report/timeline.h"

namespace plimsoll::report {

/// Joins what a person sees as one thing, in moments ordered by time: networks and volumes that come with a start, the
/// engine's `stop` and `restart` after the death and the start that they name, health checks between two other
/// entries.
void fold(std::vector<Moment>& moments);

}  // namespace plimsoll::report
