#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/wal.h"

/// Any bytes as a log; the frames that are read lie in front of where reading ended.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll::ledger;
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    const auto view = parse_wal_head(file);
    const std::size_t begin = view ? view->begin : 0;
    std::size_t bytes = 0;
    const WalEnd end = read_frames(file, begin, [&](std::string_view row) {
        bytes += kFrameHead + row.size();
        return true;
    });
    if (begin + bytes != end.good || end.good > size || (end.torn && end.damaged)) __builtin_trap();
    return 0;
}
