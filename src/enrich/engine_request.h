#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/event.h"

namespace plimsoll::enrich {

/// A request to an engine's API, as its first line gives it.
struct EngineRequest {
    std::string method;                                      ///< empty: none
    std::vector<std::string> path;                           ///< decoded parts, without the API's version
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded

    [[nodiscard]] bool empty() const { return method.empty(); }
    /// "POST /containers/web/exec"
    [[nodiscard]] std::string to_text() const;
};

/// Reads method and target (`/v1.41/containers/web/exec?x=y`); bounded, hostile.
[[nodiscard]] EngineRequest engine_request(std::string_view method, std::string_view target);

/// Whether the request asks for what an engine's event or an exec session tells, of the very object that it is about.
[[nodiscard]] bool asks_for(const EngineRequest& request, const model::Event& event, std::string_view action);

}  // namespace plimsoll::enrich
