#include "cli/output.h"

#include <cstdio>

#include "base/text.h"
#include "cli/command.h"
#include "host/user_file.h"

namespace plimsoll::cli {

bool print(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

void complain(std::string_view message) { std::fprintf(stderr, "plimsoll: %s\n", printable(message).c_str()); }

int finish(std::string_view text, int exit) { return deliver("", text) ? exit : kUnknown; }

bool deliver(const std::string& path, std::string_view content) {
    if (path.empty() || path == "-") {
        if (print(content)) return true;
        complain("standard output cannot be written");
        return false;
    }
    const auto written = host::write_user_file(path, content);
    if (!written) complain(written.error().message);
    return written.has_value();
}

}  // namespace plimsoll::cli
