#include "app/baseline.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace plimsoll::app {

Result<posture::Baseline> read_baseline(std::string_view json) {
    TRY(const JsonDocument document, JsonDocument::parse(json));
    const Json root = document.root();
    const std::string_view version = root["schema_version"].text_or("");
    if (!version.starts_with("1.")) return Error{"it is no audit report in JSON of schema version 1"};
    std::vector<Json> objects;
    root["objects"].each([&](Json object) { objects.push_back(object); });
    posture::Baseline baseline;
    std::string fault;
    root["findings"].each([&](Json finding) {
        if (finding["outcome"].text_or("") != "fail") return;
        const auto object = finding["object"].integer();
        if (!object || *object < 0 || static_cast<std::size_t>(*object) >= objects.size()) {
            fault = fmt::format("a finding of {} names an object that is not there", finding["check"].text_or("?"));
            return;
        }
        const Json of = objects[static_cast<std::size_t>(*object)];
        baseline.failed.insert(
            posture::finding_key(finding["check"].text_or(""), of["kind"].text_or(""), of["name"].text_or("")));
    });
    if (!fault.empty()) return Error{fault};
    return baseline;
}

}  // namespace plimsoll::app
