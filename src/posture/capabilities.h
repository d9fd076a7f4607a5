#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::posture {

/// What HostConfig says about capabilities, as one container of that engine can hold them.
struct CapabilityChoice {
    std::vector<std::string> held;   ///< CAP_ names, sorted
    std::vector<std::string> added;  ///< CAP_ names given with cap-add; {"ALL"} when ALL was given
    bool dropped_all = false;
};

/// `add` and `drop` are as the API gives them: with or without CAP_, any case, ALL included. The default sets are those
/// of Docker (oci/caps/defaults.go) and Podman (containers.conf, default_capabilities).
[[nodiscard]] CapabilityChoice choose_capabilities(std::string_view engine, bool privileged,
                                                   std::span<const std::string> add, std::span<const std::string> drop);

}  // namespace plimsoll::posture
