#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace plimsoll::posture {

/// Whether a container in that state may go: created, exited or dead.
[[nodiscard]] bool may_be_removed(std::string_view status);

/// plimsoll.keep with any value but false.
[[nodiscard]] bool is_kept(const Json& labels);

/// Whether the labels hold `wanted` (NAME or NAME=value); empty text is always held.
[[nodiscard]] bool has_label(const Json& labels, std::string_view wanted);

/// Status and end of a container, the part of its state by which it is recognised.
[[nodiscard]] std::string container_state(const Json& inspect);

/// The name without its slash.
[[nodiscard]] std::string container_name(const Json& inspect);

/// The id with sha256: before it.
[[nodiscard]] std::string image_id(std::string_view id);

/// Tags, or digests when there are none; sorted.
[[nodiscard]] std::vector<std::string> image_references(const Json& inspect);

/// Whether a network's inspect data names a container or service.
[[nodiscard]] bool is_joined(const Json& network);

}  // namespace plimsoll::posture
