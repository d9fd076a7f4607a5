#pragma once

#include "base/json.h"
#include "model/facts.h"
#include "posture/engine_host.h"

namespace plimsoll::posture {

/// The answers of a swarm manager.
struct SwarmReading {
    const Json& info;
    const Json& swarm;     ///< GET /swarm
    const Json& nodes;     ///< GET /nodes
    const Json& services;  ///< GET /services
    const Json& secrets;   ///< GET /secrets
    const EngineHost& engines;
};

/// Sets swarm.*; says unknown where an answer is missing.
void gather_swarm(const SwarmReading& in, model::Facts& out);

/// Sets service.* from one entry of GET /services.
void gather_service(const Json& service, const HostPlaces& places, model::Facts& out);

}  // namespace plimsoll::posture
