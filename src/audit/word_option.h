#pragma once

#include <string_view>

namespace plimsoll::audit {

/// One option of a command that takes the words of ausearch or aureport. A list of them is all that is read and all
/// that help shows.
struct WordOption {
    std::string_view name;        ///< "--key"
    std::string_view short_name;  ///< "-k"; empty: none
    std::string_view value;       ///< what it takes, as help calls it; empty: nothing
    std::string_view help;
};

}  // namespace plimsoll::audit
