#pragma once

#include <functional>
#include <map>
#include <string>

namespace plimsoll::host {

/// The environment of this process.
[[nodiscard]] std::map<std::string, std::string, std::less<>> environment();

}  // namespace plimsoll::host
