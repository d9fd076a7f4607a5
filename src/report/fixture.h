#pragma once

#include <cstdint>
#include <string>

#include "model/finding.h"

/// Reports for this room's tests; never part of the library.
namespace plimsoll::report::fixture {

/// A host with two attack paths, a shared finding, items, unknowns, waivers and a baseline.
[[nodiscard]] model::AuditReport ordinary();

/// A host on which everything passed but one small thing.
[[nodiscard]] model::AuditReport healthy();

/// Nothing was found to audit.
[[nodiscard]] model::AuditReport empty();

/// Every string that comes from outside tries to break out of its document.
[[nodiscard]] model::AuditReport hostile();

/// Many containers: each judged by every check, one in twenty-five of which fails.
[[nodiscard]] model::AuditReport crowd(std::uint32_t containers, std::uint32_t checks);

/// Brings one finding into a report and keeps the object's counts in step.
model::Finding& add(model::AuditReport& report, std::uint32_t check, std::uint32_t object, model::Outcome outcome,
                    std::string message = {});

}  // namespace plimsoll::report::fixture
