#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/http_client.h"
#include "source/engine/container_record.h"

namespace plimsoll::source {

/// Everything that an engine has, as told at once.
struct EngineState {
    std::string engine_id;
    std::vector<std::shared_ptr<const ContainerRecord>> containers;
    ImageIndex images;
    std::map<std::string, std::string, std::less<>> networks;  ///< id -> name
    std::map<std::string, Nanoseconds, std::less<>> volumes;   ///< name -> when it was made
    std::set<std::string, std::less<>> unread;  ///< ids of containers that are there and could not be inspected
};

/// Asks an engine. Every call is bounded by the limits, and no failure ends anything.
class EngineClient {
public:
    EngineClient(host::Endpoint endpoint, host::HttpLimits limits) : endpoint_(std::move(endpoint)), limits_(limits) {}

    /// One answer; `document` is empty when there is none, and `reason` says why.
    struct Reply {
        unsigned status = 0;
        std::unique_ptr<JsonDocument> document;
        std::string reason;
    };
    void get(const std::vector<std::string>& targets, const std::function<void(std::size_t, Reply)>& done) const;

    /// docker or podman.
    [[nodiscard]] Result<std::string> kind() const;

    [[nodiscard]] Result<EngineState> state(std::string_view engine) const;
    [[nodiscard]] Result<ImageIndex> images() const;

private:
    host::Endpoint endpoint_;
    host::HttpLimits limits_;
};

}  // namespace plimsoll::source
