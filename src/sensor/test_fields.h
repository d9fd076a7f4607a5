#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/fields.h"
#include "sensor/kernel_event.h"

namespace plimsoll::sensor {

/// For tests: a field as a condition names it (`proc.aname[2]`, `evt.arg.flags`), as text; "<NA>" when it is absent,
/// "unknown: …" when that is not known, several values with a comma between.
inline std::string field_text(const model::Fields& event, std::string_view name) {
    std::string_view arg;
    std::string_view field = name;
    if (const auto open = name.find('['); open != std::string_view::npos) {
        field = name.substr(0, open);
        arg = name.substr(open + 1, name.size() - open - 2);
    }
    for (const std::string_view keyed : {"evt.arg.", "evt.rawarg."}) {
        if (!name.starts_with(keyed)) continue;
        field = keyed.substr(0, keyed.size() - 1);
        arg = name.substr(keyed.size());
    }
    const auto id = model::find_field(field);
    check(id.has_value());
    const model::Reading reading = event.read(*id, arg);
    if (reading.state == model::Reading::State::unknown) return "unknown: " + std::string(reading.reason);
    if (reading.state == model::Reading::State::absent) return "<NA>";
    std::string out;
    for (const model::Value& value : reading.values) {
        if (!out.empty()) out += ',';
        out += model::to_text(value);
    }
    return out;
}

}  // namespace plimsoll::sensor
