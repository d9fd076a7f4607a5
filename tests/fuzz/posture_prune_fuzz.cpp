#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "posture/prune.h"

/// Any bytes as all of an engine's answers; nothing may be planned when the containers were not listed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    using plimsoll::posture::PruneAnswers;
    const PruneAnswers every{text, text, text, text, text, text, {text}};
    const PruneAnswers one{"[]", "[]", text, "[]", "{}", text, {}};
    const PruneAnswers blind{"", text, text, text, text, text, {text}};
    for (const PruneAnswers* answers : {&every, &one, &blind}) {
        const auto plan = plimsoll::posture::plan_of(
            *answers, {.now = 1'800'000'000'000'000'000, .named_volumes = true, .only_label = {}, .root = {}}, false);
        if (!plan) continue;
        if (answers == &blind && !plan->items.empty()) __builtin_trap();
        static_cast<void>(plimsoll::posture::to_text(*plan));
        static_cast<void>(plimsoll::posture::to_json(*plan));
    }
    return 0;
}
