#include "host/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace plimsoll::host {

Terminal standard_output() {
    Terminal terminal{.is_terminal = ::isatty(STDOUT_FILENO) == 1};
    const char* no_colour = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    terminal.no_colour =
        (no_colour != nullptr && *no_colour != '\0') || (term != nullptr && std::string_view(term) == "dumb");
    winsize size{};
    if (terminal.is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) terminal.width = size.ws_col;
    return terminal;
}

}  // namespace plimsoll::host
