#include "host/unit_files.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// Any text as a unit file, and each value as words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& assignment : plimsoll::host::parse_unit_file(text, "f")) {
        if (assignment.key.empty()) __builtin_trap();
        static_cast<void>(plimsoll::host::unit_words(assignment.value));
    }
    return 0;
}
