#pragma once

#include <string>
#include <string_view>

namespace plimsoll::posture {

/// The parts of an image reference. Empty parts were not written, except the registry.
struct ImageName {
    std::string registry;    ///< docker.io when none is written
    std::string repository;  ///< as written, registry included: registry.example/team/app
    std::string tag;
    std::string digest;  ///< sha256:…
    bool by_id = false;  ///< the reference is an image id, not a name
};

/// Splits `[registry[:port]/]path[:tag][@digest]`. Never fails: what is no reference becomes the repository.
[[nodiscard]] ImageName parse_image_name(std::string_view reference);

}  // namespace plimsoll::posture
