#include "model/fields.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/text.h"

namespace plimsoll::model {

namespace {

const std::unordered_map<std::string_view, FieldId>& index() {
    static const auto map = [] {
        std::unordered_map<std::string_view, FieldId> names;
        names.reserve(kFields.size());
        for (std::size_t i = 0; i < kFields.size(); ++i) names.emplace(kFields[i].name, static_cast<FieldId>(i));
        return names;
    }();
    return map;
}

}  // namespace

std::optional<FieldId> find_field(std::string_view name) {
    const auto found = index().find(name);
    if (found == index().end()) return std::nullopt;
    return found->second;
}

std::string_view nearest_field(std::string_view name) {
    std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
    std::string_view nearest;
    for (const Field& candidate : kFields) {
        const std::size_t distance = edit_distance(name, candidate.name);
        if (distance < best) {
            best = distance;
            nearest = candidate.name;
        }
    }
    return nearest;
}

std::string type_name(const Field& field) {
    static constexpr std::array<std::string_view, 11> kNames = {
        "string",        "path",  "unsigned integer", "integer", "number", "boolean", "address",
        "address block", "bytes", "duration",         "time"};
    const auto name = kNames[static_cast<std::size_t>(field.type)];
    return field.list ? "list of " + std::string(name) : std::string(name);
}

std::string source_names(const Field& field) {
    static constexpr std::array<std::pair<Source, std::string_view>, 7> kNames = {{
        {from_posture, "audit"},
        {from_engine_event, "engine events"},
        {from_kernel, "sensor"},
        {from_audit_record, "audit records"},
        {from_finding, "findings"},
        {from_plugin, "plugins"},
        {from_recorder, "recorder"},
    }};
    std::string out;
    for (const auto& [bit, name] : kNames) {
        if ((field.sources & bit) == 0) continue;
        if (!out.empty()) out += ", ";
        out += name;
    }
    return out;
}

}  // namespace plimsoll::model
