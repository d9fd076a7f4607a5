#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/rules/rule_text.h"

/// Any bytes as a file of /etc/audit/rules.d: nothing may break, and every rule that is read can be written and read
/// again as the same rule.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using plimsoll::audit::RuleLine;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const RuleLine& line : plimsoll::audit::parse_rule_lines(text, nullptr)) {
        if (line.kind != RuleLine::Kind::rule) continue;
        static_cast<void>(plimsoll::audit::listed_text(line.rule));
        const auto written = plimsoll::audit::file_text(line.rule);
        if (!written) continue;
        const RuleLine again = plimsoll::audit::parse_rule_line(*written, nullptr);
        plimsoll::check(again.problem.empty());
        plimsoll::check(plimsoll::audit::rule_identity(again.rule, false) ==
                        plimsoll::audit::rule_identity(line.rule, false));
    }
    return 0;
}
