#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace plimsoll {

void contract_broken(std::source_location where) {
    std::fprintf(stderr, "plimsoll: broken contract in %s at %s:%u\n", where.function_name(), where.file_name(),
                 where.line());
    std::abort();
}

}  // namespace plimsoll
