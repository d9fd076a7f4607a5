#include "source/resource/engine_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace plimsoll::source {

void EngineNames::ask() {
    names_.clear();
    faults_.clear();
    for (const host::Endpoint& endpoint : endpoints_) {
        const auto fault = [&](std::string_view why) {
            faults_.push_back(fmt::format("{}: {}", endpoint.to_text(), why));
        };
        host::run_requests(endpoint, limits_, {{"/containers/json"}},
                           [&](std::size_t, Result<host::HttpAnswer> answer) {
                               if (!answer) return fault(answer.error().message);
                               if (answer->status != 200) return fault(fmt::format("answers {}", answer->status));
                               const auto document = JsonDocument::parse(answer->body);
                               if (!document) return fault("its answer is no JSON");
                               document->root().each([&](Json container) {
                                   std::string_view name;
                                   container["Names"].each([&](Json each) {
                                       if (name.empty()) name = each.text_or("");
                                   });
                                   if (name.starts_with('/')) name.remove_prefix(1);
                                   names_[std::string(container["Id"].text_or(""))] = {
                                       std::string(name), std::string(container["Image"].text_or(""))};
                               });
                           });
    }
}

void EngineNames::name(Samples& samples) {
    const auto unnamed = [&](const Sample& each) { return !names_.contains(each.container.id); };
    if (std::ranges::any_of(samples.containers, unnamed)) ask();
    for (Sample& each : samples.containers) {
        const auto found = names_.find(each.container.id);
        if (found == names_.end() || found->second.name.empty()) continue;
        each.container.name = found->second.name;
        each.container.image = found->second.image;
    }
}

}  // namespace plimsoll::source
