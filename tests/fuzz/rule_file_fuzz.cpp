// Any text as a rule file: it loads, or says why not, with a place in the file; examples run.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rule/rule_examples.h"
#include "rule/rule_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto set = rule::load_rules("fuzz.yaml", text);
    for (const auto& one : set.diagnostics) {
        const auto told = rule::to_text(one, set);
        if (told.empty() || told.find('\x1b') != std::string::npos) std::abort();
    }
    (void)rule::test_examples(set);
    return 0;
}
