#include "host/audit_rule.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Any bytes as the payload of an AUDIT_LIST_RULES answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto rule = plimsoll::host::decode_audit_rule(std::as_bytes(std::span(data, size)))) {
        static_cast<void>(rule->to_text());
    }
    return 0;
}
