#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace plimsoll::posture {

/// What the body of a custom seccomp profile allows; its presence says nothing.
struct SeccompJudgement {
    bool permissive = false;             ///< allows by default, or forbids next to nothing
    std::vector<std::string> dangerous;  ///< dangerous system calls allowed without condition, sorted
};

/// Judges a profile in Docker's or OCI's form (defaultAction, syscalls[{names|name, action, args, includes,
/// excludes}]). `capabilities` are those the container can hold: rules bound to a capability it lacks do not count.
[[nodiscard]] SeccompJudgement judge_seccomp(const Json& profile, const std::vector<std::string>& capabilities);

}  // namespace plimsoll::posture
