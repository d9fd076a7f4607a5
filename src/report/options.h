#pragma once

namespace plimsoll::report {

/// What a reader asked for; formats that are made for programs ignore all of it but `verbose`.
struct Options {
    bool colour = false;   ///< ANSI colours, for the terminal only
    unsigned width = 100;  ///< columns of the terminal; kept between 40 and 160
    bool verbose = false;  ///< also what passed, does not apply or needs a person; nothing is cut short
};

}  // namespace plimsoll::report
