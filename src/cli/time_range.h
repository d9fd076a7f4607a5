#pragma once

#include "base/time.h"

namespace plimsoll::cli {

/// From `since` on, before `until`.
struct TimeRange {
    Nanoseconds since = 0;
    Nanoseconds until = 0;
};

}  // namespace plimsoll::cli
