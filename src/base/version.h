#pragma once

namespace plimsoll {

/// The one place of the version; the build reads it from here.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace plimsoll
