#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::host {

/// The name of a capability number as in capabilities(7) ("CAP_SYS_ADMIN"); empty for numbers this program does not
/// know.
[[nodiscard]] std::string_view capability_name(unsigned number);

/// The number of a name, with or without "CAP_", in any case.
[[nodiscard]] std::optional<unsigned> capability_number(std::string_view name);

/// The names of all bits set, lowest first; a bit without a name is written "CAP_#63".
[[nodiscard]] std::vector<std::string> capability_names(std::uint64_t mask);

}  // namespace plimsoll::host
