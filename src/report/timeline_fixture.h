#pragma once

#include <vector>

#include "model/event.h"

/// Records for this room's tests, as the ledger would hand them over; never part of the library.
namespace plimsoll::report::fixture {

/// Tuesday 2026-11-17 03:00 in central Europe, 02:00 UTC: the hour that the records tell of.
inline constexpr Nanoseconds kThree = 1'794'880'800LL * kSecond;

/// Sets the time zone of this process to central Europe's, whatever the machine has.
void use_central_europe();

/// One night of shop and its neighbours: deployment on Monday, then an exec session, a leak, its death, a restart, a
/// gap, settings changed, and a new container of the same name.
[[nodiscard]] std::vector<model::Event> night();

/// Every string that comes from outside tries to break out of its document.
[[nodiscard]] std::vector<model::Event> hostile_records();

}  // namespace plimsoll::report::fixture
