#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Standard base64 with padding (RFC 4648 section 4).
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// The bytes, or nothing when the text is not the one way in which `to_base64` writes them.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace plimsoll
