#pragma once

#include <string>
#include <string_view>

namespace plimsoll::model {

/// The parts of an image reference. Empty parts were not written, except the registry.
struct ImageName {
    std::string registry;    ///< docker.io when none is written
    std::string repository;  ///< as written, registry included: registry.example/team/app
    std::string tag;
    std::string digest;  ///< sha256:…
    bool by_id = false;  ///< the reference is a whole image id, not a name
};

/// Splits `[registry[:port]/]path[:tag][@digest]`. Never fails: what is no reference becomes the repository.
[[nodiscard]] ImageName parse_image_name(std::string_view reference);

/// The name under which the engine lists a repository: without docker.io and library.
[[nodiscard]] std::string short_image_name(std::string_view repository);

/// Whether a reference is the beginning of this image id (sha256:…), as in `docker run 0fa4c9f`.
[[nodiscard]] bool is_short_image_id(std::string_view reference, std::string_view id);

}  // namespace plimsoll::model
