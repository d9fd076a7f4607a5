// Any text as an output: it is refused, or rendered with every field absent.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rule/field_map.h"
#include "rule/output.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll;
    const auto output = rule::Template::parse({reinterpret_cast<const char*>(data), size});
    if (output) (void)output->render(rule::FieldMap());
    return 0;
}
