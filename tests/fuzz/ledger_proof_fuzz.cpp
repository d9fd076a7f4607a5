#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/proof.h"

using namespace plimsoll;

// A proof that is read is written again byte by byte; whether it holds is another question, which must not crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto proof = ledger::parse_proof(bytes)) {
        check(ledger::to_text(*proof) == bytes);
        static_cast<void>(ledger::check_proof(*proof, {}));
    }
    return 0;
}
