#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "host/endpoint.h"
#include "host/file.h"
#include "host/http_client.h"
#include "posture/image_facts.h"
#include "posture/inventory.h"
#include "posture/life_cycle.h"

namespace plimsoll::posture {

struct GatherOptions {
    std::vector<host::Endpoint> endpoints;  ///< engines to ask
    host::HttpLimits limits;
    host::Root root;
    Nanoseconds now = 0;
    std::size_t log_lines = 200;  ///< last lines of each container's log; 0 reads none
    AllowList allowed_images;
    std::string only_container;  ///< name or id; empty for all
};

/// Finds out all that the audit judges: the host, then each engine. What cannot be read is a problem of the inventory
/// or an unknown fact, never the end of the audit.
[[nodiscard]] Inventory gather(const GatherOptions& options, const LifeCycles& cycles);

}  // namespace plimsoll::posture
