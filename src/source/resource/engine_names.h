#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/endpoint.h"
#include "host/http_client.h"
#include "source/resource/sampler.h"

namespace plimsoll::source {

/// Names of running containers, asked from engines when one turns up whose name is not known yet.
class EngineNames {
public:
    EngineNames(std::vector<host::Endpoint> endpoints, host::HttpLimits limits)
        : endpoints_(std::move(endpoints)), limits_(limits) {}

    /// Puts name and image into every sample that an engine knows; the rest keeps its id. Asks at most once a call.
    void name(Samples& samples);

    /// Engines that did not answer the last time, and why.
    [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

private:
    struct Names {
        std::string name, image;
    };
    void ask();

    std::vector<host::Endpoint> endpoints_;
    host::HttpLimits limits_;
    std::map<std::string, Names, std::less<>> names_;  ///< by id
    std::vector<std::string> faults_;
};

}  // namespace plimsoll::source
