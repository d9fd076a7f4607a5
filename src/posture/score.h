#pragma once

#include "model/finding.h"

namespace plimsoll::posture {

/// Sets the score of every object and of the host, with its explanation. An object loses points for each failed check
/// by severity; the host's score is half the mean of its objects and half the worst one, so that neither one bad
/// container among many nor many slightly bad ones disappear.
void set_scores(model::AuditReport& report);

}  // namespace plimsoll::posture
