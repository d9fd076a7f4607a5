#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/witness.h"

using namespace plimsoll;

// A request to a witness that is read is written again byte by byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto request = ledger::parse_add_checkpoint(bytes)) check(ledger::to_text(*request) == bytes);
    return 0;
}
