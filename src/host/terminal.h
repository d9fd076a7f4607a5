#pragma once

namespace plimsoll::host {

/// What standard output is.
struct Terminal {
    bool is_terminal = false;
    bool no_colour = false;  ///< NO_COLOR is set and not empty, or TERM is dumb
    unsigned width = 0;      ///< columns; 0 when it is no terminal
};

[[nodiscard]] Terminal standard_output();

}  // namespace plimsoll::host
