#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace plimsoll {

void check_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "plimsoll: broken contract at %s:%d: %s\n", file, line, expression);
    std::abort();
}

}  // namespace plimsoll
