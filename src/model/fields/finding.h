#pragma once

#include <array>

#include "model/field.h"

namespace plimsoll::model {

/// What a check concluded about one object. Waivers, attack paths and filters read these beside the object's own facts.
inline constexpr std::array kFindingFields = {
    Field{"finding.check", Type::string, false, Arg::none, from_finding, "Id of the check that was judged."},
    Field{"finding.severity", Type::string, false, Arg::none, from_finding, "info, low, medium, high or critical."},
    Field{"finding.subject", Type::string, false, Arg::none, from_finding,
          "Kind of thing the check judges: container, mount, image, daemon, …"},
    Field{"finding.object", Type::string, false, Arg::none, from_finding,
          "Name of the object that the finding is about."},
    Field{"finding.kind", Type::string, false, Arg::none, from_finding,
          "Kind of that object: host, daemon, container, image, network, volume, swarm."},
    Field{"finding.tags", Type::string, true, Arg::none, from_finding,
          "Tags and references of the check, for example cis-1.8:5.5."},
    Field{"finding.item", Type::string, false, Arg::none, from_finding,
          "The mount, port, variable, file or process in question, when the check judges parts of an object."},
    Field{"check.outcome", Type::string, false, Arg::key_required, from_finding,
          "Outcome of the check named in brackets for this object: pass, fail, unknown or not-applicable."},
};

}  // namespace plimsoll::model
